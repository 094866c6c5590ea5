#pragma once

#include <atomic>
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

class ChangeSignal;
namespace base {
class SharedMemory;
}

/// What a caller wants of a source. A source applies what it can do cheaply and exactly, and says
/// which.
struct ReadRequest {
  /// Columns to return, in this order; empty optional: all.
  std::optional<std::vector<std::string>> columns;
  /// Only the rows for which this is true: a boolean expression bound to the source's schema, as
  /// expr::ParseFilter() makes them; null: all rows. Comes before `limit`.
  std::shared_ptr<const arrow::compute::Expression> filter;
  /// Rows of the source before this number are passed over, filter or not: see
  /// SourceStatistics::first_row. At least 0; does not go with `from_end`.
  int64_t start_row = 0;
  /// A column of this name is added behind the others: int64, the number of each row in the source.
  /// Goes with `ordered`. Empty: none. A source that does not number its rows leaves it out.
  std::string row_number_column;
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
  /// Set, by any thread, when nobody wants the rows any more: a source whose reading takes long
  /// looks at it and gives kCancelled. Null: never.
  std::shared_ptr<std::atomic<bool>> stop;
};

/// A reader and what of the request it has applied already; the caller shapes the rest.
struct OpenedSource {
  std::shared_ptr<arrow::RecordBatchReader> reader;
  std::vector<std::shared_ptr<arrow::RecordBatchReader>> more_readers;  ///< see num_readers
  bool columns_applied = false;
  bool filter_applied = false;
  bool limit_applied = false;
  bool start_applied = false;
  bool rows_numbered = false;  ///< the column of row numbers is there
  int64_t first_row = 0;       ///< number of the first row that may be given, if start_applied
  /// Behind the last row that the source had when it was opened, whatever the limit; none: not
  /// known.
  std::optional<int64_t> end_row;
  uint64_t epoch = 0;  ///< see SourceStatistics
};

/// What is known of a source without reading it.
struct SourceStatistics {
  std::optional<int64_t> num_rows;
  std::optional<int64_t> num_bytes;
  /// Number of the oldest row that is there. Rows are numbered from 0 as they came, and keep their
  /// numbers when older ones leave.
  int64_t first_row = 0;
  /// Another one when rows were numbered anew: a cleared window, other files under the same name.
  uint64_t epoch = 0;
};

/// An epoch that no other source of any process has had.
uint64_t NewEpoch();

/// Anything that rows can be read from: a live window, a set of files, a bar series, a SQL table.
/// Thread rule: all methods may be called from any thread, at the same time.
class Source {
 public:
  virtual ~Source() = default;
  virtual std::shared_ptr<arrow::Schema> schema() const = 0;
  virtual SourceStatistics statistics() const = 0;
  /// The files that rows are read from, in their order; empty: they are not in files.
  virtual std::vector<std::string> files() const { return {}; }
  /// A consistent view of the source as it is now. The reader stays valid when the source moves on.
  virtual Result<OpenedSource> Open(const ReadRequest& request) = 0;
  /// Where all rows lie, if that can be handed to another process as it is; null: it cannot.
  virtual std::shared_ptr<base::SharedMemory> shared_memory() const { return nullptr; }
  /// How to follow a source that changes; null: what it has now is all. Lives as long as the
  /// source.
  virtual ChangeSignal* changes() noexcept { return nullptr; }
};

/// Anything that rows can be written to.
class Sink {
 public:
  virtual ~Sink() = default;
  /// Appends all rows of the reader, or none. Returns how many.
  virtual Result<int64_t> Append(arrow::RecordBatchReader& reader) = 0;
};

}  // namespace headrace
