#include "shape/point_cells.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace headrace::shape {

int64_t PointCells::IndexOf(int64_t cell) const {
  int64_t index;
  std::memcpy(&index, At(cell), sizeof index);
  return index;
}

const std::byte* PointCells::Row(int64_t cell, size_t y, CellRow role) const {
  if (static_cast<int64_t>(role) >= roles_) return nullptr;
  const std::byte* const record =
      At(cell) + 8 +
      (static_cast<int64_t>(y) * roles_ + static_cast<int64_t>(role)) * records_.width();
  return PointRecords::IsEmpty(record) ? nullptr : record;
}

Status PointCells::Add(const PointBatch& batch, int64_t begin, int64_t end) {
  Widen(batch.axis_keys[begin], batch.axis_keys[end - 1]);
  const int64_t* const keys = batch.axis_keys;
  while (begin < end) {
    const int64_t index = axis_.CellOf(keys[begin], exponent_);
    const int64_t* const next =
        std::partition_point(keys + begin + 1, keys + end,
                             [&](int64_t key) { return axis_.CellOf(key, exponent_) == index; });
    ARROW_ASSIGN_OR_RAISE(const int64_t cell, CellWithIndex(index));
    AddRows(batch, begin, next - keys, cell);
    begin = next - keys;
  }
  return Status::OK();
}

// Makes cells so wide that the range of all rows fits.
void PointCells::Widen(int64_t least, int64_t greatest) {
  least_ = size_ == 0 ? least : std::min(least_, least);
  greatest_ = size_ == 0 ? greatest : std::max(greatest_, greatest);
  const int wider = axis_.ExponentFor(least_, greatest_, max_cells_, exponent_);
  const int steps = std::min(wider - exponent_, 63);
  exponent_ = wider;
  int64_t kept = 0;
  for (int64_t cell = 0; cell < size_ && steps > 0; ++cell) {
    const int64_t index = IndexOf(cell) >> steps;
    if (kept > 0 && IndexOf(kept - 1) == index) {
      MergeInto(kept - 1, cell);
      continue;
    }
    if (kept != cell) std::memmove(At(kept), At(cell), static_cast<size_t>(stride_));
    std::memcpy(At(kept), &index, sizeof index);
    ++kept;
  }
  if (steps > 0) size_ = kept;
}

Result<int64_t> PointCells::CellWithIndex(int64_t index) {
  int64_t cell = size_;
  if (size_ > 0 && IndexOf(size_ - 1) >= index) {
    int64_t above = size_ - 1;
    cell = 0;
    while (cell < above) {
      const int64_t middle = (cell + above) / 2;
      if (IndexOf(middle) < index) {
        cell = middle + 1;
      } else {
        above = middle;
      }
    }
    if (IndexOf(cell) == index) return cell;
  }
  ARROW_RETURN_NOT_OK(cells_.ResizeUninitialized((size_ + 1) * stride_));
  std::memmove(At(cell + 1), At(cell), static_cast<size_t>((size_ - cell) * stride_));
  ++size_;
  std::memcpy(At(cell), &index, sizeof index);
  for (int64_t i = 0; i < static_cast<int64_t>(records_.num_ys()) * roles_; ++i) {
    PointRecords::Clear(At(cell) + 8 + i * records_.width());
  }
  return cell;
}

void PointCells::AddRows(const PointBatch& batch, int64_t begin, int64_t end, int64_t cell) {
  for (size_t y = 0; y < batch.ys.size(); ++y) {
    const PointValues& values = batch.ys[y];
    const PointValues::Found found = values.Find(begin, end);
    Offer(batch, found.least, cell, y, CellRow::kLeast);
    Offer(batch, found.greatest, cell, y, CellRow::kGreatest);
    Offer(batch, found.gap, cell, y, CellRow::kGap);
    if (roles_ < 5) continue;
    Offer(batch, values.FirstValue(begin, end), cell, y, CellRow::kFirst);
    Offer(batch, values.LastValue(begin, end), cell, y, CellRow::kLast);
  }
}

// Compared without being written down: most rows that are offered are no better.
void PointCells::Offer(const PointBatch& batch, int64_t row, int64_t cell, size_t y, CellRow role) {
  if (row < 0) return;
  std::byte* const place = Place(cell, y, role);
  if (!PointRecords::IsEmpty(place)) {
    const int64_t axis = batch.axis_keys[row];
    const int64_t number = batch.RowNumber(row);
    const bool before = axis != PointRecords::AxisOf(place) ? axis < PointRecords::AxisOf(place)
                                                            : number < PointRecords::RowOf(place);
    bool better = role == CellRow::kLast ? !before : before;
    if (role == CellRow::kLeast || role == CellRow::kGreatest) {
      const int64_t key = batch.ys[y].KeyAt(row);
      const int64_t kept = PointRecords::KeyOf(place, y);
      if (key != kept) better = role == CellRow::kLeast ? key < kept : key > kept;
    }
    if (!better) return;
  }
  records_.Write(batch, row, place);
}

bool PointCells::IsBetter(const std::byte* record, const std::byte* than, size_t y, CellRow role) {
  if (PointRecords::IsEmpty(record)) return false;
  if (PointRecords::IsEmpty(than)) return true;
  if (role == CellRow::kLeast || role == CellRow::kGreatest) {
    const int64_t key = PointRecords::KeyOf(record, y);
    const int64_t kept = PointRecords::KeyOf(than, y);
    if (key != kept) return role == CellRow::kLeast ? key < kept : key > kept;
  }
  const bool before = PointRecords::Precedes(record, than);
  return role == CellRow::kLast ? !before : before;
}

void PointCells::MergeInto(int64_t cell, int64_t other) {
  for (size_t y = 0; y < records_.num_ys(); ++y) {
    for (int64_t role = 0; role < roles_; ++role) {
      std::byte* const place = Place(cell, y, static_cast<CellRow>(role));
      const std::byte* const offered = Place(other, y, static_cast<CellRow>(role));
      if (!IsBetter(offered, place, y, static_cast<CellRow>(role))) continue;
      std::memcpy(place, offered, static_cast<size_t>(records_.width()));
    }
  }
}

}  // namespace headrace::shape
