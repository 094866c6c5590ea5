#include "headrace/feature_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "headrace/error_code.h"

namespace headrace {
namespace {

using testing::ElementsAre;

TEST(FeaturePlan, NamesFollowTheRequest) {
  FeaturePlan plan;
  plan.windows = {10, 5};
  plan.stats = {*StatRequest::Parse("std"), *StatRequest::Parse("quantile_0.95")};
  plan.lags = {2, 1};
  EXPECT_THAT(plan.DerivedNames("t"),
              ElementsAre("t_rolling_std_10", "t_rolling_quantile_0.95_10", "t_rolling_std_5",
                          "t_rolling_quantile_0.95_5", "t_lag_2", "t_lag_1"));
  EXPECT_EQ(plan.LookBackRows(), 11);
}

TEST(FeaturePlan, DefaultsAreTheSeedsOnes) {
  const FeaturePlan plan;
  EXPECT_TRUE(plan.Validate().ok());
  EXPECT_EQ(plan.DerivedPerColumn(), 15);
}

TEST(FeaturePlan, ParsesEveryNameItLists) {
  for (const char* name :
       {"count", "sum", "mean", "var", "std", "min", "max", "median", "quantile", "skew",
        "kurtosis", "first", "last", "lag", "diff", "pct_change", "zscore", "ewm_mean"}) {
    const auto stat = StatRequest::Parse(name);
    ASSERT_TRUE(stat.ok()) << stat.status();
    EXPECT_EQ(stat->name, name);
    EXPECT_THAT(StatNames(), testing::HasSubstr(name));
  }
  EXPECT_EQ(StatRequest::Parse("quantile_0.25")->quantile, 0.25);
}

TEST(FeaturePlan, RefusesOtherStats) {
  for (const char* name : {"", "avg", "Mean", "quantile_", "quantile_1.5", "quantile_-0.1",
                           "quantile_x", "quantile_0.5x", "quantile_1e-1"}) {
    const auto stat = StatRequest::Parse(name);
    ASSERT_FALSE(stat.ok()) << name;
    EXPECT_EQ(CodeOf(stat.status()), ErrorCode::kInvalidArgument);
  }
}

struct Refused {
  const char* field;
  std::function<void(FeaturePlan&)> spoil;
};

TEST(FeaturePlan, RefusesWithTheFieldNamed) {
  const std::vector<Refused> cases = {
      {"rolling_windows", [](auto& p) { p.windows = {5, 0}; }},
      {"rolling_windows", [](auto& p) { p.windows = {-3}; }},
      {"rolling_windows", [](auto& p) { p.windows = {5, 5}; }},
      {"rolling_windows", [](auto& p) { p.windows = {FeaturePlan::kMaxWindow + 1}; }},
      {"rolling_windows", [](auto& p) { p.windows.assign(FeaturePlan::kMaxWindows + 1, 1); }},
      {"lag_periods", [](auto& p) { p.lags = {0}; }},
      {"lag_periods", [](auto& p) { p.lags = {1, 1}; }},
      {"include_rolling_stats",
       [](auto& p) { p.stats = {*StatRequest::Parse("sum"), *StatRequest::Parse("sum")}; }},
      {"min_samples", [](auto& p) { p.min_samples = 0; }},
      {"ddof", [](auto& p) { p.ddof = 2; }},
  };
  for (const Refused& refused : cases) {
    FeaturePlan plan;
    refused.spoil(plan);
    const Status status = plan.Validate();
    ASSERT_FALSE(status.ok()) << refused.field;
    EXPECT_EQ(CodeOf(status), ErrorCode::kInvalidArgument);
    EXPECT_EQ(LocationOf(status)[0], refused.field);
  }
}

}  // namespace
}  // namespace headrace
