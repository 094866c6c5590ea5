#include "headrace/feature_plan.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <set>

#include <fmt/format.h>

#include "headrace/error_code.h"

namespace headrace {
namespace {

struct NamedStat {
  std::string_view name;
  Stat stat;
};

constexpr std::array kStats = {
    NamedStat{"count", Stat::kCount},       NamedStat{"sum", Stat::kSum},
    NamedStat{"mean", Stat::kMean},         NamedStat{"var", Stat::kVar},
    NamedStat{"std", Stat::kStd},           NamedStat{"min", Stat::kMin},
    NamedStat{"max", Stat::kMax},           NamedStat{"median", Stat::kMedian},
    NamedStat{"quantile", Stat::kQuantile}, NamedStat{"skew", Stat::kSkew},
    NamedStat{"kurtosis", Stat::kKurtosis}, NamedStat{"first", Stat::kFirst},
    NamedStat{"last", Stat::kLast},         NamedStat{"lag", Stat::kLag},
    NamedStat{"diff", Stat::kDiff},         NamedStat{"pct_change", Stat::kPctChange},
    NamedStat{"zscore", Stat::kZscore},     NamedStat{"ewm_mean", Stat::kEwmMean},
};

constexpr std::string_view kQuantilePrefix = "quantile_";

Status CheckRows(const std::vector<int64_t>& rows, std::string_view field, int64_t max_count,
                 int64_t max_rows) {
  if (static_cast<int64_t>(rows.size()) > max_count) {
    return MakeError(
        ErrorCode::kInvalidArgument,
        fmt::format("{} has {} entries, at most {} are allowed", field, rows.size(), max_count),
        {std::string(field)});
  }
  std::set<int64_t> seen;
  for (size_t i = 0; i < rows.size(); ++i) {
    const std::vector<std::string> location = {std::string(field), fmt::format("{}", i)};
    if (rows[i] < 1 || rows[i] > max_rows) {
      return MakeError(
          ErrorCode::kInvalidArgument,
          fmt::format("{} holds {}; each must be 1 to {} rows", field, rows[i], max_rows),
          location);
    }
    if (!seen.insert(rows[i]).second) {
      return MakeError(ErrorCode::kInvalidArgument,
                       fmt::format("{} holds {} twice", field, rows[i]), location);
    }
  }
  return Status::OK();
}

Status CheckStats(const std::vector<StatRequest>& stats) {
  std::set<std::string> seen;
  for (size_t i = 0; i < stats.size(); ++i) {
    if (!seen.insert(stats[i].name).second) {
      return MakeError(ErrorCode::kInvalidArgument,
                       fmt::format("include_rolling_stats holds {} twice", stats[i].name),
                       {"include_rolling_stats", fmt::format("{}", i)});
    }
  }
  return Status::OK();
}

}  // namespace

Result<StatRequest> StatRequest::Parse(std::string_view text) {
  for (const NamedStat& known : kStats) {
    if (text == known.name) return StatRequest{known.stat, 0.5, std::string(text)};
  }
  if (text.starts_with(kQuantilePrefix)) {
    const std::string_view number = text.substr(kQuantilePrefix.size());
    double quantile = 0;
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(),
                                              quantile, std::chars_format::fixed);
    if (error == std::errc{} && end == number.data() + number.size() && quantile >= 0 &&
        quantile <= 1) {
      return StatRequest{Stat::kQuantile, quantile, std::string(text)};
    }
  }
  return MakeError(ErrorCode::kInvalidArgument,
                   fmt::format("'{}' is not a rolling statistic; there are {}", text, StatNames()));
}

std::string StatNames() {
  std::string names;
  for (const NamedStat& known : kStats)
    fmt::format_to(std::back_inserter(names), "{}, ", known.name);
  return names + "quantile_Q with Q from 0 to 1";
}

std::vector<StatRequest> FeaturePlan::DefaultStats() {
  return {{Stat::kMean, 0.5, "mean"},
          {Stat::kStd, 0.5, "std"},
          {Stat::kMin, 0.5, "min"},
          {Stat::kMax, 0.5, "max"}};
}

Status FeaturePlan::Validate() const {
  ARROW_RETURN_NOT_OK(CheckRows(windows, "rolling_windows", kMaxWindows, kMaxWindow));
  ARROW_RETURN_NOT_OK(CheckStats(stats));
  ARROW_RETURN_NOT_OK(CheckRows(lags, "lag_periods", kMaxLags, kMaxWindow));
  if (min_samples < 1 || min_samples > kMaxWindow) {
    return MakeError(ErrorCode::kInvalidArgument,
                     fmt::format("min_samples is {}; it must be 1 to {}", min_samples, kMaxWindow),
                     {"min_samples"});
  }
  if (ddof != 0 && ddof != 1) {
    return MakeError(ErrorCode::kInvalidArgument,
                     fmt::format("ddof is {}; it must be 0 or 1", ddof), {"ddof"});
  }
  return Status::OK();
}

int64_t FeaturePlan::LookBackRows() const noexcept {
  int64_t rows = 1;
  // lag, diff and pct_change of w look at the row w before: one more than a window of w.
  if (!stats.empty()) {
    for (const int64_t window : windows) rows = std::max(rows, window + 1);
  }
  for (const int64_t lag : lags) rows = std::max(rows, lag + 1);
  return rows;
}

std::vector<std::string> FeaturePlan::DerivedNames(std::string_view column) const {
  std::vector<std::string> names;
  names.reserve(static_cast<size_t>(DerivedPerColumn()));
  for (const int64_t window : windows) {
    for (const StatRequest& stat : stats) {
      names.push_back(fmt::format("{}_rolling_{}_{}", column, stat.name, window));
    }
  }
  for (const int64_t lag : lags) names.push_back(fmt::format("{}_lag_{}", column, lag));
  return names;
}

}  // namespace headrace
