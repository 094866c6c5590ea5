#pragma once

#include <cmath>
#include <cstdint>
#include <limits>

namespace headrace::shape {

/// A number for each row that is as good as random: that of splitmix64 (Steele, Lea and Flood,
/// 2014) at the row's place of its sequence.
class RowChances {
 public:
  explicit RowChances(uint64_t seed) : start_(Mix(seed)) {}

  uint64_t Of(int64_t row) const {
    return Mix(start_ + (static_cast<uint64_t>(row) + 1) * 0x9e3779b97f4a7c15U);
  }
  /// Another such sequence for each row.
  RowChances For(int64_t row) const { return RowChances(Of(row) ^ 0xd1b54a32d192ed03U); }

 private:
  static uint64_t Mix(uint64_t z) {
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
  }

  uint64_t start_;
};

/// Which rows of one stratum are chosen: one of each stretch of about 1 / fraction rows, at random
/// in it, so that of n rows the share is chosen to within two rows, and nothing that recurs is in
/// step with it.
///
///   rows      0 1 2 | 3 4 | 5 6 7 | 8 9 | ...     fraction 0.4, the first cut at random
///   chosen      ^       ^   ^         ^
class StratumShare {
 public:
  StratumShare(double fraction, RowChances chances)
      : step_(static_cast<uint64_t>(std::llround(std::ldexp(fraction, kBits)))),
        phase_(chances.Of(-1) >> (64 - kBits)),
        chances_(chances) {}

  /// Whether the stratum's next row is chosen.
  bool Next() {
    const int64_t row = seen_++;
    if (step_ == 0) return false;
    const auto stretch =
        static_cast<int64_t>((static_cast<unsigned __int128>(row) * step_ + phase_) >> kBits);
    if (stretch != stretch_) {
      stretch_ = stretch;
      const int64_t begin = BeginOf(stretch);
      const auto rows = static_cast<uint64_t>(BeginOf(stretch + 1) - begin);
      chosen_ = begin + static_cast<int64_t>(chances_.Of(stretch) % rows);
    }
    return row == chosen_;
  }

 private:
  static constexpr int kBits = 53;

  // The first row r with (r * step + phase) >> kBits = stretch; of stretch 0 it may lie before 0.
  int64_t BeginOf(int64_t stretch) const {
    const __int128 ahead =
        (static_cast<__int128>(stretch) << kBits) - static_cast<__int128>(phase_);
    const auto step = static_cast<__int128>(step_);
    return static_cast<int64_t>(ahead >= 0 ? (ahead + step - 1) / step : -(-ahead / step));
  }

  uint64_t step_;
  uint64_t phase_;
  RowChances chances_;
  int64_t seen_ = 0;
  int64_t stretch_ = -1;
  int64_t chosen_ = -1;
};

}  // namespace headrace::shape
