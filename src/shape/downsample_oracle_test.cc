// What is chosen is what docs/downsampling.md says, by naive loops, however the rows come.

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <random>

#include <arrow/api.h>
#include <arrow/compute/api.h>
#include <gtest/gtest.h>

#include "headrace/memory_budget.h"
#include "kernels/downsample/largest_triangles.h"
#include "shape/downsample.h"
#include "testing/batches.h"

namespace headrace::shape {
namespace {

using testing::ReaderOf;

struct Point {
  std::optional<double> x;  // none: null
  std::optional<double> y;
  int64_t series;
  int64_t row;  // in the source
  bool IsGap() const { return !y || std::isnan(*y); }
};
using Points = std::vector<Point>;

// One series, in the order of x.
class Oracle {
 public:
  Oracle(DownsampleMethod method, int64_t points, bool whole)
      : method_(method), points_(points), whole_(whole) {}

  std::vector<int64_t> Chosen(const Points& rows) const {
    if (static_cast<int64_t>(rows.size()) <= points_) return RowsOf(rows);
    Points values;
    for (const Point& point : rows) {
      if (!point.IsGap()) values.push_back(point);
    }
    const int64_t bins = method_ == DownsampleMethod::kM4 ? points_ / 4 : points_ / 2;
    const int exponent =
        Exponent(rows, method_ == DownsampleMethod::kMinMaxLttb ? 4 * points_ : 16 * bins);
    std::map<int64_t, Points> cells;
    for (const Point& point : rows) cells[Cell(*point.x, exponent)].push_back(point);
    Points chosen;
    if (method_ == DownsampleMethod::kLttb) {
      chosen = Triangles(values);
    } else if (method_ == DownsampleMethod::kMinMaxLttb) {
      Points extremes;
      if (!values.empty()) extremes = {values.front(), values.back()};
      for (const auto& [cell, points] : cells) AddExtremes(points, &extremes);
      chosen = Triangles(Arranged(extremes));
    } else {
      const int64_t first = cells.begin()->first;
      const int64_t count = cells.rbegin()->first - first + 1;
      std::map<int64_t, Points> by_bin;
      for (const auto& [cell, points] : cells) {
        Points& bin = by_bin[count <= bins ? cell - first : (cell - first) * bins / count];
        bin.insert(bin.end(), points.begin(), points.end());
      }
      for (const auto& [bin, points] : by_bin) AddExtremes(points, &chosen);
      chosen = Arranged(chosen);
    }
    return RowsOf(WithGaps(chosen, cells));
  }

 private:
  int64_t Cell(double x, int exponent) const {
    return static_cast<int64_t>(std::floor(std::ldexp(x, -exponent)));
  }

  int Exponent(const Points& rows, int64_t cells) const {
    const double first = *rows.front().x;
    const double last = *rows.back().x;
    const double largest = std::max(std::abs(first), std::abs(last));
    int exponent = whole_ ? 0 : largest == 0 ? -1000 : std::ilogb(largest) - 52;
    while (Cell(last, exponent) - Cell(first, exponent) + 1 > cells) ++exponent;
    return exponent;
  }

  void AddExtremes(const Points& points, Points* out) const {
    const Point* least = nullptr;
    const Point* greatest = nullptr;
    const Point* first = nullptr;
    const Point* last = nullptr;
    for (const Point& point : points) {
      if (point.IsGap()) continue;
      if (least == nullptr || *point.y < *least->y) least = &point;
      if (greatest == nullptr || *point.y > *greatest->y) greatest = &point;
      if (first == nullptr) first = &point;
      last = &point;
    }
    if (least == nullptr) return;
    out->push_back(*least);
    out->push_back(*greatest);
    if (method_ != DownsampleMethod::kM4) return;
    out->push_back(*first);
    out->push_back(*last);
  }

  static Points Arranged(Points points) {
    std::sort(points.begin(), points.end(), [](const Point& a, const Point& b) {
      return *a.x != *b.x ? *a.x < *b.x : a.row < b.row;
    });
    const auto same = [](const Point& a, const Point& b) { return a.row == b.row; };
    points.erase(std::unique(points.begin(), points.end(), same), points.end());
    return points;
  }

  Points Triangles(const Points& points) const {
    std::vector<int64_t> chosen(points.size());
    const double origin = points.empty() ? 0 : *points.front().x;
    const double range = points.empty() ? 0 : *points.back().x - origin;
    const int64_t count = kernels::LargestTriangles(
        static_cast<int64_t>(points.size()),
        [&](int64_t i) {
          const double x = *points[static_cast<size_t>(i)].x;
          return x == origin ? 0 : (x - origin) / range;
        },
        [&](int64_t i) { return *points[static_cast<size_t>(i)].y; }, points_, chosen.data());
    Points out;
    for (int64_t i = 0; i < count; ++i) {
      out.push_back(points[static_cast<size_t>(chosen[static_cast<size_t>(i)])]);
    }
    return out;
  }

  // The first gap of each cell (of all for lttb), where it follows a point or begins the series.
  Points WithGaps(Points chosen, const std::map<int64_t, Points>& cells) const {
    for (const auto& [cell, points] : cells) {
      for (const Point& point : points) {
        if (!point.IsGap()) continue;
        chosen.push_back(point);
        if (method_ != DownsampleMethod::kLttb) break;
      }
    }
    Points out;
    for (const Point& point : Arranged(chosen)) {
      if (point.IsGap() && !out.empty() && out.back().IsGap()) continue;
      out.push_back(point);
    }
    return out;
  }

  static std::vector<int64_t> RowsOf(const Points& points) {
    std::vector<int64_t> rows;
    for (const Point& point : points) rows.push_back(point.row);
    return rows;
  }

  const DownsampleMethod method_;
  const int64_t points_;
  const bool whole_;
};

class RandomChart {
 public:
  explicit RandomChart(uint32_t seed) : random_(seed) {
    const int64_t rows = Below(3) == 0 ? Below(40) : Below(4000);
    whole = Below(2) == 0;
    num_series = Below(2) == 0 ? 1 : 1 + Below(5);
    const int64_t disorder = Below(4) == 0 ? 1 + Below(500) : 0;
    const int64_t nulls = Below(3) == 0 ? 1 + Below(60) : 0;
    const double step = whole ? static_cast<double>(1 + Below(1000))
                              : std::ldexp(1.0, static_cast<int>(Below(60)) - 40);
    const bool many_equal = Below(5) == 0;
    const double origin = step * static_cast<double>(Below(3) * 12345 - 12345);
    double walk = 0;
    for (int64_t row = 0; row < rows; ++row) {
      Point point{.series = Below(num_series), .row = row};
      double place = static_cast<double>(many_equal ? row / 7 : row) + (Below(200) == 0 ? 500 : 0);
      if (disorder == 0) place = static_cast<double>(many_equal ? row / 7 : row);
      place += static_cast<double>(disorder > 0 ? Below(disorder) : 0);
      point.x = origin + step * place;
      if (nulls > 0 && Below(50) == 0) point.x = std::nullopt;
      walk += static_cast<double>(Below(21) - 10);
      point.y = walk;
      if (nulls > 0 && Below(nulls) == 0) point.y = std::nullopt;
      if (nulls > 0 && Below(nulls) == 0) point.y = std::numeric_limits<double>::quiet_NaN();
      if (nulls > 0 && Below(100) == 0) point.y = std::numeric_limits<double>::infinity();
      points.push_back(point);
    }
    plan.method = static_cast<DownsampleMethod>(Below(4));
    plan.x = "x";
    plan.y = {"y"};
    plan.points = 4 + Below(Below(2) == 0 ? 30 : 300);
    if (num_series > 1) plan.by = "series";
  }

  int64_t Below(int64_t end) { return std::uniform_int_distribution<int64_t>(0, end - 1)(random_); }

  std::shared_ptr<arrow::RecordBatch> Whole() const {
    arrow::DoubleBuilder x;
    arrow::DoubleBuilder y;
    arrow::Int64Builder series;
    for (const Point& point : points) {
      EXPECT_TRUE(x.AppendOrNull(point.x).ok() && y.AppendOrNull(point.y).ok() &&
                  series.Append(point.series).ok());
    }
    auto places = x.Finish().ValueOrDie();
    if (whole) places = arrow::compute::Cast(*places, arrow::int64()).ValueOrDie();
    return arrow::RecordBatch::Make(
        arrow::schema({arrow::field("x", places->type()), arrow::field("y", arrow::float64()),
                       arrow::field("series", arrow::int64())}),
        static_cast<int64_t>(points.size()),
        {places, y.Finish().ValueOrDie(), series.Finish().ValueOrDie()});
  }

  arrow::RecordBatchVector Batches(int64_t most) {
    const auto batch = Whole();
    arrow::RecordBatchVector batches = {batch->Slice(0, 0)};
    for (int64_t row = 0; row < batch->num_rows();) {
      const int64_t rows = 1 + Below(most);
      batches.push_back(batch->Slice(row, rows));
      row += rows;
    }
    return batches;
  }

  // Of each series in the order of appearance.
  std::vector<int64_t> Expected() const {
    std::vector<std::pair<int64_t, Points>> by_series;
    for (const Point& point : points) {
      if (!point.x) continue;
      auto found = std::find_if(by_series.begin(), by_series.end(),
                                [&](const auto& known) { return known.first == point.series; });
      if (found == by_series.end()) {
        by_series.push_back({point.series, {}});
        found = by_series.end() - 1;
      }
      found->second.push_back(point);
    }
    std::vector<int64_t> rows;
    for (auto& [series, of_series] : by_series) {
      std::stable_sort(of_series.begin(), of_series.end(),
                       [](const Point& a, const Point& b) { return *a.x < *b.x; });
      const auto chosen = Oracle(plan.method, plan.points, whole).Chosen(of_series);
      rows.insert(rows.end(), chosen.begin(), chosen.end());
    }
    return rows;
  }

  Points points;
  DownsamplePlan plan;
  int64_t num_series;
  bool whole;

 private:
  std::mt19937_64 random_;
};

std::shared_ptr<arrow::RecordBatch> RowsOf(const arrow::RecordBatch& all,
                                           const std::vector<int64_t>& rows, bool by) {
  arrow::Int64Builder indices;
  EXPECT_TRUE(indices.AppendValues(rows).ok());
  const auto taken = arrow::compute::Take(arrow::Datum(all), indices.Finish().ValueOrDie());
  auto batch = taken.ValueOrDie().record_batch();
  return by ? batch : batch->RemoveColumn(2).ValueOrDie();
}

TEST(DownsampleOracle, ChoosesWhatTheNaiveLoopsChoose) {
  const uint32_t first = std::random_device()();
  RecordProperty("first_seed", std::to_string(first));
  for (uint32_t seed = first; seed != first + 600; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    RandomChart chart(seed);
    MemoryBudget budget(int64_t{1} << 30);
    const auto expected = RowsOf(*chart.Whole(), chart.Expected(), chart.num_series > 1);
    for (const int64_t most : {int64_t{1} << 20, int64_t{1} + chart.Below(200)}) {
      auto reader = Downsample(ReaderOf(chart.Batches(most)), chart.plan, &budget);
      ASSERT_TRUE(reader.ok()) << reader.status();
      const auto table = (*reader)->ToTable();
      ASSERT_TRUE(table.ok()) << table.status();
      const auto rows = (*table)->CombineChunksToBatch().ValueOrDie();
      ASSERT_TRUE(rows->ValidateFull().ok());
      ASSERT_TRUE(rows->Equals(*expected, false, arrow::EqualOptions::Defaults().nans_equal(true)))
          << "method " << static_cast<int>(chart.plan.method) << ", points " << chart.plan.points
          << ", batches of " << most << "\n"
          << rows->ToString() << expected->ToString();
    }
  }
}

}  // namespace
}  // namespace headrace::shape
