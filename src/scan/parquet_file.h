#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <arrow/type_fwd.h>

#include "headrace/status.h"

namespace arrow::io {
class RandomAccessFile;
}
namespace parquet {
class FileMetaData;
class PageReader;
class ReaderProperties;
class ParquetFileReader;
}  // namespace parquet

namespace headrace::scan {

class PageStream;

/// A column of the file's Arrow schema and where its leaves are.
struct ParquetColumn {
  std::shared_ptr<arrow::Field> field;
  std::vector<int> leaves;  ///< indices of leaf columns
  bool flat = false;        ///< one leaf, not nested, and of a type that FlatColumn decodes
};

/// A Parquet file whose footer has been read and checked. Immutable; shared by all that read it.
/// Thread rule: all methods may be called from any thread.
class ParquetFile {
 public:
  /// Reads the footer. kIOError if the file cannot be read, kCorruptFile if it is no Parquet file,
  /// kNotImplemented if it is encrypted.
  static Result<std::shared_ptr<const ParquetFile>> Open(
      std::string path, std::shared_ptr<arrow::io::RandomAccessFile> file, arrow::MemoryPool* pool);
  ~ParquetFile();

  const std::string& path() const noexcept { return path_; }
  const std::shared_ptr<arrow::io::RandomAccessFile>& file() const noexcept { return file_; }
  const parquet::FileMetaData& metadata() const noexcept { return *metadata_; }
  const std::shared_ptr<parquet::FileMetaData>& shared_metadata() const noexcept {
    return metadata_;
  }
  const std::shared_ptr<arrow::Schema>& schema() const noexcept { return schema_; }
  const std::vector<ParquetColumn>& columns() const noexcept { return columns_; }
  int num_row_groups() const noexcept;
  int64_t row_group_rows(int row_group) const;

  /// A reader over the same footer with properties of its own: for its page index, its bloom
  /// filters, and for parquet::arrow. Throws as the library does.
  std::unique_ptr<parquet::ParquetFileReader> NewReader(arrow::MemoryPool* pool) const;

 private:
  ParquetFile() = default;
  Status Read(arrow::MemoryPool* pool);

  std::string path_;
  std::shared_ptr<arrow::io::RandomAccessFile> file_;
  std::shared_ptr<parquet::FileMetaData> metadata_;
  std::shared_ptr<arrow::Schema> schema_;
  std::vector<ParquetColumn> columns_;
};

/// Where the pages of a leaf's column chunk lie: [begin, end) of the file, dictionary page first.
struct ChunkExtent {
  int64_t begin = 0;
  int64_t end = 0;
};
/// kCorruptFile if the extent is not inside the file.
Result<ChunkExtent> ExtentOf(const ParquetFile& file, int row_group, int leaf);

/// What one row of a column takes once it is decoded, on average, as far as the footer tells.
int64_t EstimateRowBytes(const ParquetFile& file, int row_group, const ParquetColumn& column);
/// The largest page of a leaf's column chunk once it is unpacked, as far as the footer tells:
/// writers end a page at about 1 MiB, but look only once in a thousand values.
int64_t EstimatePageBytes(const ParquetFile& file, int row_group, int leaf);

/// What a page reader reads from, and the reader; `stream` belongs to `pages`.
struct OpenPages {
  std::unique_ptr<parquet::PageReader> pages;
  std::shared_ptr<PageStream> stream;
};
/// The pages of a column chunk from byte `begin` on, with `values` values in them; `packed`: as
/// they lie in the file, still compressed. Throws as the library does.
OpenPages OpenPagesAt(const ParquetFile& file, int row_group, int leaf, ChunkExtent extent,
                      int64_t values, int64_t buffer_bytes, arrow::MemoryPool* pool,
                      bool packed = false);
/// Whether old versions of the library wrote pages that say that they are not compressed and are.
bool HasUndeclaredCompression(const ParquetFile& file);

}  // namespace headrace::scan
