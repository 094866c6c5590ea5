#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "headrace/status.h"

namespace headrace {

/// The statistics that a window of rows can have. Formulas in docs/features.md.
enum class Stat : uint8_t {
  kCount,
  kSum,
  kMean,
  kVar,
  kStd,
  kMin,
  kMax,
  kMedian,
  kQuantile,
  kSkew,
  kKurtosis,
  kFirst,
  kLast,
  kLag,
  kDiff,
  kPctChange,
  kZscore,
  kEwmMean,
};

/// A statistic as a request names it: "mean", "std", ..., "quantile" (0.5) or "quantile_0.95".
struct StatRequest {
  Stat stat = Stat::kMean;
  double quantile = 0.5;  ///< of kQuantile only, in [0, 1]
  std::string name;       ///< as it stands in the feature's name

  /// ErrorCode::kInvalidArgument, with the list of names, for anything else.
  static Result<StatRequest> Parse(std::string_view text);
  bool operator==(const StatRequest&) const = default;
};

/// All names that StatRequest::Parse takes, for messages and documentation.
std::string StatNames();

/// What to compute of each numeric column: columns x windows x stats, then lags. Immutable once
/// made; equal plans share one maintained table in a live window.
struct FeaturePlan {
  std::vector<int64_t> windows = {5, 10, 20};  ///< rows, each >= 1, no duplicates
  std::vector<StatRequest> stats = DefaultStats();
  std::vector<int64_t> lags = {1, 2, 3};            ///< rows, each >= 1, no duplicates
  std::optional<std::vector<std::string>> columns;  ///< numeric columns to derive from; none: all
  int64_t min_samples = 1;  ///< a statistic of fewer non-null values does not exist; >= 1
  int ddof = 1;             ///< 0 or 1, of var, std and zscore
  bool fill_zero = true;    ///< a derived value that does not exist is 0.0, else null

  /// mean, std, min, max.
  static std::vector<StatRequest> DefaultStats();

  static constexpr int64_t kMaxWindow = 1'000'000;
  static constexpr int64_t kMaxWindows = 64;
  static constexpr int64_t kMaxLags = 256;

  /// ErrorCode::kInvalidArgument with the field located ("rolling_windows", "1").
  Status Validate() const;

  /// The longest look-back in rows, at least 1: of windows that any statistic uses, and of lags
  /// + 1.
  int64_t LookBackRows() const noexcept;

  /// Names of what is derived from `column`: each window's stats in request order, then the lags.
  std::vector<std::string> DerivedNames(std::string_view column) const;

  int64_t DerivedPerColumn() const noexcept {
    return static_cast<int64_t>(windows.size() * stats.size() + lags.size());
  }

  bool operator==(const FeaturePlan&) const = default;
};

}  // namespace headrace
