#include "scan/paged_column.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include <arrow/type.h>
#include <parquet/exception.h>
#include <parquet/file_reader.h>
#include <parquet/level_conversion.h>
#include <parquet/metadata.h>

#include "headrace/error_code.h"
#include "scan/page_stream.h"

namespace headrace::scan {
namespace {

Status EndsEarly() {
  return MakeError(ErrorCode::kCorruptFile, "its pages have fewer rows than the row group");
}

// The bytes of definition levels at the front of a data page of the first format, length included.
Result<int64_t> LevelBytes(const uint8_t* data, int64_t size) {
  uint32_t length = 0;
  if (size < 4) return Status::Invalid("a page is too short for its definition levels");
  std::memcpy(&length, data, sizeof(length));
  if (length > size - 4) return Status::Invalid("definition levels reach over the end of a page");
  return int64_t{length} + 4;
}

}  // namespace

PagedColumn::PagedColumn(ColumnPlace place, ColumnOptions options, arrow::MemoryPool* pool)
    : place_(std::move(place)),
      options_(options),
      pool_(pool),
      descriptor_(place_.file->metadata().schema()->Column(place_.leaf)) {}

const std::shared_ptr<arrow::DataType>& PagedColumn::type() const noexcept {
  return place_.file->columns()[static_cast<size_t>(place_.column)].field->type();
}

FilePlace PagedColumn::file_place() const {
  return {.path = place_.file->path(),
          .row_group = place_.row_group,
          .column = place_.file->columns()[static_cast<size_t>(place_.column)].field->name()};
}

Status PagedColumn::Skip(int64_t rows) {
  const int64_t here = skip_rows_ == 0 ? std::min(rows, page_left_) : 0;
  if (here > 0 && here < page_left_) {
    // Inside the page that is at hand: no reason to wait.
    return AtParquetBorder(file_place(), [&]() -> Status {
      int64_t present = here;
      if (!presence_.AllPresent()) {
        present = 0;
        ARROW_RETURN_NOT_OK(presence_.Skip(here, &present));
      }
      ARROW_RETURN_NOT_OK(SkipValues(present));
      Consume(here);
      return Status::OK();
    });
  }
  Consume(here);
  skip_rows_ += rows - here;
  return Status::OK();
}

void PagedColumn::Rest() {
  if (stream_ == nullptr) return;
  if (page_left_ > 0) {
    // Begin again with this page, and pass over what was taken of it.
    skip_rows_ += row_ - page_row_;
    row_ = page_row_;
    extent_.begin = page_begin_;
  } else {
    extent_.begin = stream_->position();
  }
  page_left_ = 0;
  page_.reset();
  unpacked_.reset();
  if (unpacker_ != nullptr) unpacker_->Release();
  pages_.reset();
  stream_.reset();
}

Status PagedColumn::Open() {
  const auto group = place_.file->metadata().RowGroup(place_.row_group);
  const auto chunk = group->ColumnChunk(place_.leaf);
  if (!opened_) {
    if (chunk->num_values() != group->num_rows()) return EndsEarly();
    ARROW_ASSIGN_OR_RAISE(extent_, ExtentOf(*place_.file, place_.row_group, place_.leaf));
    if (!HasUndeclaredCompression(*place_.file)) {
      unpacker_ = PageUnpacker::Make(chunk->compression(), pool_);
    }
    if (options_.use_offset_index && skip_rows_ > 0 && chunk->GetOffsetIndexLocation()) {
      auto reader = place_.file->NewReader(pool_);
      const auto index = reader->GetPageIndexReader()->RowGroup(place_.row_group);
      const auto offsets = index ? index->GetOffsetIndex(place_.leaf) : nullptr;
      if (offsets != nullptr) locations_ = offsets->page_locations();
    }
  }
  auto open =
      OpenPagesAt(*place_.file, place_.row_group, place_.leaf, extent_, group->num_rows() - row_,
                  options_.buffer_bytes, pool_, unpacker_ != nullptr);
  pages_ = std::move(open.pages);
  stream_ = std::move(open.stream);
  // Pages that lie wholly in what is passed over are not decompressed.
  pages_->set_data_page_filter([this](const parquet::DataPageStats& page) {
    if (page.num_values > skip_rows_) return false;
    skip_rows_ -= page.num_values;
    row_ += page.num_values;
    stream_->SkipNextRead();
    return true;
  });
  opened_ = true;
  return Status::OK();
}

// Moves the stream to the page that holds the row behind those to pass over.
void PagedColumn::JumpToPage() {
  if (locations_.empty() || skip_rows_ == 0) return;
  // The dictionary lies before all pages, and has to be read first.
  if (!has_dictionary_ && stream_->position() < locations_.front().offset) return;
  const int64_t target = row_ + skip_rows_;
  const auto after = std::upper_bound(
      locations_.begin(), locations_.end(), target,
      [](int64_t row, const parquet::PageLocation& page) { return row < page.first_row_index; });
  if (after == locations_.begin()) return;
  const parquet::PageLocation& page = *(after - 1);
  if (page.first_row_index <= row_ || page.offset < extent_.begin || page.offset >= extent_.end) {
    return;
  }
  skip_rows_ = target - page.first_row_index;
  row_ = page.first_row_index;
  stream_->MoveTo(page.offset);
}

Status PagedColumn::NextPage() {
  if (pages_ == nullptr) ARROW_RETURN_NOT_OK(Open());
  for (;;) {
    page_.reset();  // its memory may serve for the next one
    unpacked_.reset();
    JumpToPage();
    const int64_t begin = stream_->position();
    const int64_t row = row_;
    auto page = pages_->NextPage();
    if (page == nullptr) return EndsEarly();
    page_begin_ = row == row_ ? begin : stream_->skipped_to();
    const bool is_data = page->type() != parquet::PageType::DICTIONARY_PAGE;
    ARROW_RETURN_NOT_OK(Accept(std::move(page)));
    if (is_data && page_left_ > 0) return Status::OK();
  }
}

Status PagedColumn::Accept(std::shared_ptr<parquet::Page> page) {
  page_ = std::move(page);
  switch (page_->type()) {
    case parquet::PageType::DICTIONARY_PAGE: {
      const auto& dictionary = static_cast<const parquet::DictionaryPage&>(*page_);
      if (has_dictionary_) return Status::OK();  // read again after a rest
      has_dictionary_ = true;
      if (unpacker_ == nullptr) return SetDictionary(dictionary);
      ARROW_ASSIGN_OR_RAISE(const auto bytes,
                            unpacker_->Unpack(dictionary.data(), dictionary.size(), 0, -1));
      return SetDictionary({bytes, dictionary.num_values(), dictionary.encoding()});
    }
    case parquet::PageType::DATA_PAGE:
    case parquet::PageType::DATA_PAGE_V2:
      return SetPage(static_cast<const parquet::DataPage&>(*page_));
    default: return Status::OK();  // others may be passed over, says the format
  }
}

// The bytes of a page: levels, then values.
Result<std::shared_ptr<arrow::Buffer>> PagedColumn::Unpacked(const parquet::DataPage& page) {
  if (unpacker_ == nullptr) return page.buffer();
  int64_t plain = 0;
  if (page.type() == parquet::PageType::DATA_PAGE_V2) {
    const auto& v2 = static_cast<const parquet::DataPageV2&>(page);
    if (!v2.is_compressed()) return page.buffer();
    plain = int64_t{v2.repetition_levels_byte_length()} + v2.definition_levels_byte_length();
    if (plain < 0 || plain > page.size()) {
      return Status::Invalid("levels reach over the end of a page");
    }
  }
  return unpacker_->Unpack(page.data(), page.size(), plain, page.uncompressed_size());
}

Status PagedColumn::SetPage(const parquet::DataPage& page) {
  ARROW_ASSIGN_OR_RAISE(unpacked_, Unpacked(page));
  const uint8_t* data = unpacked_->data();
  int64_t size = unpacked_->size();
  const int64_t rows = page.num_values();
  if (rows < 0 || rows > place_.file->row_group_rows(place_.row_group) - row_) {
    return MakeError(ErrorCode::kCorruptFile, "its pages have more rows than the row group");
  }
  presence_ = Presence();
  if (page.type() == parquet::PageType::DATA_PAGE_V2) {
    const auto& v2 = static_cast<const parquet::DataPageV2&>(page);
    const int64_t repetition = v2.repetition_levels_byte_length();
    const int64_t definition = v2.definition_levels_byte_length();
    if (repetition < 0 || definition < 0 || repetition + definition > size) {
      return Status::Invalid("levels reach over the end of a page");
    }
    if (descriptor_->max_definition_level() > 0) {
      presence_ = Presence(data + repetition, definition, rows);
    }
    data += repetition + definition;
    size -= repetition + definition;
  } else if (descriptor_->max_definition_level() > 0) {
    const auto& v1 = static_cast<const parquet::DataPageV1&>(page);
    if (v1.definition_level_encoding() != parquet::Encoding::RLE) {
      return MakeError(ErrorCode::kNotImplemented,
                       "definition levels in the BIT_PACKED encoding, deprecated since 2013");
    }
    ARROW_ASSIGN_OR_RAISE(const int64_t levels, LevelBytes(data, size));
    presence_ = Presence(data + 4, levels - 4, rows);
    data += levels;
    size -= levels;
  }
  page_left_ = rows;
  page_row_ = row_;
  return SetValues(page.encoding(), data, static_cast<int>(size), static_cast<int>(rows));
}

// Inside the page that is at hand; whole pages were passed over before.
Status PagedColumn::LeaveBehind() {
  const int64_t rows = std::min(skip_rows_, page_left_);
  int64_t present = rows;
  if (rows < page_left_) {
    if (!presence_.AllPresent()) {
      present = 0;
      ARROW_RETURN_NOT_OK(presence_.Skip(rows, &present));
    }
    ARROW_RETURN_NOT_OK(SkipValues(present));
  }
  Consume(rows);
  skip_rows_ -= rows;
  return Status::OK();
}

Status PagedColumn::Advance() {
  while (page_left_ == 0 || skip_rows_ > 0) {
    if (page_left_ == 0) ARROW_RETURN_NOT_OK(NextPage());
    if (skip_rows_ > 0) ARROW_RETURN_NOT_OK(LeaveBehind());
  }
  return Status::OK();
}

}  // namespace headrace::scan
