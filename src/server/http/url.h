#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "headrace/status.h"

namespace headrace::server {

/// Undoes percent-encoding (and in a query `+` for a space). kMalformedBody if it is broken.
Result<std::string> PercentDecode(std::string_view text, bool plus_is_space);

/// The parameters of a query, read as strictly as a body: unknown, repeated and ill-typed ones are
/// kInvalidArgument, located as {"query", name}.
class Query {
 public:
  /// `known` are the names that the call has.
  static Result<Query> Parse(std::string_view text, std::span<const std::string_view> known);
  static Result<Query> Parse(std::string_view text, std::initializer_list<std::string_view> known) {
    return Parse(text, std::span(known.begin(), known.size()));
  }

  /// Null if absent.
  const std::string* Find(std::string_view name) const noexcept;
  Result<std::string> Required(std::string_view name) const;
  Result<std::optional<int64_t>> Int(std::string_view name) const;
  /// true, false, 1, 0, yes, no, on, off in any case.
  Result<std::optional<bool>> Bool(std::string_view name) const;

 private:
  std::vector<std::pair<std::string, std::string>> parameters_;
};

}  // namespace headrace::server
