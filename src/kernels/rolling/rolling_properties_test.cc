// However the rows are split, the answers are the same.

#include <algorithm>
#include <cmath>
#include <limits>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "kernels/rolling/simd_targets_test.h"
#include "testing/rolling_answers.h"

namespace headrace::kernels {
namespace {

using testing::Answers;
using testing::TestColumn;

struct Case {
  TestColumn column;
  std::vector<RollingSpec> specs;
  double scale = 0;
};

double AnyValue() {
  switch (*rc::gen::inRange(0, 40)) {
    case 0: return std::numeric_limits<double>::quiet_NaN();
    case 1: return std::numeric_limits<double>::infinity();
    case 2: return 1e15;
    default: return *rc::gen::inRange(-1000, 1000) / 8.0;
  }
}

// A column of runs of values and of nulls, and a handful of specs with windows around the sizes at
// which the kernels change their ways.
Case AnyCase() {
  Case made;
  const int rows = *rc::gen::inRange(1, 700);
  const bool nulls = *rc::gen::arbitrary<bool>();
  for (int row = 0; row < rows; ++row) {
    const bool null = nulls && *rc::gen::inRange(0, 10) == 0;
    made.column.Add(null ? std::nullopt : std::optional(AnyValue()));
  }
  const int specs = *rc::gen::inRange(1, 8);
  for (int i = 0; i < specs; ++i) {
    RollingSpec spec;
    spec.kind =
        static_cast<RollingKind>(*rc::gen::inRange(0, static_cast<int>(RollingKind::kEwmMean) + 1));
    spec.window = *rc::gen::elementOf(std::vector<int64_t>{1, 2, 3, 7, 8, 12, 13, 31, 63, 64, 65,
                                                           66, 127, 128, 129, 200, 321, 450});
    spec.min_samples = *rc::gen::inRange<int64_t>(1, spec.window + 1);
    spec.ddof = *rc::gen::inRange(0, 2);
    spec.quantile = *rc::gen::inRange(0, 101) / 100.0;
    made.specs.push_back(spec);
  }
  made.scale = testing::Scale(made.column);
  return made;
}

RC_GTEST_PROP(RollingProperties, BatchOfAnyRowsIsPartOfTheWhole, ()) {
  const Case made = AnyCase();
  const int64_t rows = made.column.size();
  const int64_t begin = *rc::gen::inRange<int64_t>(0, rows);
  const int64_t first = *rc::gen::inRange<int64_t>(begin, rows + 1);
  const int64_t end = *rc::gen::inRange<int64_t>(first, rows + 1);
  const Answers oracle = testing::OracleAnswers(made.specs, made.column, begin, begin, rows);
  const Answers part = testing::BatchAnswers(made.specs, made.column, begin, first, end);
  RC_ASSERT(testing::Difference(made.specs, made.scale, oracle, part) == "");
}

RC_GTEST_PROP(RollingProperties, RebuildIsAsIfPushed, ()) {
  const Case made = AnyCase();
  const int64_t rows = made.column.size();
  const int64_t begin = *rc::gen::inRange<int64_t>(0, rows);
  const int64_t rebuild = *rc::gen::inRange<int64_t>(begin, rows + 1);
  const Answers pushed = testing::PushAnswers(made.specs, made.column, begin, begin, rows);
  const Answers rebuilt = testing::PushAnswers(made.specs, made.column, begin, rebuild, rows);
  const Answers oracle = testing::OracleAnswers(made.specs, made.column, begin, begin, rows);
  RC_ASSERT(testing::Difference(made.specs, made.scale, oracle, pushed) == "");
  for (size_t i = 0; i < made.specs.size(); ++i) {
    for (size_t at = 0; at < rebuilt.by_spec[i].size(); ++at) {
      const auto& a = pushed.by_spec[i][at + static_cast<size_t>(rebuild - begin)];
      const auto& b = rebuilt.by_spec[i][at];
      RC_ASSERT(a.exists == b.exists);
      RC_ASSERT(a.value == b.value || (std::isnan(a.value) && std::isnan(b.value)));  // to the bit
    }
  }
}

// A column in memory that starts and moves anywhere: only what the contract names is read.
RC_GTEST_PROP(RollingProperties, ReadsOnlyRowsOfTheWindow, ()) {
  const Case made = AnyCase();
  const RollingColumn all = made.column.view();
  int64_t longest = 1;
  for (const auto& spec : made.specs) longest = std::max(longest, spec.window);
  const int64_t rows = made.column.size();
  const Answers pushed = testing::PushAnswers(made.specs, made.column, 0, 0, rows);
  testing::OwnedStack stack(made.specs);
  std::vector<double> values(made.specs.size());
  for (int64_t row = 0; row < rows; ++row) {
    // A copy of the rows that are promised: the longest window and the row before it.
    const int64_t low = std::max<int64_t>(0, row - longest);
    TestColumn copy;
    for (int64_t r = low; r <= row; ++r) {
      const bool valid = testing::oracle_internal::IsValid(all, r);
      copy.Add(valid ? std::optional(all.values[r]) : std::nullopt);
    }
    RollingColumn view = copy.view();
    view.origin = low;
    stack->Push(view, row, values.data(), nullptr);
    for (size_t i = 0; i < made.specs.size(); ++i) {
      const auto& want = pushed.by_spec[i][static_cast<size_t>(row)];
      RC_ASSERT(want.value == values[i] || (std::isnan(want.value) && std::isnan(values[i])));
    }
  }
}

}  // namespace
}  // namespace headrace::kernels
