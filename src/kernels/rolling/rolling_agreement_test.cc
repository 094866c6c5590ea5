// Every kind over many shapes of data: oracle, batch and incremental form must agree.

#include <cmath>
#include <limits>
#include <random>

#include <gtest/gtest.h>

#include "kernels/rolling/simd_targets_test.h"
#include "testing/rolling_answers.h"

namespace headrace::kernels {
namespace {

using testing::Answers;
using testing::TestColumn;

constexpr int kKinds = static_cast<int>(RollingKind::kEwmMean) + 1;
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInf = std::numeric_limits<double>::infinity();

// Every kind at `window`, with its options.
std::vector<RollingSpec> Specs(int64_t window) {
  std::vector<RollingSpec> specs;
  std::vector<int64_t> min_samples_list = {1, 3, window, window + 1};
  if (window > 100) min_samples_list = {window / 2};  // the oracle is slow
  for (int kind = 0; kind < kKinds; ++kind) {
    RollingSpec spec{.kind = static_cast<RollingKind>(kind), .window = window};
    for (int64_t min_samples : min_samples_list) {
      spec.min_samples = min_samples;
      specs.push_back(spec);
    }
    spec.min_samples = 1;
    if (spec.kind == RollingKind::kVar || spec.kind == RollingKind::kStd ||
        spec.kind == RollingKind::kZscore) {
      spec.ddof = 0;
      specs.push_back(spec);
    }
    for (double quantile : {0.0, 0.1, 0.75, 1.0}) {
      spec.quantile = quantile;
      if (spec.kind == RollingKind::kQuantile) specs.push_back(spec);
    }
  }
  return specs;
}

enum class Data { kNormal, kOffset, kTies, kConstantRuns, kNulls, kNullPrefix, kAllNull, kBroken };

TestColumn Make(Data data, int64_t rows) {
  std::mt19937_64 random(7);
  std::normal_distribution<double> normal;
  TestColumn column;
  for (int64_t row = 0; row < rows; ++row) {
    const double x = normal(random);
    const uint64_t dice = random() % 100;
    switch (data) {
      case Data::kNormal: column.Add(x); break;
      case Data::kOffset: column.Add(1e8 + x); break;
      case Data::kTies: column.Add(std::round(x)); break;
      case Data::kConstantRuns: column.Add(static_cast<double>(row / 40) * 0.1); break;
      case Data::kNulls: column.Add(dice < 30 ? std::nullopt : std::optional(x)); break;
      case Data::kNullPrefix: column.Add(row < rows / 2 ? std::nullopt : std::optional(x)); break;
      case Data::kAllNull: column.Add(std::nullopt); break;
      case Data::kBroken:
        column.Add(dice == 0   ? std::optional(kNan)
                   : dice == 1 ? std::optional(kInf)
                   : dice == 2 ? std::optional(-kInf)
                   : dice == 3 ? std::nullopt
                   : dice == 4 ? std::optional(1e17)
                               : std::optional(x));
        break;
    }
  }
  return column;
}

void ExpectAgreement(const TestColumn& column, int64_t window) {
  const std::vector<RollingSpec> specs = Specs(window);
  const int64_t rows = column.size();
  const double scale = testing::Scale(column);
  const Answers oracle = testing::OracleAnswers(specs, column, 0, 0, rows);
  ForEachTarget([&] {
    EXPECT_EQ("", testing::Difference(specs, scale, oracle,
                                      testing::BatchAnswers(specs, column, 0, 0, rows)))
        << "batch of " << rows;
    EXPECT_EQ("", testing::Difference(specs, scale, oracle,
                                      testing::PushAnswers(specs, column, 0, 0, rows)))
        << "incremental, " << rows;
  });
}

class RollingAgreement : public ::testing::TestWithParam<Data> {};

TEST_P(RollingAgreement, OnShortColumns) {
  for (int64_t rows : {0, 1, 2, 3, 30}) {
    for (int64_t window : {1, 2, 3, 5, 31, 1000}) ExpectAgreement(Make(GetParam(), rows), window);
  }
}

TEST_P(RollingAgreement, OnEveryWindow) {
  const TestColumn column = Make(GetParam(), 300);
  for (int64_t window : {1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 18, 31, 33, 64, 65, 100, 129, 1000}) {
    ExpectAgreement(column, window);
  }
}

TEST_P(RollingAgreement, OnLongWindows) {
#ifdef HEADRACE_SANITIZED
  const TestColumn column = Make(GetParam(), 1100);
#else
  const TestColumn column = Make(GetParam(), 2500);
#endif
  for (int64_t window : {200, 385, 1000}) ExpectAgreement(column, window);
}

std::string Name(const ::testing::TestParamInfo<Data>& info) {
  constexpr const char* kNames[] = {"Normal", "Offset",     "Ties",    "Runs",
                                    "Nulls",  "NullPrefix", "Nothing", "Broken"};
  return kNames[static_cast<int>(info.param)];
}

INSTANTIATE_TEST_SUITE_P(Data, RollingAgreement,
                         ::testing::Values(Data::kNormal, Data::kOffset, Data::kTies,
                                           Data::kConstantRuns, Data::kNulls, Data::kNullPrefix,
                                           Data::kAllNull, Data::kBroken),
                         Name);

}  // namespace
}  // namespace headrace::kernels
