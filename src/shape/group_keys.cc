#include "shape/group_keys.h"

#include <utility>

#include <arrow/array.h>
#include <arrow/compute/api_vector.h>
#include <arrow/compute/exec.h>
#include <arrow/type.h>
#include <arrow/util/checked_cast.h>

namespace headrace::shape {
namespace {

namespace cp = arrow::compute;

}  // namespace

// Of several keys, those that come by dictionary are numbers by the time they get into the table.
Result<std::unique_ptr<GroupKeys>> GroupKeys::Make(
    const std::vector<std::shared_ptr<arrow::DataType>>& types, arrow::MemoryPool* pool) {
  auto keys = std::unique_ptr<GroupKeys>(new GroupKeys(pool));
  std::vector<std::shared_ptr<arrow::DataType>> columns;
  for (const auto& type : types) {
    keys->dictionaries_.emplace_back();
    columns.push_back(type);
    if (type->id() != arrow::Type::DICTIONARY) continue;
    const auto& values =
        arrow::internal::checked_cast<const arrow::DictionaryType&>(*type).value_type();
    ARROW_ASSIGN_OR_RAISE(keys->dictionaries_.back(), DictionaryKey::Make(values, pool));
    columns.back() = arrow::uint32();
  }
  const bool single_dictionary = types.size() == 1 && keys->dictionaries_[0] != nullptr;
  if (!types.empty() && !single_dictionary) {
    ARROW_ASSIGN_OR_RAISE(keys->table_, ValueTable::Make(columns, pool));
  }
  return keys;
}

Result<std::shared_ptr<arrow::Array>> GroupKeys::Code(size_t key,
                                                      const std::shared_ptr<arrow::Array>& column) {
  if (dictionaries_[key] == nullptr) return column;
  uint32_t* codes = codes_.data() + static_cast<int64_t>(key) * column->length();
  ARROW_RETURN_NOT_OK(dictionaries_[key]->Number(column, codes));
  return std::make_shared<arrow::UInt32Array>(
      column->length(), arrow::Buffer::Wrap(codes, static_cast<size_t>(column->length())));
}

Result<const uint32_t*> GroupKeys::Number(const arrow::ArrayVector& columns) {
  if (columns.empty()) return nullptr;
  const int64_t rows = columns[0]->length();
  ARROW_RETURN_NOT_OK(groups_.ResizeUninitialized(rows + 1));  // never null
  if (table_ == nullptr) {
    ARROW_RETURN_NOT_OK(dictionaries_[0]->Number(columns[0], groups_.data()));
    return groups_.data();
  }
  ARROW_RETURN_NOT_OK(codes_.ResizeUninitialized(rows * static_cast<int64_t>(columns.size())));
  arrow::ArrayVector coded;
  for (size_t i = 0; i < columns.size(); ++i) {
    ARROW_ASSIGN_OR_RAISE(auto column, Code(i, columns[i]));
    coded.push_back(std::move(column));
  }
  ARROW_RETURN_NOT_OK(table_->Number(coded, groups_.data()));
  return groups_.data();
}

int64_t GroupKeys::num_groups() const {
  if (table_ != nullptr) return table_->size();
  return dictionaries_.empty() ? 1 : dictionaries_[0]->num_groups();
}

Result<arrow::ArrayVector> GroupKeys::Values() {
  if (dictionaries_.empty()) return arrow::ArrayVector{};
  if (table_ == nullptr) {
    ARROW_ASSIGN_OR_RAISE(auto values, dictionaries_[0]->Values());
    return arrow::ArrayVector{std::move(values)};
  }
  ARROW_ASSIGN_OR_RAISE(arrow::ArrayVector columns, table_->Values());
  for (size_t i = 0; i < columns.size(); ++i) {
    if (dictionaries_[i] == nullptr) continue;
    ARROW_ASSIGN_OR_RAISE(const auto values, dictionaries_[i]->Values());
    cp::ExecContext context(pool_, nullptr);
    ARROW_ASSIGN_OR_RAISE(const arrow::Datum taken,
                          cp::Take(values, columns[i], cp::TakeOptions::NoBoundsCheck(), &context));
    columns[i] = taken.make_array();
  }
  return columns;
}

int64_t GroupKeys::bytes() const {
  int64_t bytes = groups_.bytes() + codes_.bytes() + (table_ != nullptr ? table_->bytes() : 0);
  for (const auto& key : dictionaries_) bytes += key != nullptr ? key->bytes() : 0;
  return bytes;
}

}  // namespace headrace::shape
