#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "headrace/row_batch.h"
#include "headrace/status.h"

namespace arrow {
class RecordBatch;
}

namespace headrace::codec {

struct JsonLimits {
  int64_t max_depth = 32;
  int64_t max_rows = 10'000'000;
  int64_t max_columns = 1024;
  int64_t max_string_bytes = 1 << 20;
  /// Rows times columns may be this many, or a quarter of the text's bytes where that is more: a
  /// key that most rows lack takes a cell in each of them, so that a short text could fill the
  /// memory.
  int64_t max_sparse_cells = 1 << 16;
};

/// Turns JSON text into rows. Reusable: a parser that has seen its largest body allocates no more.
/// Strings of the rows lie in the parser until its next call. Thread rule: one thread at a time.
///
/// Numbers: integers within int64 are kInt64, beyond it kBigInteger; with a fraction or an exponent
/// kDouble, refused beyond its range. Objects and arrays inside a row are kNested. A key that
/// occurs twice in a row is refused. A byte order mark at the start is passed over. Errors:
/// kMalformedBody (not JSON; with the byte offset where known), kInvalidArgument (JSON, but not
/// rows), kTooLarge (over a limit); located.
class JsonRowsParser {
 public:
  explicit JsonRowsParser(JsonLimits limits = {});
  ~JsonRowsParser();

  /// A member of the envelope other than the rows; scalars only, nested ones as kNested.
  struct Member {
    std::string_view name;
    Cell value;
  };

  /// An object whose member `rows_member` is one row (object) or a list of rows. The other members
  /// go to `others` in their order. A missing `rows_member` is kInvalidArgument.
  Status ParseEnvelope(std::string_view json, std::string_view rows_member, RowBatch* rows,
                       std::vector<Member>* others);

  /// One JSON object a line (or any white space between them). Empty input is no rows.
  Status ParseNdjson(std::string_view ndjson, RowBatch* rows);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Writes `batch` as a JSON list of row objects. null, NaN and infinities are `null`; timestamps
/// are ISO 8601 in UTC with `Z`, as many fraction digits as they need (0, 3, 6 or 9); doubles are
/// the shortest text that reads back the same, always with a point or an exponent.
Status WriteJsonRows(const arrow::RecordBatch& batch, std::string* out);

/// Writes `text` as a JSON string with its quotes. Bytes that are not UTF-8 become U+FFFD.
void WriteJsonString(std::string_view text, std::string* out);

}  // namespace headrace::codec
