#include "scan/fixed_column.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include <arrow/array/array_primitive.h>
#include <arrow/array/data.h>
#include <arrow/array/util.h>
#include <arrow/buffer.h>
#include <arrow/memory_pool.h>
#include <arrow/type.h>
#include <arrow/util/bit_util.h>
#include <arrow/util/bitmap_ops.h>

#include "kernels/select/compact.h"
#include "kernels/select/spread.h"
#include "scan/ahead_column.h"
#include "scan/fixed_values.h"

namespace headrace::scan {
namespace {

template <typename DType, typename Out>
class FixedColumn final : public PagedColumn {
 public:
  FixedColumn(ColumnPlace place, ColumnOptions options, arrow::MemoryPool* pool)
      : PagedColumn(std::move(place), options, pool) {}

  Result<int64_t> Prepare(int64_t rows, int64_t) override { return rows; }

  Result<std::shared_ptr<arrow::Array>> Take(int64_t rows) override {
    return AtParquetBorder(file_place(), [&] { return Decode(rows); });
  }

  Result<std::shared_ptr<arrow::Array>> TakeSelected(
      const std::shared_ptr<arrow::BooleanArray>& mask, arrow::MemoryPool*) override {
    return AtParquetBorder(file_place(), [&] { return DecodeSelected(*mask); });
  }

 private:
  using Values = FixedValues<DType, Out>;

  Result<std::shared_ptr<arrow::Buffer>> Allocate(int64_t rows) {
    return arrow::AllocateBuffer(rows * static_cast<int64_t>(sizeof(Out)), pool());
  }

  Result<std::shared_ptr<arrow::Array>> Decode(int64_t rows) {
    ARROW_ASSIGN_OR_RAISE(auto buffer, Allocate(rows));
    auto* const out = reinterpret_cast<Out*>(buffer->mutable_data());
    Validity validity(rows, pool());
    const auto read = [&](Out* values, int64_t count) { return values_.Read(values, count); };
    ARROW_RETURN_NOT_OK(DecodeRows(rows, out, &validity, read, [] { return true; }));
    return Finish(rows, std::move(buffer), &validity);
  }

  // As Decode(), without writing the rows that nobody wants.
  Result<std::shared_ptr<arrow::Array>> DecodeSelected(const arrow::BooleanArray& mask) {
    const uint8_t* const bits = mask.values()->data();
    const int64_t kept = mask.true_count();
    ARROW_ASSIGN_OR_RAISE(auto buffer, Allocate(kept));
    auto* out = reinterpret_cast<Out*>(buffer->mutable_data());
    Validity validity(kept, pool());
    int64_t at = 0;
    for (int64_t done = 0; done < mask.length();) {
      ARROW_RETURN_NOT_OK(Advance());
      const int64_t count = std::min({mask.length() - done, page_left(), Values::kRun});
      const int64_t offset = mask.offset() + done;
      const int64_t selected = arrow::internal::CountSetBits(bits, offset, count);
      if (!presence().AllPresent()) {
        ARROW_RETURN_NOT_OK(SelectSparse(count, bits, offset, out + at, at, &validity));
      } else {
        if (selected == 0) {
          ARROW_RETURN_NOT_OK(values_.Skip(count));
        } else {
          ARROW_RETURN_NOT_OK(values_.Select(count, bits, offset, out + at));
        }
        validity.AddPresent(at, selected);
      }
      Consume(count);
      done += count;
      at += selected;
    }
    return Finish(kept, std::move(buffer), &validity);
  }

  Status SelectSparse(int64_t count, const uint8_t* bits, int64_t offset, Out* out, int64_t at,
                      Validity* validity) {
    std::array<uint8_t, Values::kRun / 8> valid;
    std::array<Out, Values::kRun> values;
    int64_t present = 0;
    ARROW_RETURN_NOT_OK(presence().Read(count, valid.data(), 0, &present));
    ARROW_RETURN_NOT_OK(values_.Read(values.data(), present));
    kernels::Spread(values.data(), present, count, valid.data(), 0);
    kernels::Compact(values.data(), count, bits, offset, out);
    return validity->AddSelected(at, count, valid.data(), bits, offset);
  }

  Result<std::shared_ptr<arrow::Array>> Finish(int64_t rows, std::shared_ptr<arrow::Buffer> buffer,
                                               Validity* validity) {
    const int64_t nulls = validity->nulls();
    return arrow::MakeArray(
        arrow::ArrayData::Make(type(), rows, {validity->Finish(), std::move(buffer)}, nulls));
  }

  Status SetDictionary(const parquet::DictionaryPage& page) override {
    return values_.SetDictionary(page, descriptor(), pool());
  }
  Status SetValues(parquet::Encoding::type encoding, const uint8_t* data, int bytes,
                   int rows) override {
    return values_.SetData(encoding, data, bytes, rows, descriptor(), pool());
  }
  Status SkipValues(int64_t values) override { return values_.Skip(values); }

  Values values_;
};

// The same, with rows of pages by dictionary as indices.
template <typename DType, typename Out>
class CodedColumn final : public AheadColumn {
 public:
  CodedColumn(ColumnPlace place, ColumnOptions options, arrow::MemoryPool* pool)
      : AheadColumn(std::move(place), options, pool) {}

 private:
  Result<std::shared_ptr<arrow::Array>> DecodeAhead(int64_t rows, int64_t) override {
    ARROW_RETURN_NOT_OK(Advance());
    if (values_.by_dictionary()) {
      ARROW_ASSIGN_OR_RAISE(auto data, DecodeForm<int32_t>(rows, [&](int32_t* out, int64_t count) {
                              return values_.ReadIndices(out, count);
                            }));
      data->type = arrow::dictionary(arrow::int32(), type());
      data->dictionary = dictionary_;
      return arrow::MakeArray(std::move(data));
    }
    ARROW_ASSIGN_OR_RAISE(auto data, DecodeForm<Out>(rows, [&](Out* out, int64_t count) {
                            return values_.Read(out, count);
                          }));
    return arrow::MakeArray(std::move(data));
  }

  // Rows up to a page of another form.
  template <typename Value, typename Read>
  Result<std::shared_ptr<arrow::ArrayData>> DecodeForm(int64_t rows, Read&& read) {
    const bool by_dictionary = values_.by_dictionary();
    ARROW_ASSIGN_OR_RAISE(
        std::shared_ptr<arrow::Buffer> buffer,
        arrow::AllocateBuffer(rows * static_cast<int64_t>(sizeof(Value)), pool()));
    auto* const out = reinterpret_cast<Value*>(buffer->mutable_data());
    Validity validity(rows, pool());
    ARROW_ASSIGN_OR_RAISE(const int64_t done, DecodeRows(rows, out, &validity, read, [&] {
                            return values_.by_dictionary() == by_dictionary;
                          }));
    const int64_t nulls = validity.nulls();
    return arrow::ArrayData::Make(type(), done, {validity.Finish(), std::move(buffer)}, nulls);
  }

  Status SetDictionary(const parquet::DictionaryPage& page) override {
    ARROW_RETURN_NOT_OK(values_.SetDictionary(page, descriptor(), pool()));
    dictionary_ = arrow::ArrayData::Make(type(), values_.dictionary_length(),
                                         {nullptr, values_.dictionary()}, 0);
    return Status::OK();
  }
  Status SetValues(parquet::Encoding::type encoding, const uint8_t* data, int bytes,
                   int rows) override {
    return values_.SetData(encoding, data, bytes, rows, descriptor(), pool());
  }
  Status SkipValues(int64_t values) override { return values_.Skip(values); }

  FixedValues<DType, Out> values_;
  std::shared_ptr<arrow::ArrayData> dictionary_;
};

template <typename DType, typename Out = typename DType::c_type>
std::unique_ptr<WindowColumn> Make(ColumnPlace place, const ColumnOptions& options,
                                   arrow::MemoryPool* pool) {
  if (options.by_dictionary) {
    return std::make_unique<CodedColumn<DType, Out>>(std::move(place), options, pool);
  }
  return std::make_unique<FixedColumn<DType, Out>>(std::move(place), options, pool);
}

}  // namespace

std::unique_ptr<WindowColumn> MakeFixedColumn(parquet::Type::type physical, ColumnPlace place,
                                              const ColumnOptions& options,
                                              arrow::MemoryPool* pool) {
  const arrow::DataType& type =
      *place.file->columns()[static_cast<size_t>(place.column)].field->type();
  switch (physical) {
    case parquet::Type::INT32:
      switch (type.byte_width()) {
        case 1: return Make<parquet::Int32Type, int8_t>(std::move(place), options, pool);
        case 2: return Make<parquet::Int32Type, int16_t>(std::move(place), options, pool);
        case 16: return Make<parquet::Int32Type, WideDecimal>(std::move(place), options, pool);
        default: return Make<parquet::Int32Type>(std::move(place), options, pool);
      }
    case parquet::Type::INT64:
      if (type.byte_width() == 16) {
        return Make<parquet::Int64Type, WideDecimal>(std::move(place), options, pool);
      }
      return Make<parquet::Int64Type>(std::move(place), options, pool);
    case parquet::Type::FLOAT: return Make<parquet::FloatType>(std::move(place), options, pool);
    default: return Make<parquet::DoubleType>(std::move(place), options, pool);
  }
}

}  // namespace headrace::scan
