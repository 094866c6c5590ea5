#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include <arrow/compute/expression.h>

namespace headrace::expr {

/// What is known of a column in a stretch of rows (a row group, a page). Everything may be absent.
struct ColumnFacts {
  std::optional<int64_t> num_rows;
  std::optional<int64_t> null_count;
  /// min <= every value <= max, nulls and NaN aside; in the column's type, or of a dictionary's
  /// values (strings in any layout). Bounds in another type, NaN ones, and a min beyond the max are
  /// not used at all.
  std::shared_ptr<arrow::Scalar> min;
  std::shared_ptr<arrow::Scalar> max;
  /// Whether a row holds min and a row holds max: false for string bounds that were cut short.
  /// PossibleOutcomes() does not need it; who answers min(x) from statistics does.
  bool exact_bounds = false;
  /// Matters for floats only.
  bool may_have_nan = true;
  /// Whether a value may be among the rows: a Bloom filter or a dictionary. Asked with values of
  /// the column's type (of a dictionary's values), never with null or NaN. False only if no row is
  /// equal to it.
  std::function<bool(const arrow::Scalar&)> may_contain;
};

/// The facts of a column, or null. `path` has one name for a column, more for a nested field; there
/// a null struct makes a null field.
using FactsOf = std::function<const ColumnFacts*(std::span<const std::string> path)>;

/// A set of truth values.
class Outcomes {
 public:
  enum Value : uint8_t { kTrue = 1, kFalse = 2, kNull = 4 };

  constexpr Outcomes() = default;
  constexpr explicit Outcomes(int bits) : bits_(static_cast<uint8_t>(bits)) {}
  static constexpr Outcomes All() { return Outcomes(kTrue | kFalse | kNull); }

  constexpr bool Has(Value value) const { return (bits_ & value) != 0; }
  constexpr bool IsOnly(Value value) const { return bits_ == value; }
  constexpr void Add(Value value) { bits_ |= value; }
  constexpr bool operator==(const Outcomes&) const = default;

 private:
  uint8_t bits_ = 0;
};

/// The truth values that a bound filter can have in any of the rows that the facts are of. Sound:
/// a value that is not in the set occurs in no row. Without kTrue the rows need not be read; with
/// kTrue alone they need not be filtered. It may be empty if there are no rows. What it does not
/// understand can be anything. Requires: ParseFilter() or BindFilter() made the filter. Linear in
/// it.
Outcomes PossibleOutcomes(const arrow::compute::Expression& filter, const FactsOf& facts_of);

}  // namespace headrace::expr
