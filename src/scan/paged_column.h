#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <parquet/column_page.h>
#include <parquet/column_reader.h>
#include <parquet/page_index.h>

#include "kernels/select/spread.h"
#include "scan/page_unpacker.h"
#include "scan/parquet_border.h"
#include "scan/parquet_file.h"
#include "scan/presence.h"
#include "scan/validity.h"
#include "scan/window_column.h"

namespace headrace::scan {

/// Which column chunk.
struct ColumnPlace {
  std::shared_ptr<const ParquetFile> file;
  int row_group = 0;
  int column = 0;  ///< of the file's Arrow schema
  int leaf = 0;
};

/// The way of a flat column through its pages: which page the next row is in, and which of its rows
/// have a value. What the values are is left to the types derived from it.
///
///   | dictionary | page 0 | page 1 | page 2 ...
///                             ^ row_    page_left_ rows of this page are ahead
class PagedColumn : public WindowColumn {
 public:
  Status Skip(int64_t rows) override;
  void Rest() override;

 protected:
  PagedColumn(ColumnPlace place, ColumnOptions options, arrow::MemoryPool* pool);

  /// Stands on a page that has the next row. What parquet-cpp throws passes through.
  Status Advance();

  int64_t page_left() const noexcept { return page_left_; }
  /// Whether rows were passed over that the next Advance() has to leave behind.
  bool behind() const noexcept { return skip_rows_ > 0; }
  Presence& presence() noexcept { return presence_; }
  void Consume(int64_t rows) noexcept {
    page_left_ -= rows;
    row_ += rows;
  }
  arrow::MemoryPool* pool() const noexcept { return pool_; }
  const parquet::ColumnDescriptor& descriptor() const noexcept { return *descriptor_; }
  const std::shared_ptr<arrow::DataType>& type() const noexcept;
  FilePlace file_place() const;

  /// Writes the next rows to `out`, up to `rows` of them or to a page for which `same_form()` does
  /// not hold; returns how many. `read(values, count)` reads values that are present; null rows
  /// are 0.
  template <typename Value, typename Read, typename SameForm>
  Result<int64_t> DecodeRows(int64_t rows, Value* out, Validity* validity, Read&& read,
                             SameForm&& same_form) {
    int64_t done = 0;
    while (done < rows) {
      ARROW_RETURN_NOT_OK(Advance());
      if (done > 0 && !same_form()) break;
      const int64_t count = std::min(rows - done, page_left());
      int64_t present = 0;
      ARROW_RETURN_NOT_OK(validity->Add(presence(), done, count, &present));
      ARROW_RETURN_NOT_OK(read(out + done, present));
      if (present < count) {
        kernels::Spread(out + done, present, count, validity->bits(), done);
      }
      Consume(count);
      done += count;
    }
    return done;
  }

  /// A dictionary page; its values outlive this call only if they are copied.
  virtual Status SetDictionary(const parquet::DictionaryPage& page) = 0;
  /// The values of a new data page, which stay where they are until the next call.
  virtual Status SetValues(parquet::Encoding::type encoding, const uint8_t* data, int bytes,
                           int rows) = 0;
  /// Passes over `values` values that are present.
  virtual Status SkipValues(int64_t values) = 0;

 private:
  Status Open();
  Status NextPage();
  Status Accept(std::shared_ptr<parquet::Page> page);
  Status SetPage(const parquet::DataPage& page);
  Result<std::shared_ptr<arrow::Buffer>> Unpacked(const parquet::DataPage& page);
  void JumpToPage();
  Status LeaveBehind();

  const ColumnPlace place_;
  const ColumnOptions options_;
  arrow::MemoryPool* const pool_;
  const parquet::ColumnDescriptor* descriptor_ = nullptr;

  ChunkExtent extent_;
  std::unique_ptr<parquet::PageReader> pages_;
  std::shared_ptr<PageStream> stream_;
  std::unique_ptr<PageUnpacker> unpacker_;        // null: the library unpacks
  std::vector<parquet::PageLocation> locations_;  // empty: no offset index
  bool opened_ = false;
  bool has_dictionary_ = false;

  std::shared_ptr<parquet::Page> page_;
  std::shared_ptr<arrow::Buffer> unpacked_;  // its bytes
  Presence presence_;
  int64_t row_ = 0;  // of the row group: the next one
  int64_t page_left_ = 0;
  int64_t skip_rows_ = 0;   // asked to be passed over and not yet
  int64_t page_begin_ = 0;  // where the header of this page lies
  int64_t page_row_ = 0;    // and its first row
};

}  // namespace headrace::scan
