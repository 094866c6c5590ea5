#include "scan/bool_column.h"

#include <algorithm>
#include <array>
#include <utility>

#include <arrow/array/array_base.h>
#include <arrow/array/data.h>
#include <arrow/array/util.h>
#include <arrow/buffer.h>
#include <arrow/memory_pool.h>
#include <arrow/util/bit_util.h>
#include <arrow/util/bitmap_ops.h>
#include <parquet/encoding.h>

#include "scan/dictionary_indices.h"
#include "scan/validity.h"

namespace headrace::scan {
namespace {

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

std::unique_ptr<WindowColumn> MakeBoolColumn(ColumnPlace place, const ColumnOptions& options,
                                             arrow::MemoryPool* pool) {
  return std::make_unique<BoolColumn>(std::move(place), options, pool);
}

}  // namespace headrace::scan
