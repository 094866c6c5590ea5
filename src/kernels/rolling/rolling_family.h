#pragma once

// Which statistics come out of which summary, and how.

#include <cmath>
#include <cstdint>
#include <limits>

#include "kernels/rolling/rolling.h"
#include "kernels/rolling/rolling_states.h"

namespace headrace::kernels::rolling {

/// Specs of one family and one window are answered by one summary of that window.
enum class Family : uint8_t { kBasic, kShape, kEwm, kOrder, kEnds, kPositional };

inline Family FamilyOf(RollingKind kind) {
  switch (kind) {
    case RollingKind::kSkew:
    case RollingKind::kKurtosis: return Family::kShape;
    case RollingKind::kEwmMean: return Family::kEwm;
    case RollingKind::kMedian:
    case RollingKind::kQuantile: return Family::kOrder;
    case RollingKind::kFirst:
    case RollingKind::kLast: return Family::kEnds;
    case RollingKind::kLag:
    case RollingKind::kDiff:
    case RollingKind::kPctChange: return Family::kPositional;
    default: return Family::kBasic;
  }
}

inline bool IsValid(const RollingColumn& column, int64_t row) {
  if (column.validity == nullptr) return true;
  const auto bit = static_cast<uint64_t>(row - column.origin);
  return ((column.validity[bit / 8] >> (bit % 8)) & 1) != 0;
}

inline double ValueAt(const RollingColumn& column, int64_t row) {
  return column.values[row - column.origin];
}

/// Weight of a row relative to the row after it.
inline double EwmDecay(const RollingSpec& spec) {
  return 1 - 2 / (static_cast<double>(spec.window) + 1);
}

/// A result; `value` is 0.0 where it does not exist.
struct Answer {
  double value = 0.0;
  bool exists = false;

  static Answer Of(double v) { return {.value = v, .exists = true}; }
};

inline bool TooFew(const RollingSpec& spec, double n) {
  return n < 1 || n < static_cast<double>(spec.min_samples);
}

/// `x` is the value of the window's last row if `x_valid`; only zscore asks.
inline Answer Finish(const RollingSpec& spec, const BasicState& s, double x, bool x_valid) {
  if (spec.kind == RollingKind::kCount) return Answer::Of(s.n);
  if (TooFew(spec, s.n)) return {};
  switch (spec.kind) {
    case RollingKind::kSum: return Answer::Of(s.Sum());
    case RollingKind::kMean: return Answer::Of(s.Mean());
    case RollingKind::kMin: return Answer::Of(s.min);
    case RollingKind::kMax: return Answer::Of(s.max);
    default: break;
  }
  const double divisor = s.n - spec.ddof;
  if (!(divisor > 0)) return {};
  const double variance = s.m2 / divisor;
  if (spec.kind == RollingKind::kVar) return Answer::Of(variance);
  if (spec.kind == RollingKind::kStd) return Answer::Of(std::sqrt(variance));
  if (!x_valid || variance == 0) return {};
  return Answer::Of(((x - s.ref) - s.mean) / std::sqrt(variance));
}

inline Answer Finish(const RollingSpec& spec, const ShapeState& s) {
  if (TooFew(spec, s.n) || s.m2 == 0) return {};
  const double m2 = s.m2 / s.n;
  if (spec.kind == RollingKind::kSkew) return Answer::Of(s.m3 / s.n / (m2 * std::sqrt(m2)));
  return Answer::Of(s.m4 / s.n / (m2 * m2) - 3);
}

inline Answer Finish(const RollingSpec& spec, const EwmState& s) {
  if (TooFew(spec, s.n)) return {};
  return Answer::Of(s.sum / s.weight);
}

/// lag, diff and pct_change of `row`, the column being known from row `begin` on.
inline Answer Positional(const RollingSpec& spec, const RollingColumn& column, int64_t begin,
                         int64_t row) {
  const int64_t before = row - spec.window;
  if (before < begin || !IsValid(column, before)) return {};
  const double old = ValueAt(column, before);
  if (spec.kind == RollingKind::kLag) return Answer::Of(old);
  if (!IsValid(column, row)) return {};
  const double now = ValueAt(column, row);
  return Answer::Of(spec.kind == RollingKind::kDiff ? now - old : now / old - 1);
}

/// Writes results of rows [first_row, …) to a RollingOutput.
inline void Write(const RollingOutput& out, int64_t at, Answer answer) {
  out.values[at] = answer.value;
  if (out.validity == nullptr) return;
  const auto bit = static_cast<uint8_t>(1u << (at % 8));
  uint8_t& byte = out.validity[at / 8];
  byte = static_cast<uint8_t>(answer.exists ? byte | bit : byte & ~bit);
}

}  // namespace headrace::kernels::rolling
