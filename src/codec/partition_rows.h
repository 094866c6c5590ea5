#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <arrow/type_fwd.h>

#include "headrace/status.h"

namespace headrace::codec {

/// A name or value as it stands in a hive path: bytes other than letters, digits, `-`, `.`, `_`,
/// `~` as `%XX`.
std::string EscapeHivePart(std::string_view text);

/// What a null is called there.
inline constexpr std::string_view kNullPartition = "__HIVE_DEFAULT_PARTITION__";

/// Divides batches by the values of some columns. Thread rule: one thread at a time.
class PartitionRows {
 public:
  /// kInvalidArgument if a column is not there, is there twice, or none is left for the files;
  /// kTypeMismatch if its type has no plain text (nested, binary).
  static Result<PartitionRows> Make(const std::shared_ptr<arrow::Schema>& schema,
                                    const std::vector<std::string>& columns,
                                    arrow::MemoryPool* pool);

  struct Partition {
    std::string directory;  ///< "a=1/b=x"
    std::shared_ptr<arrow::RecordBatch> rows;
  };
  /// The partitions of a batch in the order in which they first occur, their rows in the batch's
  /// order, without the columns that the directory names. If `owned`, the rows are copies in the
  /// pool; if not, there is one partition and it is the batch. kInvalidArgument for a value that
  /// cannot name a directory: too long, or a text that says what a null is called.
  Result<std::vector<Partition>> Split(const arrow::RecordBatch& batch, bool* owned) const;

  /// Of the rows that Split() gives.
  const std::shared_ptr<arrow::Schema>& schema() const noexcept { return schema_; }

 private:
  struct Groups;
  Status Group(const arrow::RecordBatch& batch, Groups* groups) const;
  Status AddColumn(const arrow::Array& column, const std::string& name, Groups* groups) const;
  Result<std::shared_ptr<arrow::Array>> OrderOf(const Groups& groups) const;

  arrow::MemoryPool* pool_ = nullptr;
  std::vector<int> keys_;
  std::vector<std::string> names_;
  std::vector<int> values_;
  std::shared_ptr<arrow::Schema> schema_;
};

}  // namespace headrace::codec
