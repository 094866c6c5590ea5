#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "headrace/status.h"

namespace headrace::server {

/// The small JSON object that a call takes, read strictly: every field is known and has the type
/// that it is asked for. `null` is as if the field were absent. All refusals are kInvalidArgument
/// and located as {"body", field, position}. Reusable; what it gives out lives until the next
/// Parse(). Thread rule: one thread at a time.
class JsonBody {
 public:
  JsonBody();
  ~JsonBody();

  static constexpr size_t kMaxBytes = 1 << 20;

  /// kMalformedBody for what is not JSON, kTooLarge above kMaxBytes, kInvalidArgument for what is
  /// not an object or has a field that is not `known` (the nearest is offered) or comes twice.
  Status Parse(std::string_view json, std::initializer_list<std::string_view> known);

  /// Whether the field is there and not null.
  bool Has(std::string_view field) const noexcept;
  /// Whether the field is there and null.
  bool IsNull(std::string_view field) const noexcept;

  Result<std::string_view> RequiredString(std::string_view field) const;
  Result<std::optional<std::string_view>> String(std::string_view field) const;
  Result<std::optional<int64_t>> Int(std::string_view field) const;
  Result<std::optional<bool>> Bool(std::string_view field) const;
  Result<std::optional<std::vector<int64_t>>> Ints(std::string_view field) const;
  Result<std::optional<std::vector<std::string>>> Strings(std::string_view field) const;
  /// A list of values that are no lists and no objects themselves.
  using Scalar = std::variant<std::monostate, bool, int64_t, double, std::string>;
  Result<std::optional<std::vector<Scalar>>> Scalars(std::string_view field) const;
  /// An object whose values are strings, in its order.
  using StringMap = std::vector<std::pair<std::string, std::string>>;
  Result<std::optional<StringMap>> Map(std::string_view field) const;
  /// An object, as JSON of its own.
  Result<std::optional<std::string>> Object(std::string_view field) const;
  /// A number, with a fraction or without.
  Result<std::optional<double>> Double(std::string_view field) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace headrace::server
