#pragma once

#include <deque>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "headrace/row_batch.h"

namespace headrace::testing {

/// Rows for tests, written as they read: Rows({{{"a", 1}, {"b", "x"}}, {{"a", 2.5}}}).
/// Owns names and strings. Movable is not needed and not given.
class Rows {
 public:
  struct Value {
    Value(int v) : cell(Cell::Int64(v)) {}           // NOLINT: implicit on purpose
    Value(int64_t v) : cell(Cell::Int64(v)) {}       // NOLINT
    Value(double v) : cell(Cell::Double(v)) {}       // NOLINT
    Value(bool v) : cell(Cell::Bool(v)) {}           // NOLINT
    Value(const char* v) : cell(Cell::String(v)) {}  // NOLINT
    Value(std::nullptr_t) : cell(Cell::Null()) {}    // NOLINT
    Value(Cell v) : cell(v) {}                       // NOLINT
    Cell cell;
  };
  using Row = std::initializer_list<std::pair<const char*, Value>>;

  Rows(std::initializer_list<Row> rows) {
    for (const Row& row : rows) {
      batch_.BeginRow();
      for (const auto& [name, value] : row) batch_.Set(name, value.cell);
    }
    batch_.Seal();
  }

  operator const RowBatch&() const noexcept { return batch_; }  // NOLINT: a batch literal

 private:
  RowBatch batch_;
};

}  // namespace headrace::testing
