#include "scan/row_mask.h"

#include <utility>

#include <arrow/array/array_dict.h>
#include <arrow/array/array_primitive.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/buffer.h>
#include <arrow/compute/api_vector.h>
#include <arrow/compute/exec.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/util/bit_util.h>
#include <arrow/util/bitmap_ops.h>

#include "expr/filter.h"
#include "scan/dictionary_rows.h"

namespace headrace::scan {
namespace {

using Arrays = std::vector<std::shared_ptr<arrow::Array>>;

// Null is not true: the bits that are set and valid, from bit 0 on.
Result<std::shared_ptr<arrow::BooleanArray>> OnlyTrue(std::shared_ptr<arrow::BooleanArray> mask,
                                                      arrow::MemoryPool* pool) {
  if (mask->null_count() == 0) return mask;
  ARROW_ASSIGN_OR_RAISE(
      auto bits,
      arrow::internal::BitmapAnd(pool, mask->values()->data(), mask->offset(),
                                 mask->null_bitmap_data(), mask->offset(), mask->length(), 0));
  return std::make_shared<arrow::BooleanArray>(mask->length(), std::move(bits));
}

Result<std::shared_ptr<arrow::Array>> EachValueAndNull(const std::shared_ptr<arrow::Array>& values,
                                                       arrow::MemoryPool* pool) {
  arrow::Int32Builder indices(pool);
  ARROW_RETURN_NOT_OK(indices.Reserve(values->length() + 1));
  for (int64_t i = 0; i < values->length(); ++i) indices.UnsafeAppend(static_cast<int32_t>(i));
  indices.UnsafeAppendNull();
  ARROW_ASSIGN_OR_RAISE(auto each, indices.Finish());
  return arrow::DictionaryArray::FromArrays(arrow::dictionary(arrow::int32(), values->type()),
                                            std::move(each), values);
}

int64_t FirstSet(const arrow::BooleanArray& mask) {
  for (int64_t i = 0; i < mask.length(); ++i) {
    if (mask.Value(i)) return i;
  }
  return mask.length();
}

int64_t EndOfSet(const arrow::BooleanArray& mask) {
  for (int64_t i = mask.length(); i > 0; --i) {
    if (mask.Value(i - 1)) return i;
  }
  return 0;
}

}  // namespace

// What a conjunct says of each value of a dictionary, and last of null.
struct RowFilter::Verdicts {
  std::shared_ptr<arrow::ArrayData> dictionary;  // kept, so that no other gets its address
  std::vector<uint8_t> of_value;
};

RowFilter::RowFilter(std::shared_ptr<const ReadPlan> plan, arrow::MemoryPool* pool)
    : plan_(std::move(plan)), pool_(pool), verdicts_(plan_->filter.size()) {}

RowFilter::~RowFilter() = default;

Result<std::shared_ptr<arrow::BooleanArray>> RowFilter::Evaluate(const ReadPlan::Conjunct& conjunct,
                                                                 const Arrays& columns,
                                                                 int64_t rows) {
  arrow::FieldVector fields;
  Arrays arrays;
  for (const int field : conjunct.fields) {
    const auto& wanted = plan_->fields[static_cast<size_t>(field)];
    auto array = columns[static_cast<size_t>(field)];
    if (wanted->type()->id() != arrow::Type::DICTIONARY) {
      ARROW_ASSIGN_OR_RAISE(array, DecodeDictionary(array, pool_));
    }
    fields.push_back(wanted);
    arrays.push_back(std::move(array));
  }
  const auto batch =
      arrow::RecordBatch::Make(arrow::schema(std::move(fields)), rows, std::move(arrays));
  ARROW_ASSIGN_OR_RAISE(auto mask, expr::FilterMask(conjunct.expression, *batch, pool_));
  return OnlyTrue(std::move(mask), pool_);
}

Result<std::shared_ptr<arrow::BooleanArray>> RowFilter::LookUp(
    size_t conjunct, const arrow::DictionaryArray& column) {
  Verdicts& verdicts = verdicts_[conjunct];
  if (verdicts.dictionary != column.data()->dictionary) {
    const auto& values = column.dictionary();
    // Each of them once, and null, as a column by this dictionary.
    ARROW_ASSIGN_OR_RAISE(auto cases, EachValueAndNull(values, pool_));
    Arrays columns(plan_->fields.size());
    columns[static_cast<size_t>(plan_->filter[conjunct].fields.front())] = cases;
    ARROW_ASSIGN_OR_RAISE(auto mask, Evaluate(plan_->filter[conjunct], columns, cases->length()));
    verdicts.of_value.resize(static_cast<size_t>(cases->length()));
    for (int64_t i = 0; i < cases->length(); ++i) {
      verdicts.of_value[static_cast<size_t>(i)] = mask->Value(i);
    }
    verdicts.dictionary = column.data()->dictionary;
  }
  const int64_t rows = column.length();
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> bits, arrow::AllocateBitmap(rows, pool_));
  const auto& indices = static_cast<const arrow::Int32Array&>(*column.indices());
  const int32_t* index = indices.raw_values();
  const uint8_t* of_value = verdicts.of_value.data();
  const uint8_t of_null = verdicts.of_value.back();
  if (column.null_count() == 0) {
    arrow::internal::GenerateBitsUnrolled(bits->mutable_data(), 0, rows,
                                          [&] { return of_value[*index++] != 0; });
  } else {
    int64_t row = 0;
    arrow::internal::GenerateBitsUnrolled(bits->mutable_data(), 0, rows, [&] {
      const bool valid = column.IsValid(row);
      return (valid ? of_value[index[row++]] : (++row, of_null)) != 0;
    });
  }
  return std::make_shared<arrow::BooleanArray>(rows, std::move(bits));
}

Result<RowMask> RowFilter::Decide(const Arrays& columns, int64_t rows) {
  RowMask mask;
  for (size_t i = 0; i < plan_->filter.size(); ++i) {
    const auto& conjunct = plan_->filter[i];
    std::shared_ptr<arrow::BooleanArray> some;
    const auto& first =
        conjunct.fields.empty() ? nullptr : columns[static_cast<size_t>(conjunct.fields.front())];
    if (conjunct.fields.size() == 1 && first->type_id() == arrow::Type::DICTIONARY) {
      ARROW_ASSIGN_OR_RAISE(some, LookUp(i, static_cast<const arrow::DictionaryArray&>(*first)));
    } else {
      ARROW_ASSIGN_OR_RAISE(some, Evaluate(conjunct, columns, rows));
    }
    if (mask.rows == nullptr) {
      mask.rows = std::move(some);
      continue;
    }
    ARROW_ASSIGN_OR_RAISE(auto both, arrow::internal::BitmapAnd(
                                         pool_, mask.rows->values()->data(), mask.rows->offset(),
                                         some->values()->data(), some->offset(), rows, 0));
    mask.rows = std::make_shared<arrow::BooleanArray>(rows, std::move(both));
  }
  mask.end = EndOfSet(*mask.rows);
  mask.first = mask.end == 0 ? 0 : FirstSet(*mask.rows);
  return mask;
}

}  // namespace headrace::scan
