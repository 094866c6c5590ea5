#include "kernels/downsample/index_bins.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <set>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace headrace::kernels {
namespace {

using Rows = std::vector<int64_t>;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

template <typename T>
Rows Chosen(DownsampleMethod method, const std::vector<T>& y, int64_t points,
            const double* x = nullptr) {
  Rows scratch(static_cast<size_t>(DownsampleScratch(method, points)));
  Rows out(static_cast<size_t>(std::min(points, static_cast<int64_t>(y.size()))));
  const int64_t count = Downsample<T>(method, {.y = y, .x = x}, points, scratch, out.data());
  EXPECT_LE(count, static_cast<int64_t>(out.size()));
  out.resize(static_cast<size_t>(count));
  return out;
}

// As the paper of LTTB has it, over the rows of `from` whose y is a number.
Rows NaiveTriangles(const std::vector<double>& y, const Rows& from, int64_t points) {
  const auto n = static_cast<int64_t>(from.size());
  if (n <= points) return from;
  const auto at = [&](int64_t i) { return from[static_cast<size_t>(i)]; };
  const auto value = [&](int64_t i) { return y[static_cast<size_t>(at(i))]; };
  const double every = static_cast<double>(n - 2) / static_cast<double>(points - 2);
  Rows out = {at(0)};
  int64_t before = 0;
  for (int64_t bucket = 0; bucket < points - 2; ++bucket) {
    const auto edge = [&](int64_t b) {
      return std::min(n, static_cast<int64_t>(every * static_cast<double>(b)) + 1);
    };
    double mean_x = 0;
    double mean_y = 0;
    const int64_t end = bucket == points - 3 ? n : edge(bucket + 2);
    for (int64_t i = edge(bucket + 1); i < end; ++i) {
      mean_x += static_cast<double>(at(i));
      mean_y += value(i);
    }
    mean_x /= static_cast<double>(end - edge(bucket + 1));
    mean_y /= static_cast<double>(end - edge(bucket + 1));
    int64_t best = edge(bucket);
    double largest = -1;
    for (int64_t i = edge(bucket); i < edge(bucket + 1); ++i) {
      const double area =
          std::abs((static_cast<double>(at(before)) - mean_x) * (value(i) - value(before)) -
                   static_cast<double>(at(before) - at(i)) * (mean_y - value(before)));
      if (area > largest * (1 + 1e-12)) {
        largest = area;
        best = i;
      }
    }
    out.push_back(at(best));
    before = best;
  }
  out.push_back(at(n - 1));
  return out;
}

Rows AllRows(size_t rows) {
  Rows all(rows);
  for (size_t i = 0; i < rows; ++i) all[i] = static_cast<int64_t>(i);
  return all;
}

Rows NaiveExtremes(const std::vector<double>& y, int64_t begin, int64_t end, int64_t bins) {
  std::set<int64_t> rows;
  for (int64_t bin = 0; bin < bins; ++bin) {
    const auto first = y.begin() + begin + (end - begin) * bin / bins;
    const auto last = y.begin() + begin + (end - begin) * (bin + 1) / bins;
    if (first == last) continue;
    rows.insert(std::min_element(first, last) - y.begin());
    rows.insert(std::max_element(first, last) - y.begin());
  }
  return {rows.begin(), rows.end()};
}

std::vector<double> Noise(int64_t rows, uint32_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> step;
  std::vector<double> walk;
  double at = 0;
  for (int64_t i = 0; i < rows; ++i) walk.push_back(at += step(random));
  return walk;
}

RC_GTEST_PROP(IndexBins, AreThoseOfTheNaiveLoops, ()) {
  const auto y =
      Noise(*rc::gen::inRange<int64_t>(0, 3000), *rc::gen::inRange<uint32_t>(0, 1 << 30));
  const auto points = *rc::gen::inRange<int64_t>(4, 200);
  const auto rows = static_cast<int64_t>(y.size());
  if (rows <= points) {
    RC_ASSERT(Chosen(DownsampleMethod::kM4, y, points) == AllRows(y.size()));
    return;
  }
  RC_ASSERT(Chosen(DownsampleMethod::kMinMax, y, points) == NaiveExtremes(y, 0, rows, points / 2));
  RC_ASSERT(Chosen(DownsampleMethod::kLttb, y, points) ==
            NaiveTriangles(y, AllRows(y.size()), points));
  Rows candidates = AllRows(y.size());
  if (rows / points > kExtremesPerPoint) {
    candidates = NaiveExtremes(y, 1, rows - 1, kExtremesPerPoint * points / 2);
    candidates.insert(candidates.begin(), 0);
    candidates.push_back(rows - 1);
  }
  RC_ASSERT(Chosen(DownsampleMethod::kMinMaxLttb, y, points) ==
            NaiveTriangles(y, candidates, points));
}

TEST(IndexBins, M4HasTheEndsOfEveryBin) {
  EXPECT_EQ(Chosen<double>(DownsampleMethod::kM4, {5, 1, 9, 6, 7, 2, 2, 8, 3, 3, 3, 3}, 4),
            (Rows{0, 1, 2, 11}));
  EXPECT_EQ(Chosen<int32_t>(DownsampleMethod::kM4, {5, 1, 9, 6, 7, 2, 2, 8, 3, 3, 3, 3}, 8),
            (Rows{0, 1, 2, 5, 6, 7, 11}));
  EXPECT_EQ(Chosen<double>(DownsampleMethod::kM4, {kNan, 4, kNan, 3, kNan}, 4), (Rows{1, 3}));
}

TEST(IndexBins, NanIsPassedOver) {
  for (const auto method : {DownsampleMethod::kMinMax, DownsampleMethod::kM4,
                            DownsampleMethod::kLttb, DownsampleMethod::kMinMaxLttb}) {
    EXPECT_EQ(Chosen(method, std::vector<double>(100, kNan), 10), Rows());
    EXPECT_EQ(Chosen(method, std::vector<double>{kNan, 1, kNan}, 10), (Rows{1}));
    auto y = Noise(1000, 3);
    for (size_t i = 0; i < y.size(); ++i) {
      if (i < 10 || i > 980 || (i > 300 && i < 700) || i % 7 == 0) y[i] = kNan;
    }
    for (const int64_t row : Chosen(method, y, 50)) {
      EXPECT_FALSE(std::isnan(y[static_cast<size_t>(row)])) << row;
    }
  }
}

TEST(IndexBins, InfinitiesAreSeen) {
  auto y = Noise(5000, 4);
  y[1234] = std::numeric_limits<double>::infinity();
  y[3456] = -std::numeric_limits<double>::infinity();
  for (const auto method : {DownsampleMethod::kMinMax, DownsampleMethod::kM4,
                            DownsampleMethod::kLttb, DownsampleMethod::kMinMaxLttb}) {
    const Rows rows = Chosen(method, y, 60);
    EXPECT_TRUE(std::binary_search(rows.begin(), rows.end(), 1234));
    EXPECT_TRUE(std::binary_search(rows.begin(), rows.end(), 3456));
  }
}

TEST(IndexBins, TwoPointsAreTheEnds) {
  EXPECT_EQ(Chosen(DownsampleMethod::kLttb, Noise(100, 1), 2), (Rows{0, 99}));
  EXPECT_EQ(Chosen(DownsampleMethod::kMinMaxLttb, Noise(100, 1), 2), (Rows{0, 99}));
}

TEST(IndexBins, TrianglesHeedX) {
  // Evenly spaced the last bucket's corner is the greatest; on this axis all but the ends are one.
  std::vector<double> y = {0, 1, 5, 1, 0, 1, 4, 1, 0};
  std::vector<double> x = {0, 100, 101, 102, 103, 104, 105, 106, 1000};
  EXPECT_EQ(Chosen(DownsampleMethod::kLttb, y, 3, x.data()), (Rows{0, 2, 8}));
  EXPECT_EQ(Chosen(DownsampleMethod::kLttb, std::vector<float>(y.begin(), y.end()), 3),
            (Rows{0, 2, 8}));
}

}  // namespace
}  // namespace headrace::kernels
