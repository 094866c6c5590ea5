#include "shape/point_series.h"

#include <algorithm>
#include <iterator>

#include "kernels/downsample/largest_triangles.h"

namespace headrace::shape {
namespace {

// MinMax and M4 put whole cells together to their bins, whose widths so differ by an eighth at
// most.
constexpr int64_t kCellsPerBin = 16;

int64_t RowsPerBin(DownsampleMethod method) { return method == DownsampleMethod::kM4 ? 4 : 2; }

int64_t MaxCells(const PointSeries::Options& options) {
  if (options.method == DownsampleMethod::kMinMaxLttb) {
    return kernels::kExtremesPerPoint * options.points;
  }
  return kCellsPerBin * (options.points / RowsPerBin(options.method));
}

// In the order of the axis, each row once.
void Arrange(std::vector<const std::byte*>* rows) {
  if (!std::is_sorted(rows->begin(), rows->end(), PointRecords::Precedes)) {
    std::sort(rows->begin(), rows->end(), PointRecords::Precedes);
  }
  const auto same = [](const std::byte* a, const std::byte* b) {
    return PointRecords::RowOf(a) == PointRecords::RowOf(b);
  };
  rows->erase(std::unique(rows->begin(), rows->end(), same), rows->end());
}

// Between two points one gap says as much as many.
std::vector<const std::byte*> WithGaps(const std::vector<const std::byte*>& points,
                                       const std::vector<const std::byte*>& gaps) {
  std::vector<const std::byte*> rows;
  rows.reserve(points.size() + std::min(gaps.size(), points.size() + 1));
  auto point = points.begin();
  bool in_gap = false;
  for (const std::byte* const gap : gaps) {
    while (point != points.end() && PointRecords::Precedes(*point, gap)) {
      rows.push_back(*point++);
      in_gap = false;
    }
    if (!in_gap) rows.push_back(gap);
    in_gap = true;
  }
  rows.insert(rows.end(), point, points.end());
  return rows;
}

}  // namespace

PointSeries::PointSeries(const Options& options, const PointRecords& records, PointAxis axis,
                         arrow::MemoryPool* pool)
    : options_(options), records_(records), axis_(axis), pool_(pool), kept_(pool), ends_(pool) {}

int64_t PointSeries::bytes() const {
  return kept_.bytes() + ends_.bytes() + (cells_ ? cells_->bytes() : 0);
}

Status PointSeries::Add(const PointBatch& batch, int64_t begin, int64_t end) {
  if (begin == end) return Status::OK();
  for (int64_t i = begin; i < end; ++i) {
    const int64_t number = batch.RowNumber(i);
    if (first_row_ < 0 || number < first_row_) first_row_ = number;
    if (batch.row_numbers == nullptr) break;  // the others come after it
  }
  if (!cells_) {
    const bool all = options_.method == DownsampleMethod::kLttb;
    if (all || end - begin <= options_.points - num_kept_) {
      ARROW_RETURN_NOT_OK(kept_.Reserve((num_kept_ + end - begin) * records_.width()));
      for (int64_t i = begin; i < end; ++i) ARROW_RETURN_NOT_OK(Keep(batch, i));
      return Status::OK();
    }
    ARROW_RETURN_NOT_OK(StartCells());
  }
  if (options_.method == DownsampleMethod::kMinMaxLttb) KeepEnds(batch, begin, end);
  return cells_->Add(batch, begin, end);
}

Status PointSeries::Keep(const PointBatch& batch, int64_t i) {
  const int64_t width = records_.width();
  ARROW_RETURN_NOT_OK(kept_.ResizeUninitialized((num_kept_ + 1) * width));
  records_.Write(batch, i, kept_.data() + num_kept_++ * width);
  return Status::OK();
}

PointSeries::Rows PointSeries::KeptRows() const {
  Rows rows;
  rows.reserve(static_cast<size_t>(num_kept_));
  for (int64_t i = 0; i < num_kept_; ++i) rows.push_back(kept_.data() + i * records_.width());
  Arrange(&rows);
  return rows;
}

// The rows so far go where the later ones will: as a batch, as which they came.
Status PointSeries::StartCells() {
  const bool m4 = options_.method == DownsampleMethod::kM4;
  ARROW_RETURN_NOT_OK(
      ends_.ResizeUninitialized(static_cast<int64_t>(2 * records_.num_ys()) * records_.width()));
  for (size_t y = 0; y < records_.num_ys(); ++y) {
    for (const bool last : {false, true}) PointRecords::Clear(End(y, last));
  }
  cells_.emplace(records_, axis_, MaxCells(options_), m4, pool_);
  const Rows rows = KeptRows();
  if (rows.empty()) return Status::OK();
  PoolVector<int64_t> numbers(pool_);
  ARROW_ASSIGN_OR_RAISE(const PointBatch batch, records_.BatchOf(rows, &numbers, pool_));
  KeepEnds(batch, 0, batch.rows);
  ARROW_RETURN_NOT_OK(cells_->Add(batch, 0, batch.rows));
  kept_.Clear();
  num_kept_ = 0;
  return Status::OK();
}

void PointSeries::KeepEnds(const PointBatch& batch, int64_t begin, int64_t end) {
  for (size_t y = 0; y < batch.ys.size(); ++y) {
    OfferEnd(batch, batch.ys[y].FirstValue(begin, end), y, false);
    OfferEnd(batch, batch.ys[y].LastValue(begin, end), y, true);
  }
}

void PointSeries::OfferEnd(const PointBatch& batch, int64_t i, size_t y, bool last) {
  if (i < 0) return;
  std::byte* const end = End(y, last);
  if (!PointRecords::IsEmpty(end)) {
    const int64_t axis = batch.axis_keys[i];
    const int64_t kept = PointRecords::AxisOf(end);
    const bool before = axis != kept ? axis < kept : batch.RowNumber(i) < PointRecords::RowOf(end);
    if (before == last) return;
  }
  records_.Write(batch, i, end);
}

Result<std::vector<const std::byte*>> PointSeries::Chosen() const {
  // As much as the lists of rows below take, and not from the pool.
  PoolVector<int64_t> scratch(pool_);
  ARROW_RETURN_NOT_OK(scratch.Reserve(3 * num_kept_));
  const Rows kept = KeptRows();
  if (!cells_ && num_kept_ <= options_.points) return kept;
  Rows rows;
  for (size_t y = 0; y < records_.num_ys(); ++y) {
    const Rows of_y = ChosenOf(y, kept);
    rows.insert(rows.end(), of_y.begin(), of_y.end());
  }
  Arrange(&rows);
  return rows;
}

PointSeries::Rows PointSeries::ChosenOf(size_t y, const Rows& kept) const {
  switch (options_.method) {
    case DownsampleMethod::kMinMax:
    case DownsampleMethod::kM4: return WithGaps(Extremes(y), Gaps(y, kept));
    case DownsampleMethod::kLttb: {
      Rows values;
      std::copy_if(kept.begin(), kept.end(), std::back_inserter(values),
                   [&](const std::byte* row) { return !PointRecords::IsGap(row, y); });
      return WithGaps(Triangles(y, values), Gaps(y, kept));
    }
    default: return WithGaps(Triangles(y, Candidates(y)), Gaps(y, kept));
  }
}

// Of each bin of neighbouring cells the rows that the method names.
PointSeries::Rows PointSeries::Extremes(size_t y) const {
  const bool m4 = options_.method == DownsampleMethod::kM4;
  const auto bins = static_cast<uint64_t>(options_.points / RowsPerBin(options_.method));
  const uint64_t num_cells = cells_->PlaceOf(cells_->size() - 1) + 1;
  const auto bin_of = [&](int64_t cell) {
    const uint64_t place = cells_->PlaceOf(cell);
    return num_cells <= bins ? place : place * bins / num_cells;
  };
  Rows rows;
  for (int64_t cell = 0; cell < cells_->size();) {
    const uint64_t bin = bin_of(cell);
    const std::byte* found[4] = {};
    for (; cell < cells_->size() && bin_of(cell) == bin; ++cell) {
      const std::byte* const least = cells_->Row(cell, y, CellRow::kLeast);
      if (least == nullptr) continue;
      const std::byte* const greatest = cells_->Row(cell, y, CellRow::kGreatest);
      const auto key = [&](const std::byte* row) { return PointRecords::KeyOf(row, y); };
      if (found[0] == nullptr || key(least) < key(found[0])) found[0] = least;
      if (found[1] == nullptr || key(greatest) > key(found[1])) found[1] = greatest;
      if (m4 && found[2] == nullptr) found[2] = cells_->Row(cell, y, CellRow::kFirst);
      if (m4) found[3] = cells_->Row(cell, y, CellRow::kLast);
    }
    std::copy_if(std::begin(found), std::end(found), std::back_inserter(rows),
                 [](const std::byte* row) { return row != nullptr; });
  }
  Arrange(&rows);
  return rows;
}

PointSeries::Rows PointSeries::Candidates(size_t y) const {
  Rows rows;
  rows.reserve(static_cast<size_t>(2 * cells_->size() + 2));
  const auto add = [&](const std::byte* row) {
    if (row != nullptr && !PointRecords::IsEmpty(row)) rows.push_back(row);
  };
  const std::byte* const ends = ends_.data() + static_cast<int64_t>(2 * y) * records_.width();
  add(ends);
  for (int64_t cell = 0; cell < cells_->size(); ++cell) {
    add(cells_->Row(cell, y, CellRow::kLeast));
    add(cells_->Row(cell, y, CellRow::kGreatest));
  }
  add(ends + records_.width());
  Arrange(&rows);
  return rows;
}

PointSeries::Rows PointSeries::Triangles(size_t y, const Rows& rows) const {
  if (rows.empty()) return {};
  const auto at = [&](int64_t i) { return rows[static_cast<size_t>(i)]; };
  const int64_t origin = PointRecords::AxisOf(rows.front());
  const int64_t end = PointRecords::AxisOf(rows.back());
  std::vector<int64_t> chosen(
      static_cast<size_t>(std::min(options_.points, static_cast<int64_t>(rows.size()))));
  const int64_t count = kernels::LargestTriangles(
      static_cast<int64_t>(rows.size()),
      [&](int64_t i) { return axis_.Place(PointRecords::AxisOf(at(i)), origin, end); },
      [&](int64_t i) { return records_.ValueOf(at(i), y); }, options_.points, chosen.data());
  Rows out;
  for (int64_t i = 0; i < count; ++i) out.push_back(at(chosen[static_cast<size_t>(i)]));
  return out;
}

PointSeries::Rows PointSeries::Gaps(size_t y, const Rows& kept) const {
  Rows rows;
  for (const std::byte* const row : kept) {
    if (PointRecords::IsGap(row, y)) rows.push_back(row);
  }
  for (int64_t cell = 0; cells_ && cell < cells_->size(); ++cell) {
    const std::byte* const gap = cells_->Row(cell, y, CellRow::kGap);
    if (gap != nullptr) rows.push_back(gap);
  }
  return rows;
}

}  // namespace headrace::shape
