// Data on which rolling kernels are known to fail. All answers must hold to 1e-12 relative.

#include <cmath>
#include <limits>
#include <random>

#include <gtest/gtest.h>

#include "kernels/rolling/simd_targets_test.h"
#include "testing/rolling_answers.h"

namespace headrace::kernels {
namespace {

using testing::Answers;
using testing::BatchAnswers;
using testing::PushAnswers;
using testing::TestColumn;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInf = std::numeric_limits<double>::infinity();

std::vector<RollingSpec> MainSpecs(int64_t window, int64_t min_samples = 1) {
  std::vector<RollingSpec> specs;
  for (RollingKind kind : {RollingKind::kSum, RollingKind::kMean, RollingKind::kVar,
                           RollingKind::kStd, RollingKind::kMin, RollingKind::kMax}) {
    specs.push_back({.kind = kind, .window = window, .min_samples = min_samples});
  }
  return specs;
}

// Both forms over all rows against the oracle in every `stride`th row.
void ExpectExact(const TestColumn& column, int64_t window, int64_t min_samples = 1,
                 int64_t stride = 1) {
  const std::vector<RollingSpec> specs = MainSpecs(window, min_samples);
  const int64_t rows = column.size();
  std::vector<Answers> oracle;
  for (int64_t row = 0; row < rows; row += stride) {
    oracle.push_back(testing::OracleAnswers(specs, column, 0, row, row + 1));
  }
  const auto expect = [&](const Answers& answers, const char* form) {
    for (const Answers& want : oracle) {
      Answers have{.first_row = want.first_row, .by_spec = {}};
      for (const auto& all : answers.by_spec) {
        have.by_spec.push_back({all[static_cast<size_t>(want.first_row)]});
      }
      const std::string difference = testing::Difference(specs, 0, want, have);
      ASSERT_EQ("", difference) << form;
    }
  };
  ForEachTarget([&] {
    expect(BatchAnswers(specs, column, 0, 0, rows), "batch");
    expect(PushAnswers(specs, column, 0, 0, rows), "incremental");
  });
}

// The answers of one kind in all rows, having checked that both forms give the same.
std::vector<double> All(const TestColumn& column, const RollingSpec& spec) {
  const std::span<const RollingSpec> specs(&spec, 1);
  const Answers batch = BatchAnswers(specs, column, 0, 0, column.size());
  const Answers pushed = PushAnswers(specs, column, 0, 0, column.size());
  EXPECT_EQ("", testing::Difference(specs, 0, batch, pushed));
  std::vector<double> values;
  for (const auto& one : batch.by_spec[0]) values.push_back(one.value);
  return values;
}

TEST(RollingHardCases, SmallValuesAfterOne) {
  const TestColumn column = {1, 1e-7, 0, 0, 0, 0, 0, 0, 0, 0};
  ExpectExact(column, 5);
  const auto variances = All(column, {.kind = RollingKind::kVar, .window = 5});
  for (double variance : variances) EXPECT_GE(variance, 0);
  EXPECT_GT(variances[5], 0) << "a small variance is not clamped";
  EXPECT_EQ(0, variances[6]);
}

TEST(RollingHardCases, ConstantWindowAfterLargeMoves) {
  const TestColumn column = {1e12, -3, 7e9, 2820376000.0, 2820376000.0, 2820376000.0, 1};
  ForEachTarget([&] {
    EXPECT_EQ(0.0, All(column, {.kind = RollingKind::kStd, .window = 3})[5]);
    EXPECT_EQ(2820376000.0, All(column, {.kind = RollingKind::kMean, .window = 3})[5]);
  });
  ExpectExact(column, 3);
}

TEST(RollingHardCases, ConstantColumn) {
  TestColumn column;
  for (int i = 0; i < 10; ++i) column.Add(36743.6);
  ExpectExact(column, 12, 2);
  const auto deviations = All(column, {.kind = RollingKind::kStd, .window = 12, .min_samples = 2});
  EXPECT_EQ(std::vector<double>(10, 0.0), deviations);
}

TEST(RollingHardCases, UnitVarianceAroundOneHundredMillion) {
  std::mt19937_64 random(3);
  std::normal_distribution<double> normal(1e8, 1);
  TestColumn column;
  for (int i = 0; i < 1000; ++i) column.Add(normal(random));
  for (int64_t window : {3, 10, 50, 200, 1000}) ExpectExact(column, window);
}

TEST(RollingHardCases, WhatHasLeftLeavesNoTrace) {
  TestColumn column;
  for (double odd : {1e17, kInf, -kInf, kNan, -1e17}) {
    for (double v : {0.1, 0.2, 0.3, odd, 0.1, 0.2, 0.3, 0.4}) column.Add(v);
  }
  ExpectExact(column, 3);
  for (int64_t window : {3, 15, 70}) {
    TestColumn apart;
    for (int64_t i = 0; i < 12 * window; ++i) {
      const bool odd = i % (3 * window) == 2 * window;
      const double odds[] = {1e17, kInf, kNan, -kInf};
      apart.Add(odd ? odds[i / (3 * window)] : 1 + 0.01 * static_cast<double>(i % 7));
    }
    ExpectExact(apart, window);
  }
}

TEST(RollingHardCases, LongNullPrefix) {
  TestColumn column;
  for (int i = 0; i < 20000; ++i) column.Add(std::nullopt);
  std::mt19937_64 random(5);
  std::normal_distribution<double> normal(50, 2);
  for (int i = 0; i < 3000; ++i) column.Add(normal(random));
  ExpectExact(column, 20, 5, 97);
  ExpectExact(column, 500, 100, 97);
}

TEST(RollingHardCases, OutliersAsReferences) {
  // Wherever a block or chunk begins, and whatever its reference, an outlier is there for some
  // window.
  for (int64_t window : {20, 100, 1000, 4099, 10000}) {
    TestColumn column;
    std::mt19937_64 random(11);
    std::normal_distribution<double> normal;
    for (int64_t row = 0; row < 3 * window + 5; ++row) {
      const bool edge = row % window == window - 1 || row % 1024 == 63;
      column.Add(normal(random) + (edge ? 1e9 : 0));
    }
    ExpectExact(column, window, 1, std::max<int64_t>(1, window / 20));
  }
}

TEST(RollingHardCases, LongWindowsWithBrokenValues) {
  for (int64_t window : {4096, 4099, 5000}) {
    TestColumn column;
    std::mt19937_64 random(13);
    std::normal_distribution<double> normal;
    for (int64_t row = 0; row < 8 * window; ++row) {
      const double odds[] = {1e17, kInf, kNan, -kInf};
      const bool odd = row % (2 * window) == window + 17;
      column.Add(odd ? odds[row / (2 * window)] : normal(random));
    }
    ExpectExact(column, window, 1, 509);
  }
}

TEST(RollingHardCases, TenMillionSteps) {
#ifdef HEADRACE_SANITIZED
  constexpr int64_t kRows = 200'000;
#else
  constexpr int64_t kRows = 10'000'000;
#endif
  std::mt19937_64 random(17);
  std::normal_distribution<double> step;
  std::vector<double> walk;
  double at = 0;
  for (int64_t row = 0; row < kRows; ++row) walk.push_back(at += step(random));
  const RollingColumn column{.values = walk.data()};
  std::vector<double> values(walk.size());
  for (int64_t window : {5, 100, 10000}) {
    for (const RollingSpec& spec : MainSpecs(window)) {
      testing::AlignedBytes scratch(RollScratchBytes(spec, kRows));
      Roll(spec, column, 0, 0, kRows, {.values = values.data()}, scratch.span());
      // Every 100th time around a crossing of zero, where a mean has the least digits, and far
      // apart.
      for (int64_t row = window; row < kRows; row += 99'991) {
        bool exists = false;
        const double want = testing::NaiveRolling(spec, column, 0, row, &exists);
        ASSERT_TRUE(testing::Close(spec, 0, want, values[static_cast<size_t>(row)]))
            << testing::ToString(spec) << " row " << row << " " << want << " "
            << values[static_cast<size_t>(row)];
      }
      if (spec.kind != RollingKind::kMean) continue;
      const auto near_zero =
          std::min_element(values.begin() + window, values.end(),
                           [](double a, double b) { return std::abs(a) < std::abs(b); });
      bool exists = false;
      const double want =
          testing::NaiveRolling(spec, column, 0, near_zero - values.begin(), &exists);
      EXPECT_TRUE(testing::Close(spec, 0, want, *near_zero)) << want << " " << *near_zero;
    }
  }
}

}  // namespace
}  // namespace headrace::kernels
