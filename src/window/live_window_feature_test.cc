// Features beside rows: names, values against naive loops, upkeep through anything that happens.

#include <algorithm>
#include <cmath>
#include <limits>

#include <arrow/api.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "headrace/error_code.h"
#include "headrace/live_window.h"
#include "headrace/memory_budget.h"
#include "testing/window_rows.h"

namespace headrace {
namespace {

using ::testing::ElementsAre;
using testing::Rows;

FeaturePlan MakePlan(std::vector<int64_t> windows, std::vector<std::string> stats,
                     std::vector<int64_t> lags) {
  FeaturePlan plan;
  plan.windows = std::move(windows);
  plan.stats.clear();
  for (const auto& stat : stats) plan.stats.push_back(*StatRequest::Parse(stat));
  plan.lags = std::move(lags);
  return plan;
}

class LiveWindowFeatures : public ::testing::Test {
 protected:
  std::shared_ptr<LiveWindow> Make(LiveWindowOptions options) {
    options.name = "w";
    return *LiveWindow::Make(std::move(options), &budget_);
  }

  static double Value(const arrow::RecordBatch& batch, const std::string& column, int64_t row) {
    const auto array = batch.GetColumnByName(column);
    EXPECT_NE(array, nullptr) << column;
    if (array == nullptr || array->IsNull(row)) return std::numeric_limits<double>::quiet_NaN();
    return static_cast<const arrow::DoubleArray&>(*array).Value(row);
  }

  MemoryBudget budget_{int64_t{1} << 32};
};

TEST_F(LiveWindowFeatures, ColdStartIsTheSeedsTable) {
  auto window = Make({});
  const double amounts[] = {100, 150, 120, 80, 200};
  const double means[] = {100, 125, 370.0 / 3, 112.5, 130};
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(window->Append(Rows({{{"amount", amounts[i]}}})).ok());
    const auto row = *window->Features({}, 1);
    EXPECT_NEAR(Value(*row, "amount_rolling_mean_5", 0), means[i], 1e-12);
    const double std = Value(*row, "amount_rolling_std_5", 0);
    if (i == 0) {
      EXPECT_EQ(std, 0.0);
    } else if (i == 1) {
      EXPECT_NEAR(std, 35.3553390593, 1e-9);
    } else if (i == 4) {
      EXPECT_NEAR(std, 46.9041575982, 1e-9);
    }
    EXPECT_EQ(Value(*row, "amount_lag_1", 0), i == 0 ? 0.0 : amounts[i - 1]);
  }
}

TEST_F(LiveWindowFeatures, ColumnsAreInTheDocumentedOrder) {
  auto window = Make({});
  ASSERT_TRUE(window->Append(Rows({{{"s", "x"}, {"b", 1}, {"a", 1.5}}})).ok());
  const auto batch = *window->Features(MakePlan({10, 5}, {"std", "mean"}, {3, 1}));
  EXPECT_THAT(
      batch->schema()->field_names(),
      ElementsAre("s", "b", "a", "b_rolling_std_10", "b_rolling_mean_10", "b_rolling_std_5",
                  "b_rolling_mean_5", "b_lag_3", "b_lag_1", "a_rolling_std_10", "a_rolling_mean_10",
                  "a_rolling_std_5", "a_rolling_mean_5", "a_lag_3", "a_lag_1"));
}

TEST_F(LiveWindowFeatures, EveryShownRowHasItsFullWindow) {
  auto window = Make({.window_size = 20, .history_rows = 30});
  const auto plan = MakePlan({5, 25}, {"mean"}, {10});
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(window->Append(Rows({{{"v", i + 0.0}}})).ok());
  const auto batch = *window->Features(plan);
  ASSERT_EQ(batch->num_rows(), 20);
  EXPECT_EQ(Value(*batch, "v_rolling_mean_5", 0), 78);
  EXPECT_EQ(Value(*batch, "v_rolling_mean_25", 0), 68);
  EXPECT_EQ(Value(*batch, "v_lag_10", 0), 70);
}

TEST_F(LiveWindowFeatures, ALongWindowKeepsItsHistoryOnceKnown) {
  auto window = Make({.window_size = 10, .history_rows = 0});
  const auto plan = MakePlan({200}, {"mean", "count"}, {});
  ASSERT_TRUE(window->Append(Rows({{{"v", 1.0}}})).ok());
  ASSERT_TRUE(window->Features(plan).ok());
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(window->Append(Rows({{{"v", i + 0.0}}})).ok());
  const auto batch = *window->Features(plan);
  EXPECT_EQ(Value(*batch, "v_rolling_count_200", 0), 200);
  EXPECT_EQ(Value(*batch, "v_rolling_mean_200", 9), 899.5);
  // A later plan over the same look-back finds that history as well.
  const auto other = *window->Features(MakePlan({200}, {"sum"}, {}));
  EXPECT_EQ(Value(*other, "v_rolling_sum_200", 0), 200 * 890.5);
}

TEST_F(LiveWindowFeatures, FillNullKeepsWhatDoesNotExist) {
  auto window = Make({});
  auto plan = MakePlan({3}, {"std"}, {1});
  plan.fill_zero = false;
  ASSERT_TRUE(window->Append(Rows({{{"v", 1}}})).ok());
  ASSERT_TRUE(window->Features(plan).ok());
  ASSERT_TRUE(window->Append(Rows({{{"v", 2}}, {{"v", nullptr}}, {{"v", 4}}})).ok());
  const auto batch = *window->Features(plan);
  ASSERT_TRUE(batch->ValidateFull().ok());
  const auto& lag = *batch->GetColumnByName("v_lag_1");
  EXPECT_TRUE(lag.IsNull(0));
  EXPECT_TRUE(lag.IsValid(1));
  EXPECT_TRUE(lag.IsNull(3));
  EXPECT_TRUE(batch->GetColumnByName("v_rolling_std_3")->IsNull(0));
  EXPECT_TRUE(batch->column(0)->IsNull(2)) << "originals are never filled";
  plan.fill_zero = true;
  const auto filled = *window->Features(plan);
  EXPECT_EQ(Value(*filled, "v_lag_1", 3), 0.0);
  EXPECT_TRUE(filled->column(0)->IsNull(2));
}

TEST_F(LiveWindowFeatures, FollowNewColumnsAndWiderTypes) {
  auto window = Make({});
  const auto plan = MakePlan({2}, {"mean"}, {});
  ASSERT_TRUE(window->Append(Rows({{{"a", 1}}, {{"a", 3}}})).ok());
  EXPECT_EQ(Value(**window->Features(plan, 1), "a_rolling_mean_2", 0), 2);
  ASSERT_TRUE(window->Append(Rows({{{"a", 5}, {"b", 10}}})).ok());
  EXPECT_EQ(Value(**window->Features(plan, 1), "b_rolling_mean_2", 0), 10);
  ASSERT_TRUE(window->Append(Rows({{{"a", 0.5}, {"b", 20}}})).ok());
  const auto batch = *window->Features(plan);
  EXPECT_EQ(Value(*batch, "a_rolling_mean_2", 3), 2.75);
  EXPECT_EQ(Value(*batch, "b_rolling_mean_2", 3), 15);
  EXPECT_EQ(Value(*batch, "b_rolling_mean_2", 1), 0) << "no value yet";
}

TEST_F(LiveWindowFeatures, NamedColumnsOnly) {
  auto window = Make({});
  ASSERT_TRUE(window->Append(Rows({{{"a", 1}, {"b", 2}, {"s", "x"}}})).ok());
  auto plan = MakePlan({2}, {"mean"}, {});
  plan.columns = {{"b"}};
  EXPECT_THAT((*window->Features(plan))->schema()->field_names(),
              ElementsAre("a", "b", "s", "b_rolling_mean_2"));
  const auto refused = [&](std::vector<std::string> columns, ErrorCode code) {
    plan.columns = std::move(columns);
    const auto result = window->Features(plan);
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(CodeOf(result.status()), code);
    EXPECT_EQ(LocationOf(result.status())[0], "columns");
  };
  refused({"c"}, ErrorCode::kUnknownName);
  refused({"s"}, ErrorCode::kTypeMismatch);
  refused({"a", "a"}, ErrorCode::kInvalidArgument);
}

TEST_F(LiveWindowFeatures, ANameThatIsTakenIsRefused) {
  auto window = Make({});
  ASSERT_TRUE(window->Append(Rows({{{"v", 1}, {"v_lag_1", 2}}})).ok());
  EXPECT_EQ(CodeOf(window->Features({}).status()), ErrorCode::kInvalidArgument);
}

TEST_F(LiveWindowFeatures, ManyPlansTakeTurns) {
  auto window = Make({.max_plans = 2});
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(window->Append(Rows({{{"v", i + 0.0}}})).ok());
  for (int round = 0; round < 3; ++round) {
    for (int64_t w = 2; w < 7; ++w) {
      const auto batch = *window->Features(MakePlan({w}, {"sum"}, {}), 1);
      EXPECT_EQ(Value(*batch, "v_rolling_sum_" + std::to_string(w), 0),
                static_cast<double>(w * 49 - w * (w - 1) / 2));
    }
    ASSERT_TRUE(window->Append(Rows({{{"v", 49.0}}})).ok());
    ASSERT_TRUE(window->Clear().ok());
    for (int i = 0; i < 50; ++i) ASSERT_TRUE(window->Append(Rows({{{"v", i + 0.0}}})).ok());
  }
}

TEST_F(LiveWindowFeatures, LatestVectorIsTheLastRow) {
  auto window = Make({});
  const auto plan = MakePlan({2}, {"mean"}, {1});
  std::vector<double> row(16, -7);
  EXPECT_EQ(*window->LatestVector(plan, row), 0);
  ASSERT_TRUE(window->Append(Rows({{{"s", "x"}, {"a", 1}, {"b", 1.5}}})).ok());
  ASSERT_TRUE(window->Append(Rows({{{"a", 3}, {"b", nullptr}}})).ok());
  EXPECT_THAT(*window->VectorNames(plan),
              ElementsAre("a", "b", "a_rolling_mean_2", "a_lag_1", "b_rolling_mean_2", "b_lag_1"));
  EXPECT_EQ(*window->LatestVector(plan, {}), 6);
  ASSERT_EQ(*window->LatestVector(plan, row), 6);
  EXPECT_EQ(row[0], 3);
  EXPECT_TRUE(std::isnan(row[1]));
  EXPECT_EQ(row[2], 2);
  EXPECT_EQ(row[3], 1);
  EXPECT_EQ(row[4], 1.5);
  EXPECT_EQ(row[5], 1.5);
  EXPECT_EQ(row[6], -7) << "not written";
}

// What a feature is, said in the plainest way.
double Naive(const std::vector<double>& values, int64_t row, int64_t window,
             const std::string& stat) {
  std::vector<double> in;
  for (int64_t i = std::max<int64_t>(0, row - window + 1); i <= row; ++i) {
    if (!std::isnan(values[i])) in.push_back(values[i]);
  }
  if (in.empty()) return 0;
  long double sum = 0;
  for (double v : in) sum += v;
  const long double mean = sum / in.size();
  if (stat == "mean") return static_cast<double>(mean);
  if (stat == "min") return *std::min_element(in.begin(), in.end());
  if (stat == "max") return *std::max_element(in.begin(), in.end());
  if (in.size() < 2) return 0;
  long double m2 = 0;
  for (double v : in) m2 += (v - mean) * (v - mean);
  return static_cast<double>(std::sqrt(m2 / (in.size() - 1)));
}

// Random rows in random splits, plans that come when they like, windows that move on: always the
// naive answer. NaN stands for null here.
RC_GTEST_FIXTURE_PROP(LiveWindowFeatures, EqualNaiveLoops, ()) {
  const int64_t size = *rc::gen::inRange(1, 200);
  const int64_t longest = *rc::gen::inRange(1, 150);
  const bool integers = *rc::gen::arbitrary<bool>();
  auto window = Make({.window_size = size, .history_rows = 160});
  std::vector<int64_t> windows = {longest};
  if (longest != 5) windows.push_back(5);
  const auto plan = MakePlan(windows, {"mean", "std", "min", "max"}, {1, 7});
  std::vector<double> values;
  RowBatch rows;
  const int rounds = *rc::gen::inRange(1, 12);
  for (int round = 0; round < rounds; ++round) {
    rows.Reset();
    const int count = *rc::gen::element(0, 1, 2, 63, 64, 65, 130);
    for (int i = 0; i < count; ++i) {
      const int value = *rc::gen::inRange(-1000, 1000);
      rows.BeginRow();
      const bool null = value % 7 == 0;
      values.push_back(null       ? std::numeric_limits<double>::quiet_NaN()
                       : integers ? value
                                  : value / 7.0);
      rows.Set("v", null       ? Cell::Null()
                    : integers ? Cell::Int64(value)
                               : Cell::Double(value / 7.0));
    }
    rows.Seal();
    RC_ASSERT(window->Append(rows).ok());
    if (values.empty() ||
        !window->schema()->field(0)->type()->Equals(integers ? arrow::int64() : arrow::float64()))
      continue;
    if (*rc::gen::inRange(0, 3) == 0) continue;
    const auto batch = *window->Features(plan);
    const auto total = static_cast<int64_t>(values.size());
    RC_ASSERT(batch->num_rows() == std::min(size, total));
    for (int64_t i = 0; i < batch->num_rows(); ++i) {
      const int64_t row = total - batch->num_rows() + i;
      for (const int64_t w : windows) {
        for (const std::string stat : {"mean", "std", "min", "max"}) {
          const std::string name = "v_rolling_" + stat + "_" + std::to_string(w);
          const double expected = Naive(values, row, w, stat);
          RC_ASSERT(std::abs(Value(*batch, name, i) - expected) <=
                    1e-9 * std::max(1.0, std::abs(expected)));
        }
      }
      const double lag = row >= 7 && !std::isnan(values[row - 7]) ? values[row - 7] : 0;
      RC_ASSERT(Value(*batch, "v_lag_7", i) == lag);
    }
  }
}

TEST_F(LiveWindowFeatures, MemoryStaysWithinHalfAgainTheRawBytes) {
  auto window = Make({.window_size = 10'000});
  const auto plan = MakePlan({10, 100, 1000}, {"mean", "std", "min", "max"}, {1, 2, 3});
  RowBatch rows;
#ifdef HEADRACE_SANITIZED
  constexpr int kAppends = 21'000;
#else
  constexpr int kAppends = 40'000;
#endif
  for (int i = 0; i < kAppends; ++i) {
    rows.Reset();
    rows.BeginRow();
    for (const char* name : {"a", "b", "c", "d", "e"}) rows.Set(name, Cell::Double(i * 0.25));
    rows.Seal();
    ASSERT_TRUE(window->Append(rows).ok());
    if (i == 10) {
      ASSERT_TRUE(window->Features(plan, 1).ok());
    }
  }
  const int64_t raw = 10'000 * 8 * (5 + 75);
  EXPECT_LE(budget_.used_bytes(), raw * 3 / 2);
  EXPECT_GE(budget_.used_bytes(), raw);
}

}  // namespace
}  // namespace headrace
