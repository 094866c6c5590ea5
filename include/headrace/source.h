#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "headrace/status.h"

namespace arrow {
class RecordBatchReader;
class Schema;
namespace compute {
class Expression;
}
}  // namespace arrow

namespace headrace {

/// What a caller wants of a source. A source applies what it can do cheaply and exactly, and says
/// which.
struct ReadRequest {
  /// Columns to return, in this order; empty optional: all.
  std::optional<std::vector<std::string>> columns;
  /// Only the rows for which this is true: a boolean expression bound to the source's schema, as
  /// expr::ParseFilter() makes them; null: all rows. Comes before `limit`.
  std::shared_ptr<const arrow::compute::Expression> filter;
  /// Only the first `limit` rows, or with `from_end` the last ones (still oldest first). At least
  /// 0.
  std::optional<int64_t> limit;
  bool from_end = false;
  /// Rows in the order of the source; false: in any order, if that is quicker.
  bool ordered = true;
  /// How many readers to share the rows among, each for a thread of its own, in any order; a source
  /// may give fewer. More than 1 goes with ordered = false and without limit. Closing one of them,
  /// which any thread may do, ends all.
  int num_readers = 1;
  /// Strings that the caller wants by dictionary if they are stored so: columns of these names come
  /// as dictionary<int32, utf8>, with dictionaries that differ from batch to batch. A source that
  /// has no dictionaries gives strings.
  std::vector<std::string> dictionary_columns;
};

/// A reader and what of the request it has applied already; the caller shapes the rest.
struct OpenedSource {
  std::shared_ptr<arrow::RecordBatchReader> reader;
  std::vector<std::shared_ptr<arrow::RecordBatchReader>> more_readers;  ///< see num_readers
  bool columns_applied = false;
  bool filter_applied = false;
  bool limit_applied = false;
};

/// What is known of a source without reading it.
struct SourceStatistics {
  std::optional<int64_t> num_rows;
  std::optional<int64_t> num_bytes;
};

/// Anything that rows can be read from: a live window, a set of files, a bar series, a SQL table.
/// Thread rule: all methods may be called from any thread, at the same time.
class Source {
 public:
  virtual ~Source() = default;
  virtual std::shared_ptr<arrow::Schema> schema() const = 0;
  virtual SourceStatistics statistics() const = 0;
  /// A consistent view of the source as it is now. The reader stays valid when the source moves on.
  virtual Result<OpenedSource> Open(const ReadRequest& request) = 0;
};

/// Anything that rows can be written to.
class Sink {
 public:
  virtual ~Sink() = default;
  /// Appends all rows of the reader, or none. Returns how many.
  virtual Result<int64_t> Append(arrow::RecordBatchReader& reader) = 0;
};

}  // namespace headrace
