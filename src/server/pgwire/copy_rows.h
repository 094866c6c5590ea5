#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "headrace/status.h"
#include "server/pgwire/copy.h"

namespace headrace::server::pgwire {

/// Appends a value as a field of COPY's text or CSV. CSV puts it in quotes where it needs them, and
/// where it would be read as NULL.
void WriteCopyField(const CopyRequest& format, std::string_view value, std::string* out);

/// Takes COPY data apart as it comes in, however it was cut.
class CopyParser {
 public:
  /// Nothing: NULL.
  using Row = std::vector<std::optional<std::string>>;

  explicit CopyParser(const CopyRequest& format) : format_(format) {}

  void Add(std::string_view data) { rest_.append(data); }
  /// The next whole row; none if more data is needed, or after the end mark `\.`. At the `end` of
  /// all data the last row need not end its line. kTypeMismatch for a quote that never closes,
  /// then.
  Result<std::optional<Row>> Next(bool end);

  /// What waits for the rest of its row.
  size_t waiting_bytes() const noexcept { return rest_.size() - at_; }

 private:
  /// The byte behind the row at `at_`, its line's end included; npos: it is not whole.
  size_t EndOfRow(bool end) const;
  Row Split(std::string_view line) const;
  Row SplitCsv(std::string_view line) const;

  const CopyRequest format_;
  std::string rest_;
  size_t at_ = 0;
  bool header_seen_ = false;
  bool ended_ = false;
};

}  // namespace headrace::server::pgwire
