#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <arrow/type_fwd.h>

#include "headrace/status.h"
#include "shape/dictionary_key.h"
#include "shape/pool_vector.h"
#include "shape/value_table.h"

namespace headrace::shape {

/// Numbers the groups of rows with equal keys, from 0 on. Equality is that of ValueTable. Without
/// keys there is one group, also of no rows.
class GroupKeys {
 public:
  /// `types` as the rows have them, dictionaries included.
  static Result<std::unique_ptr<GroupKeys>> Make(
      const std::vector<std::shared_ptr<arrow::DataType>>& types, arrow::MemoryPool* pool);

  /// The group of each row, valid until the next call; null without keys. Columns that come by
  /// dictionary may also come plain.
  Result<const uint32_t*> Number(const arrow::ArrayVector& columns);

  int64_t num_groups() const;
  /// The key columns of the groups, dictionaries decoded.
  Result<arrow::ArrayVector> Values();
  int64_t bytes() const;

 private:
  explicit GroupKeys(arrow::MemoryPool* pool) : pool_(pool), groups_(pool), codes_(pool) {}

  Result<std::shared_ptr<arrow::Array>> Code(size_t key,
                                             const std::shared_ptr<arrow::Array>& column);

  arrow::MemoryPool* pool_;
  std::vector<std::unique_ptr<DictionaryKey>> dictionaries_;  // one for each key; null: plain
  std::unique_ptr<ValueTable> table_;  // of plain values and codes; null if a single key needs none
  PoolVector<uint32_t> groups_;
  PoolVector<uint32_t> codes_;
};

}  // namespace headrace::shape
