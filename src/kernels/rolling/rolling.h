#pragma once

// Statistics of the last w rows of a column. The contract of both forms; docs/kernels.md has the
// algorithms and their error bounds.

#include <cstddef>
#include <cstdint>
#include <span>

namespace headrace::kernels {

/// Formulas over the n valid (non-null) values x of a window of `window` rows that ends in row r.
///
///   count       n; always exists, 0.0 included (min_samples does not apply)
///   sum, mean
///   var, std    M2 / (n - ddof) and its root, M2 = sum((x - mean)^2); neither exists for
///               n <= ddof; exactly 0 for a constant window
///   min, max
///   median      the middle value, or the mean of the two middle ones
///   quantile    linear interpolation between order statistics at (n - 1) * quantile
///   skew        g1 = m3 / m2^1.5 with m_k = sum((x - mean)^k) / n (biased, as Polars and SciPy)
///   kurtosis    m4 / m2^2 - 3 (Fisher, biased); neither exists where m2 is 0
///   first, last oldest and newest valid value in the window
///   lag         the value `window` rows earlier; does not exist if that row is not retained or
///               is null (min_samples does not apply, nor to the next two)
///   diff        x[r] - x[r - window]
///   pct_change  x[r] / x[r - window] - 1
///   zscore      (x[r] - mean) / std of the window; does not exist if x[r] is null, where std does
///               not exist, or where it is 0
///   ewm_mean    sum(q^k x[r-k]) / sum(q^k) over the valid rows k = 0 .. window - 1 with
///               q = 1 - 2 / (window + 1): an exponentially weighted mean of span `window`, cut at
///               the window, so that it does not depend on how long the column has been watched
///
/// NaN and infinity are values: a window that holds a NaN has NaN for sum, mean, var, std, min,
/// max, median, quantile, skew, kurtosis, zscore and ewm_mean; infinities follow IEEE arithmetic.
/// Neither leaves a trace once it has left the window.
enum class RollingKind : uint8_t {
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

struct RollingSpec {
  RollingKind kind = RollingKind::kMean;
  int64_t window = 1;       ///< rows, >= 1
  int64_t min_samples = 1;  ///< >= 1; fewer valid values: the result does not exist
  int ddof = 1;             ///< 0 or 1; var, std, zscore
  double quantile = 0.5;    ///< [0, 1]; kQuantile
};

/// A column by absolute row number: row r is values[r - origin], and valid if bit (r - origin) of
/// `validity` is set (LSB first, as Arrow). `validity` null: all valid. Only rows that the caller
/// says are retained are read.
struct RollingColumn {
  const double* values = nullptr;
  const uint8_t* validity = nullptr;
  int64_t origin = 0;
};

/// Where a batch form writes: row r of the column goes to values[r - first_row]; where a result
/// does not exist 0.0 is written, and, if `validity` is not null, bit (r - first_row) cleared (else
/// set).
struct RollingOutput {
  double* values = nullptr;
  uint8_t* validity = nullptr;
};

/// Batch form. Computes `spec` for rows [first_row, end_row) of a column whose rows [begin_row,
/// end_row) are retained: windows reach back to begin_row at most. Cost is flat in spec.window
/// (median and quantile: O(log window) a row). `scratch` has RollScratchBytes() bytes, 64-byte
/// aligned, num_rows being end_row - first_row (or more). Requires: begin_row <= first_row <=
/// end_row.
void Roll(const RollingSpec& spec, RollingColumn column, int64_t begin_row, int64_t first_row,
          int64_t end_row, RollingOutput out, std::span<std::byte> scratch) noexcept;
size_t RollScratchBytes(const RollingSpec& spec, int64_t num_rows) noexcept;

/// Batch form of several specs over one column; what they share (the same window's mean and
/// variance, min and max, ...) is computed once. outs[i] belongs to specs[i].
void RollStack(std::span<const RollingSpec> specs, RollingColumn column, int64_t begin_row,
               int64_t first_row, int64_t end_row, std::span<const RollingOutput> outs,
               std::span<std::byte> scratch) noexcept;
size_t RollStackScratchBytes(std::span<const RollingSpec> specs, int64_t num_rows) noexcept;

/// Incremental form: all of a column's specs, one row at a time, in O(1) each, in the worst case
/// too (median and quantile O(log window); first and last O(1) amortised). It reads the last rows
/// of the column where they lie and keeps aggregates of them only. It lives in memory that the
/// caller owns and it never allocates. Thread rule: one thread at a time.
class RollingStack {
 public:
  /// Bytes of state, to be 64-byte aligned.
  static size_t StateBytes(std::span<const RollingSpec> specs) noexcept;

  /// `specs` and `state` are borrowed and must outlive the stack.
  RollingStack(std::span<const RollingSpec> specs, std::span<std::byte> state) noexcept;

  /// Puts the stack where it would be had rows [begin_row, end_row) been pushed one by one to an
  /// empty one: all later answers are the same to the bit. Costs O(longest window), not O(rows); a
  /// caller that has rolled many rows by the batch form is better off with this than with pushes.
  void Rebuild(RollingColumn column, int64_t begin_row, int64_t end_row) noexcept;

  /// Takes row `row` (one above the row before) and writes one value for each spec to `out`: 0.0
  /// where a result does not exist, and, if `exists` is not null, whether it does. Requires: of the
  /// rows that were pushed or rebuilt those of the longest window, this row being its last, are
  /// readable in `column` (lag, diff and pct_change: one row more); the pointers in `column` may
  /// differ from call to call.
  void Push(RollingColumn column, int64_t row, double* out, bool* exists) noexcept;

 private:
  struct State;
  State* state_;
};

/// The SIMD target that run-time dispatch has chosen, for logs and benchmarks ("AVX3", "AVX2",
/// ...).
const char* RollingTargetName() noexcept;

}  // namespace headrace::kernels
