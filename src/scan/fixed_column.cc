#include "scan/fixed_column.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include <arrow/array/array_base.h>
#include <arrow/array/data.h>
#include <arrow/array/util.h>
#include <arrow/buffer.h>
#include <arrow/memory_pool.h>
#include <arrow/util/bit_util.h>
#include <arrow/util/bitmap_ops.h>
#include <parquet/encoding.h>
#include <parquet/types.h>

#include "headrace/error_code.h"
#include "kernels/select/spread.h"
#include "scan/validity.h"

namespace headrace::scan {
namespace {

Status ShortPage() {
  return MakeError(ErrorCode::kCorruptFile, "a page has fewer values than it says");
}

// A new page of values: by the dictionary, as they lie, or by one of the library's decoders.
template <typename DType>
class Values {
 public:
  using T = typename DType::c_type;

  Status SetDictionary(const parquet::DictionaryPage& page,
                       const parquet::ColumnDescriptor& descriptor, arrow::MemoryPool* pool) {
    auto plain = parquet::MakeTypedDecoder<DType>(parquet::Encoding::PLAIN, &descriptor, pool);
    plain->SetData(page.num_values(), page.data(), page.size());
    dictionary_ = parquet::MakeDictDecoder<DType>(&descriptor, pool);
    dictionary_->SetDict(plain.get());
    return Status::OK();
  }

  Status SetData(parquet::Encoding::type encoding, const uint8_t* data, int bytes, int rows,
                 const parquet::ColumnDescriptor& descriptor, arrow::MemoryPool* pool) {
    plain_ = nullptr;
    current_ = nullptr;
    switch (encoding) {
      case parquet::Encoding::PLAIN:
        plain_ = data;
        plain_end_ = data + bytes;
        return Status::OK();
      case parquet::Encoding::PLAIN_DICTIONARY:
      case parquet::Encoding::RLE_DICTIONARY:
        if (dictionary_ == nullptr) return Status::Invalid("a page needs a dictionary, none came");
        current_ = dictionary_.get();
        break;
      default:
        if (other_ == nullptr || other_->encoding() != encoding) {
          other_ = parquet::MakeTypedDecoder<DType>(encoding, &descriptor, pool);
        }
        current_ = other_.get();
    }
    current_->SetData(rows, data, bytes);
    return Status::OK();
  }

  Status Read(T* out, int64_t count) {
    if (plain_ != nullptr) {
      const auto bytes = static_cast<size_t>(count) * sizeof(T);
      if (static_cast<int64_t>(bytes) > plain_end_ - plain_) return ShortPage();
      if (bytes > 0) std::memcpy(out, plain_, bytes);
      plain_ += bytes;
      return Status::OK();
    }
    while (count > 0) {
      const int read = current_->Decode(out, static_cast<int>(count));
      if (read <= 0) return ShortPage();
      out += read;
      count -= read;
    }
    return Status::OK();
  }

  Status Skip(int64_t count) {
    if (plain_ != nullptr) {
      const int64_t bytes = count * static_cast<int64_t>(sizeof(T));
      if (bytes > plain_end_ - plain_) return ShortPage();
      plain_ += bytes;
      return Status::OK();
    }
    std::array<T, 512> passed;
    while (count > 0) {
      const auto some = std::min<int64_t>(count, passed.size());
      ARROW_RETURN_NOT_OK(Read(passed.data(), some));
      count -= some;
    }
    return Status::OK();
  }

 private:
  const uint8_t* plain_ = nullptr;
  const uint8_t* plain_end_ = nullptr;
  std::unique_ptr<parquet::DictDecoder<DType>> dictionary_;
  std::unique_ptr<parquet::TypedDecoder<DType>> other_;
  parquet::TypedDecoder<DType>* current_ = nullptr;
};

template <typename DType>
class FixedColumn final : public PagedColumn {
 public:
  using T = typename DType::c_type;
  FixedColumn(ColumnPlace place, ColumnOptions options, arrow::MemoryPool* pool)
      : PagedColumn(std::move(place), options, pool) {}

  Result<int64_t> Prepare(int64_t rows, int64_t) override { return rows; }

  Result<std::shared_ptr<arrow::Array>> Take(int64_t rows) override {
    return AtParquetBorder(file_place(), [&] { return Decode(rows); });
  }

 private:
  Result<std::shared_ptr<arrow::Array>> Decode(int64_t rows) {
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> buffer,
                          arrow::AllocateBuffer(rows * static_cast<int64_t>(sizeof(T)), pool()));
    auto* const out = reinterpret_cast<T*>(buffer->mutable_data());
    Validity validity(rows, pool());
    for (int64_t done = 0; done < rows;) {
      ARROW_RETURN_NOT_OK(Advance());
      const int64_t count = std::min(rows - done, page_left());
      int64_t present = 0;
      ARROW_RETURN_NOT_OK(validity.Add(presence(), done, count, &present));
      ARROW_RETURN_NOT_OK(values_.Read(out + done, present));
      if (present < count) {
        kernels::Spread(out + done, present, count, validity.bits(), done);
      }
      Consume(count);
      done += count;
    }
    const int64_t nulls = validity.nulls();
    return arrow::MakeArray(
        arrow::ArrayData::Make(type(), rows, {validity.Finish(), std::move(buffer)}, nulls));
  }

  Status SetDictionary(const parquet::DictionaryPage& page) override {
    return values_.SetDictionary(page, descriptor(), pool());
  }
  Status SetValues(parquet::Encoding::type encoding, const uint8_t* data, int bytes,
                   int rows) override {
    return values_.SetData(encoding, data, bytes, rows, descriptor(), pool());
  }
  Status SkipValues(int64_t values) override { return values_.Skip(values); }

  Values<DType> values_;
};

class BoolColumn final : public PagedColumn {
 public:
  BoolColumn(ColumnPlace place, ColumnOptions options, arrow::MemoryPool* pool)
      : PagedColumn(std::move(place), options, pool) {}

  Result<int64_t> Prepare(int64_t rows, int64_t) override { return rows; }

  Result<std::shared_ptr<arrow::Array>> Take(int64_t rows) override {
    return AtParquetBorder(file_place(), [&] { return Decode(rows); });
  }

 private:
  Result<std::shared_ptr<arrow::Array>> Decode(int64_t rows) {
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> buffer,
                          arrow::AllocateBitmap(rows, pool()));
    uint8_t* const out = buffer->mutable_data();
    out[buffer->size() - 1] = 0;
    Validity validity(rows, pool());
    for (int64_t done = 0; done < rows;) {
      ARROW_RETURN_NOT_OK(Advance());
      const int64_t count = std::min(rows - done, page_left());
      int64_t present = 0;
      ARROW_RETURN_NOT_OK(validity.Add(presence(), done, count, &present));
      ARROW_RETURN_NOT_OK(Show(present));
      if (present == count) {
        arrow::internal::CopyBitmap(bits_, bits_at_, count, out, done);
      } else {
        int64_t at = bits_at_;
        for (int64_t row = done; row < done + count; ++row) {
          const bool valid = arrow::bit_util::GetBit(validity.bits(), row);
          arrow::bit_util::SetBitTo(out, row, valid && arrow::bit_util::GetBit(bits_, at));
          at += valid;
        }
      }
      bits_at_ += present;
      Consume(count);
      done += count;
    }
    const int64_t nulls = validity.nulls();
    return arrow::MakeArray(
        arrow::ArrayData::Make(type(), rows, {validity.Finish(), std::move(buffer)}, nulls));
  }

  Status SetDictionary(const parquet::DictionaryPage&) override {
    return Status::Invalid("booleans have no dictionary");
  }

  Status SetValues(parquet::Encoding::type encoding, const uint8_t* data, int bytes,
                   int rows) override {
    runs_ = nullptr;
    bits_at_ = 0;
    if (encoding == parquet::Encoding::PLAIN) {
      bits_ = data;  // PLAIN is Arrow's own layout
      bits_end_ = int64_t{bytes} * 8;
      return Status::OK();
    }
    runs_ = parquet::MakeTypedDecoder<parquet::BooleanType>(encoding, &descriptor(), pool());
    runs_->SetData(rows, data, bytes);
    return Status::OK();
  }

  // The next `values` bits lie at bits_at_ of bits_.
  Status Show(int64_t values) {
    if (runs_ == nullptr) return bits_at_ + values > bits_end_ ? ShortPage() : Status::OK();
    ARROW_ASSIGN_OR_RAISE(unpacked_, arrow::AllocateBitmap(values, pool()));
    std::array<bool, 512> some;
    for (int64_t done = 0; done < values;) {
      const auto count = std::min<int64_t>(values - done, some.size());
      if (runs_->Decode(some.data(), static_cast<int>(count)) != count) return ShortPage();
      for (int64_t i = 0; i < count; ++i) {
        arrow::bit_util::SetBitTo(unpacked_->mutable_data(), done + i,
                                  some[static_cast<size_t>(i)]);
      }
      done += count;
    }
    bits_ = unpacked_->data();
    bits_at_ = 0;
    return Status::OK();
  }

  Status SkipValues(int64_t values) override {
    ARROW_RETURN_NOT_OK(Show(values));
    bits_at_ += values;
    return Status::OK();
  }

  std::unique_ptr<parquet::BooleanDecoder> runs_;  // of a page that is not PLAIN
  std::shared_ptr<arrow::Buffer> unpacked_;
  const uint8_t* bits_ = nullptr;
  int64_t bits_at_ = 0;
  int64_t bits_end_ = 0;
};

}  // namespace

std::unique_ptr<WindowColumn> MakeFixedColumn(parquet::Type::type physical, ColumnPlace place,
                                              const ColumnOptions& options,
                                              arrow::MemoryPool* pool) {
  switch (physical) {
    case parquet::Type::BOOLEAN:
      return std::make_unique<BoolColumn>(std::move(place), options, pool);
    case parquet::Type::INT32:
      return std::make_unique<FixedColumn<parquet::Int32Type>>(std::move(place), options, pool);
    case parquet::Type::INT64:
      return std::make_unique<FixedColumn<parquet::Int64Type>>(std::move(place), options, pool);
    case parquet::Type::FLOAT:
      return std::make_unique<FixedColumn<parquet::FloatType>>(std::move(place), options, pool);
    default:
      return std::make_unique<FixedColumn<parquet::DoubleType>>(std::move(place), options, pool);
  }
}

}  // namespace headrace::scan
