#include "shape/dictionary_key.h"

#include <utility>

#include <arrow/array/util.h>
#include <arrow/compute/api_vector.h>
#include <arrow/compute/cast.h>
#include <arrow/compute/exec.h>
#include <arrow/type.h>
#include <arrow/util/checked_cast.h>

#include "headrace/error_code.h"
#include "kernels/aggregate/group_ids.h"

namespace headrace::shape {
namespace {

namespace cp = arrow::compute;
using kernels::kNoId;

constexpr int64_t kMostIndices = INT32_MAX - 1;

}  // namespace

DictionaryKey::DictionaryKey(std::unique_ptr<ValueTable> values, arrow::MemoryPool* pool)
    : values_(std::move(values)),
      pool_(pool),
      value_of_index_(pool),
      group_of_index_(pool),
      group_of_value_(pool),
      value_of_group_(pool),
      scratch_(pool) {}

Result<std::unique_ptr<DictionaryKey>> DictionaryKey::Make(
    const std::shared_ptr<arrow::DataType>& value_type, arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(auto values, ValueTable::Make({value_type}, pool));
  return std::unique_ptr<DictionaryKey>(new DictionaryKey(std::move(values), pool));
}

Status DictionaryKey::RoomForGroups() {
  ARROW_RETURN_NOT_OK(group_of_value_.Resize(values_->size(), kNoId));
  return value_of_group_.Resize(values_->size(), kNoId);
}

// Readers that slice a batch, or read it anew from a file's dictionary, give other objects with
// the same buffers.
bool DictionaryKey::HasTaken(const arrow::DictionaryArray& column) const {
  const auto& dictionary = column.data()->dictionary;
  return dictionary_ != nullptr &&
         (dictionary_ == dictionary ||
          (dictionary_->length == dictionary->length && dictionary_->offset == dictionary->offset &&
           dictionary_->buffers == dictionary->buffers));
}

Status DictionaryKey::TakeDictionary(const arrow::DictionaryArray& column) {
  const auto& dictionary = column.dictionary();
  if (dictionary->length() > kMostIndices) {
    return MakeError(ErrorCode::kTooLarge, "a dictionary has more than 2^31 values");
  }
  dictionary_.reset();
  ARROW_RETURN_NOT_OK(value_of_index_.Resize(dictionary->length() + 1));
  ARROW_RETURN_NOT_OK(values_->Number({dictionary}, value_of_index_.data()));
  value_of_index_[dictionary->length()] = kNoId;
  ARROW_RETURN_NOT_OK(group_of_index_.Resize(dictionary->length() + 1));
  std::fill(group_of_index_.data(), group_of_index_.data() + dictionary->length() + 1, kNoId);
  dictionary_ = column.data()->dictionary;
  return Status::OK();
}

Status DictionaryKey::NumberNull(const arrow::DictionaryArray& column) {
  uint32_t& value = value_of_index_[dictionary_->length];
  if (column.null_count() == 0 || value != kNoId) return Status::OK();
  ARROW_ASSIGN_OR_RAISE(const auto null,
                        arrow::MakeArrayOfNull(column.dictionary()->type(), 1, pool_));
  return values_->Number({null}, &value);
}

Status DictionaryKey::NumberPlain(const std::shared_ptr<arrow::Array>& column, uint32_t* groups) {
  ARROW_RETURN_NOT_OK(scratch_.ResizeUninitialized(column->length()));
  ARROW_RETURN_NOT_OK(values_->Number({column}, scratch_.data()));
  ARROW_RETURN_NOT_OK(RoomForGroups());
  kernels::GroupNumbers numbers{group_of_value_.data(), value_of_group_.data(), num_groups_};
  kernels::NumberRows(scratch_.data(), column->length(), &numbers, groups);
  num_groups_ = numbers.num_groups;
  return Status::OK();
}

Status DictionaryKey::Number(const std::shared_ptr<arrow::Array>& column, uint32_t* groups) {
  if (column->type_id() != arrow::Type::DICTIONARY) return NumberPlain(column, groups);
  const auto& encoded = arrow::internal::checked_cast<const arrow::DictionaryArray&>(*column);
  if (!HasTaken(encoded)) ARROW_RETURN_NOT_OK(TakeDictionary(encoded));
  ARROW_RETURN_NOT_OK(NumberNull(encoded));
  ARROW_RETURN_NOT_OK(RoomForGroups());
  std::shared_ptr<arrow::Array> indices = encoded.indices();
  if (indices->type_id() != arrow::Type::INT32) {
    cp::ExecContext context(pool_, nullptr);
    ARROW_ASSIGN_OR_RAISE(const arrow::Datum cast,
                          cp::Cast(indices, cp::CastOptions::Safe(arrow::int32()), &context));
    indices = cast.make_array();
  }
  kernels::GroupNumbers numbers{group_of_value_.data(), value_of_group_.data(), num_groups_};
  kernels::NumberDictionaryRows(
      {.indices = indices->data()->GetValues<int32_t>(1),
       .validity = indices->null_count() > 0 ? indices->null_bitmap_data() : nullptr,
       .validity_offset = indices->offset(),
       .rows = indices->length(),
       .null_index = static_cast<int32_t>(dictionary_->length)},
      value_of_index_.data(), group_of_index_.data(), &numbers, groups);
  num_groups_ = numbers.num_groups;
  return Status::OK();
}

Result<std::shared_ptr<arrow::Array>> DictionaryKey::Values() {
  ARROW_ASSIGN_OR_RAISE(const arrow::ArrayVector values, values_->Values());
  const arrow::UInt32Array groups(
      num_groups_, arrow::Buffer::Wrap(value_of_group_.data(), static_cast<size_t>(num_groups_)));
  cp::ExecContext context(pool_, nullptr);
  ARROW_ASSIGN_OR_RAISE(const arrow::Datum taken,
                        cp::Take(values[0], groups, cp::TakeOptions::NoBoundsCheck(), &context));
  return taken.make_array();
}

int64_t DictionaryKey::bytes() const {
  return values_->bytes() + value_of_index_.bytes() + group_of_index_.bytes() +
         group_of_value_.bytes() + value_of_group_.bytes() + scratch_.bytes();
}

}  // namespace headrace::shape
