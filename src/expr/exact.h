#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <arrow/util/decimal.h>

namespace arrow {
class DataType;
struct Scalar;
}  // namespace arrow

namespace headrace::expr {

/// A literal as value / 10^scale: of numbers the number, of dates and timestamps seconds since 1970
/// in UTC, of times seconds since midnight. An infinity, and what 76 digits cannot hold, is a
/// number beyond every grid; what is nearer to zero than every grid's step keeps its sign.
struct Exact {
  arrow::Decimal256 value;
  int32_t scale = 0;
};

/// None for NaN, null and types without an exact value.
std::optional<Exact> ExactOf(const arrow::Scalar& literal);

/// The values that a type can hold, evenly spaced: integers, decimals, dates, times, timestamps.
class Grid {
 public:
  /// None for types that are no grid (floats, strings, booleans, nested).
  static std::optional<Grid> Of(const std::shared_ptr<arrow::DataType>& type);

  enum class Place : uint8_t { kBelow, kInside, kAbove };
  struct Position {
    Place place = Place::kInside;
    bool on_grid = true;      ///< else strictly between `floor` and the next
    arrow::Decimal256 floor;  ///< steps from zero; Requires: kInside
  };
  /// Where the literal lies. kInside also between the largest value and the next one would be.
  Position Locate(const Exact& exact) const;

  std::shared_ptr<arrow::Scalar> ScalarOf(const arrow::Decimal256& steps) const;
  const arrow::Decimal256& min() const { return min_; }

 private:
  std::shared_ptr<arrow::DataType> type_;
  arrow::Decimal256 min_;
  arrow::Decimal256 max_;
  int32_t scale_ = 0;
  bool days_ = false;  // a step is a day
};

/// A comparison of a column with a literal, said in the column's own type. `function` is Arrow's
/// ("less"). Without a value the column is compared with itself: x = x is what must always be true
/// and x <> x what never can, both null for null.
struct GridComparison {
  std::string function;
  std::shared_ptr<arrow::Scalar> value;
};
GridComparison CompareOnGrid(const Grid& grid, const std::string& function, const Exact& literal);

/// The literal in the grid's type; null if the type does not hold it exactly.
std::shared_ptr<arrow::Scalar> ScalarOnGrid(const Grid& grid, const Exact& literal);

}  // namespace headrace::expr
