#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <arrow/type_fwd.h>

#include "headrace/status.h"

namespace headrace::shape {

/// Gives each different row of some columns a number, from 0 on. Null is a value like others; so is
/// NaN, of which there is one, and -0.0 is 0.0. Memory is drawn from the pool. Thread rule: one
/// thread at a time.
class ValueTable {
 public:
  /// For columns of these types, none of them a dictionary. kNotImplemented for nested types.
  static Result<std::unique_ptr<ValueTable>> Make(
      const std::vector<std::shared_ptr<arrow::DataType>>& types, arrow::MemoryPool* pool);

  virtual ~ValueTable() = default;

  /// Writes the number of each row to `ids`. `columns` have the types of Make(), and one length.
  virtual Status Number(const arrow::ArrayVector& columns, uint32_t* ids) = 0;
  /// How many different rows there were.
  virtual int64_t size() const = 0;
  /// The rows in the order of their numbers.
  virtual Result<arrow::ArrayVector> Values() = 0;
  /// What the table holds, about.
  virtual int64_t bytes() const = 0;
};

/// A column of at most 64 bits a value: open addressing over the values.
bool FitsIntegerTable(const arrow::DataType& type);
Result<std::unique_ptr<ValueTable>> MakeIntegerTable(std::shared_ptr<arrow::DataType> type,
                                                     arrow::MemoryPool* pool);

/// Any columns, by Arrow's Grouper.
Result<std::unique_ptr<ValueTable>> MakeRowTable(
    const std::vector<std::shared_ptr<arrow::DataType>>& types, arrow::MemoryPool* pool);

}  // namespace headrace::shape
