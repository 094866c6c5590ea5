#include "shape/grouping.h"

#include <utility>

#include <arrow/array.h>
#include <arrow/compute/api_vector.h>
#include <arrow/compute/cast.h>
#include <arrow/compute/exec.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include "headrace/error_code.h"
#include "shape/pool_vector.h"

namespace headrace::shape {
namespace {

namespace cp = arrow::compute;

// Rows whose group numbers and values stay in the second-level cache from pass to pass.
constexpr int64_t kSliceRows = 1 << 15;

Result<std::shared_ptr<arrow::Array>> CastTo(const std::shared_ptr<arrow::Array>& array,
                                             const std::shared_ptr<arrow::DataType>& type,
                                             arrow::MemoryPool* pool) {
  if (array->type()->Equals(*type)) return array;
  cp::ExecContext context(pool, nullptr);
  cp::CastOptions options = cp::CastOptions::Unsafe(type);  // a decimal is rounded to a double
  ARROW_ASSIGN_OR_RAISE(const arrow::Datum cast, cp::Cast(array, options, &context));
  return cast.make_array();
}

// Dictionaries may have nulls inside; an array of the values says which rows are null.
Result<std::shared_ptr<arrow::Array>> Decode(const std::shared_ptr<arrow::Array>& array,
                                             arrow::MemoryPool* pool) {
  if (array->type_id() != arrow::Type::DICTIONARY) return array;
  const auto& encoded = static_cast<const arrow::DictionaryArray&>(*array);
  cp::ExecContext context(pool, nullptr);
  ARROW_ASSIGN_OR_RAISE(const arrow::Datum values,
                        cp::Take(encoded.dictionary(), encoded.indices(),
                                 cp::TakeOptions::NoBoundsCheck(), &context));
  return values.make_array();
}

// Arrow sorts no halves and no short decimals.
std::shared_ptr<arrow::DataType> SortedType(const std::shared_ptr<arrow::DataType>& type) {
  if (type->id() == arrow::Type::HALF_FLOAT) return arrow::float32();
  if (type->id() != arrow::Type::DECIMAL32 && type->id() != arrow::Type::DECIMAL64) return type;
  const auto& decimal = static_cast<const arrow::DecimalType&>(*type);
  return arrow::decimal128(decimal.precision(), decimal.scale());
}

Result<arrow::ArrayVector> SortRows(arrow::ArrayVector columns, size_t num_keys,
                                    arrow::MemoryPool* pool) {
  const int64_t rows = columns[0]->length();
  // As much as the sort takes beside the indices, and not from the pool.
  PoolVector<int64_t> scratch(pool);
  ARROW_RETURN_NOT_OK(scratch.Reserve(rows));
  arrow::FieldVector fields;
  arrow::ArrayVector keys;
  std::vector<cp::SortKey> order;
  for (size_t i = 0; i < num_keys; ++i) {
    if (columns[i]->type_id() == arrow::Type::NA) continue;  // one group, in no order
    ARROW_ASSIGN_OR_RAISE(auto key, CastTo(columns[i], SortedType(columns[i]->type()), pool));
    fields.push_back(arrow::field(std::to_string(i), key->type()));
    keys.push_back(std::move(key));
    order.emplace_back(arrow::FieldRef(std::to_string(i)));
  }
  if (keys.empty()) return columns;
  const auto batch = arrow::RecordBatch::Make(arrow::schema(fields), rows, keys);
  cp::ExecContext context(pool, nullptr);
  ARROW_ASSIGN_OR_RAISE(const auto indices,
                        cp::SortIndices(batch, cp::SortOptions(order), &context));
  for (auto& column : columns) {
    ARROW_ASSIGN_OR_RAISE(const arrow::Datum sorted,
                          cp::Take(column, indices, cp::TakeOptions::NoBoundsCheck(), &context));
    column = sorted.make_array();
  }
  return columns;
}

}  // namespace

Result<std::unique_ptr<Grouping>> Grouping::Make(const BoundAggregation& bound, int64_t max_groups,
                                                 arrow::MemoryPool* pool) {
  auto grouping = std::unique_ptr<Grouping>(new Grouping(bound, max_groups, pool));
  ARROW_ASSIGN_OR_RAISE(grouping->keys_, GroupKeys::Make(bound.key_types, pool));
  for (const BoundAggregation::State& state : bound.states) {
    const auto type = state.input < 0 ? nullptr : bound.inputs[state.input].type;
    ARROW_ASSIGN_OR_RAISE(auto made, MakeAccumulator(state.kind, type, pool));
    grouping->states_.push_back(std::move(made));
  }
  ARROW_RETURN_NOT_OK(grouping->RoomForGroups());
  return grouping;
}

Status Grouping::RoomForGroups() {
  const int64_t groups = num_groups();
  if (groups > max_groups_) {
    return MakeError(ErrorCode::kTooLarge,
                     fmt::format("there are more than {} groups", max_groups_));
  }
  for (const auto& state : states_) ARROW_RETURN_NOT_OK(state->Resize(groups));
  return Status::OK();
}

Result<std::shared_ptr<arrow::Array>> Grouping::InputOf(const arrow::RecordBatch& rows,
                                                        const BoundAggregation::Input& input) {
  ARROW_ASSIGN_OR_RAISE(const auto values, Decode(rows.column(input.column), pool_));
  return CastTo(values, input.type, pool_);
}

Status Grouping::Add(const arrow::RecordBatch& batch) {
  for (int64_t row = 0; row < batch.num_rows(); row += kSliceRows) {
    if (batch.num_rows() <= kSliceRows) return AddSlice(batch);
    ARROW_RETURN_NOT_OK(AddSlice(*batch.Slice(row, kSliceRows)));
  }
  return Status::OK();
}

Status Grouping::AddSlice(const arrow::RecordBatch& rows) {
  arrow::ArrayVector keys;
  for (size_t i = 0; i < bound_.keys.size(); ++i) {
    std::shared_ptr<arrow::Array> key = rows.column(bound_.keys[i]);
    if (arrow::is_binary_view_like(key->type_id())) {
      ARROW_ASSIGN_OR_RAISE(key, CastTo(key, bound_.key_types[i], pool_));
    }
    keys.push_back(std::move(key));
  }
  ARROW_ASSIGN_OR_RAISE(const uint32_t* groups, keys_->Number(keys));
  ARROW_RETURN_NOT_OK(RoomForGroups());
  arrow::ArrayVector inputs;
  for (const BoundAggregation::Input& input : bound_.inputs) {
    ARROW_ASSIGN_OR_RAISE(auto values, InputOf(rows, input));
    inputs.push_back(std::move(values));
  }
  for (size_t i = 0; i < states_.size(); ++i) {
    const int input = bound_.states[i].input;
    if (input >= 0) {
      ARROW_RETURN_NOT_OK(states_[i]->Add(*inputs[input], groups));
    } else {
      ARROW_RETURN_NOT_OK(states_[i]->Add(arrow::NullArray(rows.num_rows()), groups));
    }
  }
  num_rows_ += rows.num_rows();
  return Status::OK();
}

Status Grouping::Merge(Grouping* other) {
  PoolVector<uint32_t> groups(pool_);
  if (!bound_.keys.empty()) {
    ARROW_RETURN_NOT_OK(groups.ResizeUninitialized(other->num_groups() + 1));  // never null
    ARROW_ASSIGN_OR_RAISE(const arrow::ArrayVector keys, other->keys_->Values());
    for (int64_t row = 0; row < other->num_groups(); row += kSliceRows) {
      arrow::ArrayVector slice;
      for (const auto& key : keys) slice.push_back(key->Slice(row, kSliceRows));
      ARROW_ASSIGN_OR_RAISE(const uint32_t* here, keys_->Number(slice));
      std::copy(here, here + slice[0]->length(), groups.data() + row);
    }
  }
  ARROW_RETURN_NOT_OK(RoomForGroups());
  for (size_t i = 0; i < states_.size(); ++i) {
    ARROW_RETURN_NOT_OK(states_[i]->Merge(other->states_[i].get(), groups.data()));
    other->states_[i].reset();
  }
  num_rows_ += other->num_rows_;
  return Status::OK();
}

Result<std::shared_ptr<arrow::RecordBatch>> Grouping::Finish() {
  const int64_t rows = num_groups();
  ARROW_ASSIGN_OR_RAISE(arrow::ArrayVector columns, keys_->Values());
  std::vector<int> uses(states_.size());
  for (const auto& answer : bound_.answers) ++uses[answer.state];
  for (size_t i = 0; i < bound_.answers.size(); ++i) {
    const auto& [aggregate, state] = bound_.answers[i];
    ARROW_ASSIGN_OR_RAISE(const auto values, states_[state]->Finish(aggregate));
    if (--uses[state] == 0) states_[state].reset();
    const auto& field = bound_.schema->field(static_cast<int>(bound_.keys.size() + i));
    ARROW_ASSIGN_OR_RAISE(auto column, CastTo(values, field->type(), pool_));
    columns.push_back(std::move(column));
  }
  if (rows > 1) {
    ARROW_ASSIGN_OR_RAISE(columns, SortRows(std::move(columns), bound_.keys.size(), pool_));
  }
  return arrow::RecordBatch::Make(bound_.schema, rows, std::move(columns));
}

int64_t Grouping::bytes() const {
  int64_t bytes = keys_->bytes();
  for (const auto& state : states_) bytes += state != nullptr ? state->bytes() : 0;
  return bytes;
}

}  // namespace headrace::shape
