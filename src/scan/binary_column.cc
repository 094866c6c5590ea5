#include "scan/binary_column.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <utility>

#include <arrow/array/array_dict.h>
#include <arrow/array/data.h>
#include <arrow/array/util.h>
#include <arrow/buffer.h>
#include <arrow/buffer_builder.h>
#include <arrow/compute/api_vector.h>
#include <arrow/compute/exec.h>
#include <arrow/memory_pool.h>
#include <arrow/type.h>
#include <arrow/util/bit_util.h>
#include <parquet/encoding.h>
#include <parquet/types.h>

#include "headrace/error_code.h"
#include "kernels/select/copy_text.h"
#include "scan/ahead_column.h"
#include "scan/dictionary_indices.h"

namespace headrace::scan {
namespace {

using ByteArray = parquet::ByteArray;

// Strings as they are appended, within a bound on their bytes.
struct TextBuilder {
  explicit TextBuilder(arrow::MemoryPool* pool) : offsets(pool), text(pool), validity(pool) {}
  arrow::TypedBufferBuilder<int32_t> offsets;
  arrow::BufferBuilder text;
  arrow::TypedBufferBuilder<bool> validity;
};

class BinaryColumn final : public AheadColumn {
 public:
  BinaryColumn(ColumnPlace place, ColumnOptions options, arrow::MemoryPool* pool)
      : AheadColumn(std::move(place), options, pool) {}

  void Rest() override {
    num_views_ = next_view_ = chunk_rows_ = chunk_at_ = 0;
    other_.reset();
    PagedColumn::Rest();
  }

 private:
  static constexpr int64_t kChunk = 512;  // values looked at together

  bool wants_dictionary() const noexcept { return type()->id() == arrow::Type::DICTIONARY; }
  std::shared_ptr<arrow::DataType> value_type() const {
    return wants_dictionary() ? static_cast<const arrow::DictionaryType&>(*type()).value_type()
                              : type();
  }

  Result<std::shared_ptr<arrow::Array>> DecodeAhead(int64_t rows, int64_t max_bytes) override {
    if (chunk_at_ == chunk_rows_) ARROW_RETURN_NOT_OK(Advance());
    if (by_dictionary_) return DecodeIndices(rows);
    ARROW_ASSIGN_OR_RAISE(auto text, DecodeText(rows, max_bytes));
    if (!wants_dictionary()) return text;
    arrow::compute::ExecContext context(pool());
    ARROW_ASSIGN_OR_RAISE(auto encoded,
                          arrow::compute::DictionaryEncode(
                              text, arrow::compute::DictionaryEncodeOptions::Defaults(), &context));
    return encoded.make_array();
  }

  Result<std::shared_ptr<arrow::Array>> DecodeIndices(int64_t rows) {
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> buffer,
                          arrow::AllocateResizableBuffer(rows * 4, pool()));
    auto* const out = reinterpret_cast<int32_t*>(buffer->mutable_data());
    Validity validity(rows, pool());
    const auto read = [&](int32_t* places, int64_t count) { return ReadIndices(places, count); };
    ARROW_ASSIGN_OR_RAISE(const int64_t done,
                          DecodeRows(rows, out, &validity, read, [&] { return by_dictionary_; }));
    const int64_t nulls = validity.nulls();
    auto data = arrow::ArrayData::Make(arrow::dictionary(arrow::int32(), value_type()), done,
                                       {validity.Finish(), std::move(buffer)}, nulls);
    data->dictionary = dictionary_->data();
    return arrow::MakeArray(std::move(data));
  }

  Status ReadIndices(int32_t* out, int64_t count) {
    return scan::ReadIndices(indices_.get(), dictionary_->length(), out, count);
  }

  // Looks at the next values of the page, without a copy: chunk_rows_ rows, of which num_views_
  // have a value.
  Status LookAhead() {
    chunk_at_ = 0;
    chunk_rows_ = std::min(kChunk, page_left());
    num_views_ = chunk_rows_;
    next_view_ = 0;
    chunk_full_ = presence().AllPresent();
    if (!chunk_full_) {
      num_views_ = 0;
      ARROW_RETURN_NOT_OK(presence().Read(chunk_rows_, chunk_bits_.data(), 0, &num_views_));
    }
    for (int64_t done = 0; done < num_views_;) {
      const int read = other_->Decode(views_.data() + done, static_cast<int>(num_views_ - done));
      if (read <= 0) return ShortPage();
      done += read;
    }
    return Status::OK();
  }

  // Values that were looked at and not taken are values of the page again.
  Status SkipLookedAt(int64_t* rows) override {
    while (*rows > 0 && chunk_at_ < chunk_rows_) {
      next_view_ += chunk_full_ || arrow::bit_util::GetBit(chunk_bits_.data(), chunk_at_);
      ++chunk_at_;
      Consume(1);
      --*rows;
    }
    return Status::OK();
  }

  Result<std::shared_ptr<arrow::Array>> DecodeText(int64_t rows, int64_t max_bytes) {
    TextBuilder out(pool());
    ARROW_RETURN_NOT_OK(out.offsets.Reserve(rows + 1));
    ARROW_RETURN_NOT_OK(out.validity.Reserve(rows));
    max_bytes = std::min<int64_t>(max_bytes, std::numeric_limits<int32_t>::max());
    int64_t done = 0;
    while (done < rows) {
      if (chunk_at_ == chunk_rows_) {
        if (done > 0) {
          ARROW_RETURN_NOT_OK(Advance());
          if (by_dictionary_) break;
        }
        ARROW_RETURN_NOT_OK(LookAhead());
        if (done == 0) ARROW_RETURN_NOT_OK(ReserveText(rows, max_bytes, &out));
      }
      ARROW_ASSIGN_OR_RAISE(const int64_t taken, AppendChunk(rows - done, max_bytes, done, &out));
      done += taken;
      if (chunk_at_ < chunk_rows_) break;  // full, or all rows are there
    }
    out.offsets.UnsafeAppend(static_cast<int32_t>(out.text.length()));
    const int64_t nulls = out.validity.false_count();
    ARROW_ASSIGN_OR_RAISE(auto validity, out.validity.Finish(/*shrink_to_fit=*/false));
    ARROW_ASSIGN_OR_RAISE(auto offsets, out.offsets.Finish(/*shrink_to_fit=*/false));
    ARROW_ASSIGN_OR_RAISE(auto text, out.text.Finish(/*shrink_to_fit=*/false));
    return arrow::MakeArray(arrow::ArrayData::Make(
        value_type(), done,
        {nulls > 0 ? std::move(validity) : nullptr, std::move(offsets), std::move(text)}, nulls));
  }

  // Rows of the chunk that is at hand: as many as fit, and the first of a window in any case.
  Result<int64_t> AppendChunk(int64_t rows, int64_t max_bytes, int64_t before, TextBuilder* out) {
    rows = std::min(rows, chunk_rows_ - chunk_at_);
    if (chunk_full_ && slack_end_ != nullptr) {
      const ByteArray* const views = views_.data() + next_view_;
      int64_t bytes = 0;
      for (int64_t i = 0; i < rows; ++i) bytes += views[i].len;
      if (out->text.length() + bytes <= max_bytes) {
        ARROW_RETURN_NOT_OK(AppendAll(views, rows, bytes, out));
        return rows;
      }
    }
    int64_t taken = 0;
    for (; taken < rows; ++taken) {
      const bool valid =
          chunk_full_ || arrow::bit_util::GetBit(chunk_bits_.data(), chunk_at_ + taken);
      if (valid) {
        const ByteArray& view = views_[static_cast<size_t>(next_view_)];
        const int64_t length = out->text.length() + int64_t{view.len};
        if (length > max_bytes && before + taken > 0) break;
        if (length > std::numeric_limits<int32_t>::max()) {
          return MakeError(ErrorCode::kTooLarge, "a single value is larger than 2 GiB");
        }
        out->offsets.UnsafeAppend(static_cast<int32_t>(out->text.length()));
        ARROW_RETURN_NOT_OK(out->text.Append(view.ptr, view.len));
        ++next_view_;
      } else {
        out->offsets.UnsafeAppend(static_cast<int32_t>(out->text.length()));
      }
      out->validity.UnsafeAppend(valid);
    }
    chunk_at_ += taken;
    Consume(taken);
    return taken;
  }

  // As if the other rows were like those of the first chunk, and a little longer.
  Status ReserveText(int64_t rows, int64_t max_bytes, TextBuilder* out) {
    int64_t bytes = 0;
    for (int64_t i = 0; i < num_views_; ++i) bytes += views_[static_cast<size_t>(i)].len;
    const int64_t likely = bytes * rows / std::max<int64_t>(1, chunk_rows_);
    return out->text.Reserve(std::min(max_bytes, likely + likely / 8) + kernels::kTextSlack);
  }

  // Rows that all have a value, and that all fit.
  Status AppendAll(const ByteArray* views, int64_t rows, int64_t bytes, TextBuilder* out) {
    ARROW_RETURN_NOT_OK(out->text.Reserve(bytes + kernels::kTextSlack));
    int64_t length = out->text.length();
    uint8_t* to = out->text.mutable_data() + length;
    for (int64_t i = 0; i < rows; ++i) {
      const ByteArray& view = views[i];
      out->offsets.UnsafeAppend(static_cast<int32_t>(length));
      if (slack_end_ - view.ptr >= int64_t{view.len} + kernels::kTextSlack) {
        kernels::CopyText(to, view.ptr, view.len);
      } else if (view.len > 0) {
        std::memcpy(to, view.ptr, view.len);
      }
      to += view.len;
      length += view.len;
    }
    out->text.UnsafeAdvance(bytes);
    out->validity.UnsafeAppend(rows, true);
    next_view_ += rows;
    chunk_at_ += rows;
    Consume(rows);
    return Status::OK();
  }

  Status SetDictionary(const parquet::DictionaryPage& page) override {
    auto plain = parquet::MakeTypedDecoder<parquet::ByteArrayType>(parquet::Encoding::PLAIN,
                                                                   &descriptor(), pool());
    plain->SetData(page.num_values(), page.data(), page.size());
    indices_ = parquet::MakeDictDecoder<parquet::ByteArrayType>(&descriptor(), pool());
    const int count = page.num_values();
    TextBuilder out(pool());
    ARROW_RETURN_NOT_OK(out.offsets.Reserve(int64_t{count} + 1));
    ARROW_RETURN_NOT_OK(out.text.Reserve(page.size() + kernels::kTextSlack));
    for (int done = 0; done < count;) {
      const int read =
          plain->Decode(views_.data(), static_cast<int>(std::min<int64_t>(kChunk, count - done)));
      if (read <= 0) return ShortPage();
      for (int i = 0; i < read; ++i) {
        out.offsets.UnsafeAppend(static_cast<int32_t>(out.text.length()));
        const ByteArray& view = views_[static_cast<size_t>(i)];
        ARROW_RETURN_NOT_OK(out.text.Append(view.ptr, view.len));
      }
      done += read;
    }
    out.offsets.UnsafeAppend(static_cast<int32_t>(out.text.length()));
    ARROW_ASSIGN_OR_RAISE(auto offsets, out.offsets.Finish(false));
    ARROW_ASSIGN_OR_RAISE(auto text, out.text.Finish(false));
    dictionary_ = arrow::MakeArray(arrow::ArrayData::Make(
        value_type(), count, {nullptr, std::move(offsets), std::move(text)}, 0));
    return Status::OK();
  }

  Status SetValues(parquet::Encoding::type encoding, const uint8_t* data, int bytes,
                   int rows) override {
    num_views_ = next_view_ = chunk_rows_ = chunk_at_ = 0;
    slack_end_ = encoding == parquet::Encoding::PLAIN ? data + bytes : nullptr;
    by_dictionary_ = encoding == parquet::Encoding::PLAIN_DICTIONARY ||
                     encoding == parquet::Encoding::RLE_DICTIONARY;
    if (by_dictionary_) {
      if (dictionary_ == nullptr) return Status::Invalid("a page needs a dictionary, none came");
      indices_->SetData(rows, data, bytes);
      return Status::OK();
    }
    if (other_ == nullptr || other_->encoding() != encoding) {
      other_ = parquet::MakeTypedDecoder<parquet::ByteArrayType>(encoding, &descriptor(), pool());
    }
    other_->SetData(rows, data, bytes);
    return Status::OK();
  }

  Status SkipValues(int64_t values) override {
    std::array<int32_t, 512> passed;
    while (values > 0) {
      const auto some = std::min<int64_t>(values, kChunk);
      if (by_dictionary_) {
        ARROW_RETURN_NOT_OK(ReadIndices(passed.data(), some));
      } else if (other_->Decode(views_.data(), static_cast<int>(some)) != some) {
        return ShortPage();
      }
      values -= some;
    }
    return Status::OK();
  }

  std::shared_ptr<arrow::Array> dictionary_;
  std::unique_ptr<parquet::DictDecoder<parquet::ByteArrayType>> indices_;
  std::unique_ptr<parquet::TypedDecoder<parquet::ByteArrayType>> other_;
  bool by_dictionary_ = false;

  // Values of the page that were looked at; they stand before page_left().
  std::array<ByteArray, kChunk> views_;
  std::array<uint8_t, kChunk / 8> chunk_bits_;
  bool chunk_full_ = false;
  const uint8_t* slack_end_ = nullptr;  // of the page that views look into; null: elsewhere
  int64_t num_views_ = 0;
  int64_t next_view_ = 0;
  int64_t chunk_rows_ = 0;
  int64_t chunk_at_ = 0;
};

}  // namespace

std::unique_ptr<WindowColumn> MakeBinaryColumn(ColumnPlace place, const ColumnOptions& options,
                                               arrow::MemoryPool* pool) {
  return std::make_unique<BinaryColumn>(std::move(place), options, pool);
}

}  // namespace headrace::scan
