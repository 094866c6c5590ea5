#pragma once

#include <memory>
#include <optional>

#include <arrow/type_fwd.h>

#include "headrace/scan.h"
#include "headrace/status.h"
#include "scan/parquet_file.h"

namespace parquet {
class BloomFilter;
}

namespace headrace::scan {

/// Whether a column chunk may hold a value: asked of its bloom filter first, which is small, then
/// of its dictionary, if all of its pages are written by it. What cannot be read or understood
/// holds everything. Thread rule: one thread at a time.
class ChunkMembership {
 public:
  enum class Answer { kMaybe, kNotInBloomFilter, kNotInDictionary };

  ChunkMembership(std::shared_ptr<const ParquetFile> file, int row_group, int column,
                  const Skipping& skipping, arrow::MemoryPool* pool);
  ~ChunkMembership();

  /// `value` is valid and of the column's type, or of its dictionary's values.
  Answer Ask(const arrow::Scalar& value);

 private:
  void LoadBloomFilter();
  void LoadDictionary();

  const std::shared_ptr<const ParquetFile> file_;
  const int row_group_;
  const int column_;
  const Skipping skipping_;
  arrow::MemoryPool* const pool_;
  bool bloom_loaded_ = false;
  std::unique_ptr<parquet::BloomFilter> bloom_;
  bool dictionary_loaded_ = false;
  std::shared_ptr<arrow::Array> dictionary_;  // null: none, or of no use
};

}  // namespace headrace::scan
