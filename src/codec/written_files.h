#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <arrow/type_fwd.h>
#include <gtest/gtest.h>

#include "headrace/status.h"

// Files for the tests of this folder, and what other readers find in them.
namespace headrace::codec {

/// A test with a directory of its own, removed at the end.
class FileSinkFixture : public ::testing::Test {
 protected:
  FileSinkFixture();
  ~FileSinkFixture() override;

  std::string Path(const std::string& name) const { return (directory_ / name).string(); }
  const std::filesystem::path& directory() const { return directory_; }
  /// All names below the directory, sorted, hidden ones too; of directories only the empty ones.
  std::vector<std::string> Names() const;

 private:
  std::filesystem::path directory_;
};

/// Read by Arrow's own readers, by extension: parquet, arrow, arrows.
Result<std::shared_ptr<arrow::Table>> ReadTable(const std::string& path);
/// The bytes; of `.gz` and `.zst` those inside.
Result<std::string> ReadText(const std::string& path);
void WriteText(const std::string& path, const std::string& text);

struct ParquetShape {
  std::vector<int64_t> row_group_rows;
  int64_t largest_page_bytes = 0;  // uncompressed
};
Result<ParquetShape> ShapeOf(const std::string& path);

std::shared_ptr<arrow::Array> FromJson(const std::shared_ptr<arrow::DataType>& type,
                                       const std::string& json);
/// One column "x".
std::shared_ptr<arrow::RecordBatch> BatchOf(std::shared_ptr<arrow::Array> column);
/// Nulls and NaN count as equal to themselves; chunks do not matter.
bool SameRows(const arrow::Table& a, const arrow::Table& b);
std::shared_ptr<arrow::Table> TableOf(
    const std::vector<std::shared_ptr<arrow::RecordBatch>>& batches);

/// Gives `count` batches that `make` makes one at a time, so that only one is held.
std::shared_ptr<arrow::RecordBatchReader> GeneratedReader(
    std::shared_ptr<arrow::Schema> schema, int64_t count,
    std::function<std::shared_ptr<arrow::RecordBatch>(int64_t)> make);

}  // namespace headrace::codec
