#pragma once

#include <cstdint>
#include <memory>

#include <arrow/array.h>

#include "headrace/status.h"
#include "shape/pool_vector.h"
#include "shape/value_table.h"

namespace headrace::shape {

/// Numbers the values of a column that comes by dictionary, from 0 on, those that rows have only. A
/// dictionary's values are looked up once, when it is first seen; after that a row costs two loads.
///
///   index ──▶ value_of_index ──▶ number in values_ ──▶ group_of_value ──▶ group
///     └────────────────── group_of_index, filled on demand ────────────────▲
class DictionaryKey {
 public:
  static Result<std::unique_ptr<DictionaryKey>> Make(
      const std::shared_ptr<arrow::DataType>& value_type, arrow::MemoryPool* pool);

  /// `column` is a dictionary array, or a plain one of the value type.
  Status Number(const std::shared_ptr<arrow::Array>& column, uint32_t* groups);

  int64_t num_groups() const { return num_groups_; }
  /// The value of each group.
  Result<std::shared_ptr<arrow::Array>> Values();
  int64_t bytes() const;

 private:
  DictionaryKey(std::unique_ptr<ValueTable> values, arrow::MemoryPool* pool);

  Status NumberPlain(const std::shared_ptr<arrow::Array>& column, uint32_t* groups);
  Status TakeDictionary(const arrow::DictionaryArray& column);
  Status NumberNull(const arrow::DictionaryArray& column);
  Status RoomForGroups();
  bool HasTaken(const arrow::DictionaryArray& column) const;

  std::unique_ptr<ValueTable> values_;
  arrow::MemoryPool* pool_;
  std::shared_ptr<arrow::ArrayData> dictionary_;  // that the maps by index are of
  PoolVector<uint32_t> value_of_index_;           // the last entry is null's
  PoolVector<uint32_t> group_of_index_;
  PoolVector<uint32_t> group_of_value_;
  PoolVector<uint32_t> value_of_group_;
  PoolVector<uint32_t> scratch_;
  uint32_t num_groups_ = 0;
};

}  // namespace headrace::shape
