#pragma once

// Every answer of a list of specs over a column, by the oracle, by the batch form and by the
// incremental form, so that tests can hold them against each other.

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "kernels/rolling/rolling.h"
#include "testing/rolling_oracle.h"

namespace headrace::testing {

/// Values with their validity bitmap; null values are NaN inside, so that a kernel that reads one
/// shows it.
class TestColumn {
 public:
  TestColumn() = default;
  TestColumn(std::initializer_list<double> values) {
    for (double v : values) Add(v);
  }
  void Add(std::optional<double> value) {
    const size_t row = values_.size();
    if (row % 8 == 0) validity_.push_back(0);
    if (value) validity_.back() = static_cast<uint8_t>(validity_.back() | (1u << (row % 8)));
    has_nulls_ = has_nulls_ || !value;
    values_.push_back(value.value_or(std::nan("")));
  }
  int64_t size() const { return static_cast<int64_t>(values_.size()); }
  kernels::RollingColumn view() const {
    return {
        .values = values_.data(), .validity = has_nulls_ ? validity_.data() : nullptr, .origin = 0};
  }

 private:
  std::vector<double> values_;
  std::vector<uint8_t> validity_;
  bool has_nulls_ = false;
};

/// Memory with the alignment that the kernels ask for, and not a byte more than asked for.
class AlignedBytes {
 public:
  explicit AlignedBytes(size_t size)
      : size_(size), bytes_(static_cast<std::byte*>(::operator new(size, std::align_val_t{64}))) {}
  AlignedBytes(const AlignedBytes&) = delete;
  AlignedBytes& operator=(const AlignedBytes&) = delete;
  ~AlignedBytes() { ::operator delete(bytes_, std::align_val_t{64}); }
  std::span<std::byte> span() { return {bytes_, size_}; }

 private:
  size_t size_;
  std::byte* bytes_;
};

/// A stack with its memory.
class OwnedStack {
 public:
  explicit OwnedStack(std::span<const kernels::RollingSpec> specs)
      : memory_(kernels::RollingStack::StateBytes(specs)), stack_(specs, memory_.span()) {}
  kernels::RollingStack* operator->() { return &stack_; }

 private:
  AlignedBytes memory_;
  kernels::RollingStack stack_;
};

/// Answers of rows [first_row, end_row), by spec.
struct Answers {
  struct One {
    double value = 0.0;
    bool exists = false;
  };
  int64_t first_row = 0;
  std::vector<std::vector<One>> by_spec;
};

inline Answers OracleAnswers(std::span<const kernels::RollingSpec> specs, const TestColumn& column,
                             int64_t begin, int64_t first, int64_t end) {
  Answers answers{.first_row = first, .by_spec = {}};
  for (const auto& spec : specs) {
    auto& rows = answers.by_spec.emplace_back();
    for (int64_t row = first; row < end; ++row) {
      bool exists = false;
      const double value = NaiveRolling(spec, column.view(), begin, row, &exists);
      rows.push_back({value, exists});
    }
  }
  return answers;
}

inline Answers BatchAnswers(std::span<const kernels::RollingSpec> specs, const TestColumn& column,
                            int64_t begin, int64_t first, int64_t end) {
  const auto rows = static_cast<size_t>(end - first);
  std::vector<std::vector<double>> values(specs.size(), std::vector<double>(rows, -77.0));
  std::vector<std::vector<uint8_t>> validity(specs.size(), std::vector<uint8_t>((rows + 7) / 8));
  std::vector<kernels::RollingOutput> outs;
  for (size_t i = 0; i < specs.size(); ++i) {
    // Bits must be both set and cleared.
    std::fill(validity[i].begin(), validity[i].end(), i % 2 == 0 ? uint8_t{0xFF} : uint8_t{0});
    outs.push_back({.values = values[i].data(), .validity = validity[i].data()});
  }
  AlignedBytes scratch(kernels::RollStackScratchBytes(specs, end - first));
  kernels::RollStack(specs, column.view(), begin, first, end, outs, scratch.span());
  Answers answers{.first_row = first, .by_spec = {}};
  for (size_t i = 0; i < specs.size(); ++i) {
    auto& list = answers.by_spec.emplace_back();
    for (size_t r = 0; r < rows; ++r) {
      list.push_back({values[i][r], ((validity[i][r / 8] >> (r % 8)) & 1) != 0});
    }
  }
  return answers;
}

/// Rows [begin, rebuild) are rebuilt, the rest pushed; answers from `rebuild` on.
inline Answers PushAnswers(std::span<const kernels::RollingSpec> specs, const TestColumn& column,
                           int64_t begin, int64_t rebuild, int64_t end) {
  OwnedStack stack(specs);
  stack->Rebuild(column.view(), begin, rebuild);
  Answers answers{.first_row = rebuild, .by_spec = {}};
  answers.by_spec.resize(specs.size());
  std::vector<double> values(specs.size(), -77.0);
  const std::unique_ptr<bool[]> exists(new bool[specs.size()]);
  for (int64_t row = rebuild; row < end; ++row) {
    stack->Push(column.view(), row, values.data(), exists.get());
    for (size_t i = 0; i < specs.size(); ++i) answers.by_spec[i].push_back({values[i], exists[i]});
  }
  return answers;
}

/// How far an answer may be from the oracle's: relative, and absolute where the formula itself
/// subtracts (a z-score near 0 has no relative precision).
inline bool Close(const kernels::RollingSpec& spec, double scale, double expected, double actual) {
  using kernels::RollingKind;
  if (std::isnan(expected) || std::isnan(actual)) return std::isnan(expected) == std::isnan(actual);
  if (expected == actual) return true;
  double tolerance = 1e-12 * std::abs(expected);
  switch (spec.kind) {
    case RollingKind::kZscore: tolerance += 1e-12; break;
    case RollingKind::kEwmMean: tolerance += 1e-13 * scale; break;
    case RollingKind::kSkew:
    case RollingKind::kKurtosis: tolerance = 1e-10 * (1 + std::abs(expected)); break;
    default: break;
  }
  return std::abs(expected - actual) <= tolerance;
}

inline std::string ToString(const kernels::RollingSpec& spec) {
  std::ostringstream text;
  text << "kind " << static_cast<int>(spec.kind) << " window " << spec.window << " min_samples "
       << spec.min_samples << " ddof " << spec.ddof << " quantile " << spec.quantile;
  return text.str();
}

/// Empty if `actual` agrees with `expected` in the rows that both have; else the first difference.
/// `scale` is the largest magnitude of the column's finite values.
inline std::string Difference(std::span<const kernels::RollingSpec> specs, double scale,
                              const Answers& expected, const Answers& actual) {
  for (size_t i = 0; i < specs.size(); ++i) {
    for (size_t at = 0; at < actual.by_spec[i].size(); ++at) {
      const int64_t row = actual.first_row + static_cast<int64_t>(at);
      const auto& want = expected.by_spec[i][static_cast<size_t>(row - expected.first_row)];
      const auto& have = actual.by_spec[i][at];
      const bool same = want.exists == have.exists &&
                        (want.exists ? Close(specs[i], scale, want.value, have.value)
                                     : have.value == 0.0 && !std::signbit(have.value));
      if (same) continue;
      std::ostringstream text;
      text.precision(17);
      text << ToString(specs[i]) << " row " << row << ": expected " << want.value << " ("
           << want.exists << "), have " << have.value << " (" << have.exists << ")";
      return text.str();
    }
  }
  return "";
}

inline double Scale(const TestColumn& column) {
  double scale = 0;
  for (int64_t row = 0; row < column.size(); ++row) {
    const double v = std::abs(column.view().values[row]);
    if (std::isfinite(v)) scale = std::max(scale, v);
  }
  return scale;
}

}  // namespace headrace::testing
