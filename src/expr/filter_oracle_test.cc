#include <random>
#include <string>
#include <vector>

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "expr/filter.h"
#include "expr/random_filter.h"
#include "headrace/error_code.h"

namespace headrace::expr {
namespace {

using ValueKind = OracleValue::Kind;

std::string Show(const OracleValue& value) {
  return value.kind == ValueKind::kNull ? "null" : value.boolean ? "true" : "false";
}

std::string Show(const arrow::BooleanArray& mask, int64_t row) {
  return mask.IsNull(row) ? "null" : mask.Value(row) ? "true" : "false";
}

/// A filter of the generator is right for every row, in all the ways that it can be had.
void CheckRows(uint32_t seed, int64_t num_rows, int depth) {
  RandomRows rows(seed, num_rows);
  const OracleTerm term = rows.Condition(depth);
  RC_LOG() << "filter: " << term.text << "\n" << rows.batch()->ToString();
  const auto filter = ParseFilter(term.text, *rows.batch()->schema());
  if (!filter.ok()) RC_FAIL(filter.status().ToString());
  const auto mask = FilterMask(*filter, *rows.batch(), arrow::default_memory_pool());
  if (!mask.ok()) RC_FAIL(mask.status().ToString());
  RC_ASSERT((*mask)->length() == num_rows);
  for (int64_t row = 0; row < num_rows; ++row) {
    RC_LOG() << "row " << row << "\n";
    RC_ASSERT(Show(**mask, row) == Show(term.value(row)));
  }
}

RC_GTEST_PROP(FilterOracle, MasksAreWhatTheNaiveLoopGives, (uint32_t seed)) {
  CheckRows(seed, *rc::gen::inRange(0, 12), *rc::gen::inRange(0, 4));
}

// As many seeds again in one go: the generator is cheap, and rare types meet rarely.
TEST(FilterOracle, MasksOfManySeedsAreRight) {
  std::random_device device;
  const uint32_t first = device();
  RecordProperty("first_seed", std::to_string(first));
  for (uint32_t seed = first; seed != first + 3000; ++seed) {
    RandomRows rows(seed, 6);
    const OracleTerm term = rows.Condition(2);
    SCOPED_TRACE("seed " + std::to_string(seed) + ": " + term.text);
    const auto filter = ParseFilter(term.text, *rows.batch()->schema());
    ASSERT_TRUE(filter.ok()) << filter.status();
    const auto mask = FilterMask(*filter, *rows.batch(), arrow::default_memory_pool());
    ASSERT_TRUE(mask.ok()) << mask.status();
    for (int64_t row = 0; row < 6; ++row) {
      ASSERT_EQ(Show(**mask, row), Show(term.value(row)))
          << "row " << row << "\n"
          << rows.batch()->ToString() << filter->ToString();
    }
  }
}

RC_GTEST_PROP(FilterOracle, TextAndBindingComeBackToTheSame, (uint32_t seed)) {
  RandomRows rows(seed, 1);
  const OracleTerm term = rows.Condition(3);
  const auto& schema = *rows.batch()->schema();
  const auto filter = ParseFilter(term.text, schema);
  if (!filter.ok()) RC_FAIL(filter.status().ToString());
  const auto text = ToText(*filter);
  RC_LOG() << term.text << "\n" << filter->ToString() << "\n";
  if (!text.ok()) RC_FAIL(text.status().ToString());
  RC_LOG() << *text << "\n";
  const auto again = ParseFilter(*text, schema);
  if (!again.ok()) RC_FAIL(again.status().ToString());
  RC_ASSERT(again->Equals(*filter));
  RC_ASSERT(*ToText(*again) == *text);
  const auto bound = BindFilter(*filter, schema);
  if (!bound.ok()) RC_FAIL(bound.status().ToString());
  RC_LOG() << bound->ToString() << "\n";
  RC_ASSERT(bound->Equals(*filter));
}

RC_GTEST_PROP(FilterOracle, ABatchOfJustTheColumnsUsedIsEnough, (uint32_t seed)) {
  RandomRows rows(seed, 5);
  const auto filter = ParseFilter(rows.Condition(2).text, *rows.batch()->schema());
  if (!filter.ok()) RC_FAIL(filter.status().ToString());
  auto names = ColumnsOf(*filter);
  std::vector<int> indices;
  for (const auto& name : names) {
    indices.push_back(rows.batch()->schema()->GetFieldIndex(name));
  }
  RC_ASSERT(std::is_sorted(indices.begin(), indices.end()));
  std::reverse(indices.begin(), indices.end());
  const auto few = *rows.batch()->SelectColumns(indices);
  const auto pool = arrow::default_memory_pool();
  RC_ASSERT((*FilterMask(*filter, *few, pool))->Equals(*FilterMask(*filter, *rows.batch(), pool)));
}

RC_GTEST_PROP(FilterOracle, ConjunctsTogetherAreTheFilter, (uint32_t seed)) {
  RandomRows rows(seed, 8);
  const auto filter = ParseFilter(rows.Condition(3).text, *rows.batch()->schema());
  if (!filter.ok()) RC_FAIL(filter.status().ToString());
  const auto pool = arrow::default_memory_pool();
  const auto mask = *FilterMask(*filter, *rows.batch(), pool);
  std::vector<bool> all(8, true);
  for (const auto& term : SplitConjuncts(*filter)) {
    const auto one = *FilterMask(term, *rows.batch(), pool);
    for (int64_t row = 0; row < 8; ++row) {
      all[static_cast<size_t>(row)] =
          all[static_cast<size_t>(row)] && one->IsValid(row) && one->Value(row);
    }
  }
  for (int64_t row = 0; row < 8; ++row) {
    RC_ASSERT(all[static_cast<size_t>(row)] == (mask->IsValid(row) && mask->Value(row)));
  }
}

}  // namespace
}  // namespace headrace::expr
