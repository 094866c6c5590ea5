#include "kernels/downsample/index_bins.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "kernels/downsample/arg_extremes.h"
#include "kernels/downsample/largest_triangles.h"

namespace headrace::kernels {
namespace {

// Rows [edge(bin), edge(bin + 1)) of `rows` rows in `bins` bins; the product may not fit 64 bits.
int64_t Edge(int64_t rows, int64_t bins, int64_t bin) {
  return static_cast<int64_t>(static_cast<unsigned __int128>(rows) *
                              static_cast<unsigned __int128>(bin) /
                              static_cast<unsigned __int128>(bins));
}

// Ascending, each once; -1 stands for none.
template <size_t kCount>
int64_t* Put(std::array<int64_t, kCount> rows, int64_t begin, int64_t* out) {
  std::sort(rows.begin(), rows.end());
  int64_t last = -1;
  for (const int64_t row : rows) {
    if (row > last) *out++ = begin + (last = row);
  }
  return out;
}

template <typename T>
int64_t* PutExtremes(std::span<const T> y, int64_t first_row, int64_t bins, int64_t* out) {
  const auto rows = static_cast<int64_t>(y.size());
  for (int64_t bin = 0; bin < bins; ++bin) {
    const int64_t begin = Edge(rows, bins, bin);
    const int64_t end = Edge(rows, bins, bin + 1);
    const ArgExtremes found =
        FindExtremes(y.subspan(static_cast<size_t>(begin), static_cast<size_t>(end - begin)));
    out = Put<2>({found.least, found.greatest}, first_row + begin, out);
  }
  return out;
}

template <typename T>
int64_t* PutM4(std::span<const T> y, int64_t bins, int64_t* out) {
  const auto rows = static_cast<int64_t>(y.size());
  for (int64_t bin = 0; bin < bins; ++bin) {
    const int64_t begin = Edge(rows, bins, bin);
    const int64_t end = Edge(rows, bins, bin + 1);
    const auto part = y.subspan(static_cast<size_t>(begin), static_cast<size_t>(end - begin));
    const ArgExtremes found = FindExtremes(part);
    if (found.least < 0) continue;
    int64_t first = 0;
    int64_t last = end - begin - 1;
    while (part[static_cast<size_t>(first)] != part[static_cast<size_t>(first)]) ++first;
    while (part[static_cast<size_t>(last)] != part[static_cast<size_t>(last)]) --last;
    out = Put<4>({first, found.least, found.greatest, last}, begin, out);
  }
  return out;
}

template <typename T>
int64_t PutAll(std::span<const T> y, int64_t* out) {
  int64_t count = 0;
  for (size_t row = 0; row < y.size(); ++row) {
    if (y[row] == y[row]) out[count++] = static_cast<int64_t>(row);
  }
  return count;
}

// row(i) says which row is the i'th point.
template <typename T, typename Row>
int64_t Triangles(const DownsampleInput<T>& input, int64_t count, const Row& row, int64_t points,
                  int64_t* out) {
  const auto y = [&](int64_t i) {
    return static_cast<double>(input.y[static_cast<size_t>(row(i))]);
  };
  if (input.x == nullptr) {
    const double scale = 1 / static_cast<double>(input.y.size());
    return LargestTriangles(
        count, [&](int64_t i) { return static_cast<double>(row(i)) * scale; }, y, points, out);
  }
  const double origin = input.x[0];
  const double range = input.x[input.y.size() - 1] - origin;
  const double scale = range > 0 ? 1 / range : 0;
  return LargestTriangles(
      count, [&](int64_t i) { return (input.x[row(i)] - origin) * scale; }, y, points, out);
}

template <typename T>
int64_t TrianglesOfExtremes(const DownsampleInput<T>& input, int64_t points,
                            std::span<int64_t> scratch, int64_t* out) {
  const auto y = input.y;
  const auto rows = static_cast<int64_t>(y.size());
  if (rows / points <= kExtremesPerPoint) {
    return Triangles(input, rows, [](int64_t i) { return i; }, points, out);
  }
  int64_t first = 0;
  int64_t last = rows - 1;
  while (first < rows && y[static_cast<size_t>(first)] != y[static_cast<size_t>(first)]) ++first;
  if (first == rows) return 0;
  while (y[static_cast<size_t>(last)] != y[static_cast<size_t>(last)]) --last;
  int64_t* end = scratch.data();
  *end++ = first;
  if (last > first + 1) {
    const auto between =
        y.subspan(static_cast<size_t>(first + 1), static_cast<size_t>(last - first - 1));
    end = PutExtremes(between, first + 1, kExtremesPerPoint * points / 2, end);
  }
  if (last > first) *end++ = last;
  const int64_t count = Triangles(
      input, end - scratch.data(), [&](int64_t i) { return scratch[static_cast<size_t>(i)]; },
      points, out);
  for (int64_t i = 0; i < count; ++i) out[i] = scratch[static_cast<size_t>(out[i])];
  return count;
}

}  // namespace

template <typename T>
int64_t Downsample(DownsampleMethod method, const DownsampleInput<T>& input, int64_t points,
                   std::span<int64_t> scratch, int64_t* out) noexcept {
  const auto rows = static_cast<int64_t>(input.y.size());
  if (rows <= points) return PutAll(input.y, out);
  switch (method) {
    case DownsampleMethod::kMinMax: return PutExtremes(input.y, 0, points / 2, out) - out;
    case DownsampleMethod::kM4: return PutM4(input.y, points / 4, out) - out;
    case DownsampleMethod::kLttb:
      return Triangles(input, rows, [](int64_t i) { return i; }, points, out);
    default: return TrianglesOfExtremes(input, points, scratch, out);
  }
}

template int64_t Downsample(DownsampleMethod, const DownsampleInput<double>&, int64_t,
                            std::span<int64_t>, int64_t*) noexcept;
template int64_t Downsample(DownsampleMethod, const DownsampleInput<float>&, int64_t,
                            std::span<int64_t>, int64_t*) noexcept;
template int64_t Downsample(DownsampleMethod, const DownsampleInput<int64_t>&, int64_t,
                            std::span<int64_t>, int64_t*) noexcept;
template int64_t Downsample(DownsampleMethod, const DownsampleInput<int32_t>&, int64_t,
                            std::span<int64_t>, int64_t*) noexcept;

}  // namespace headrace::kernels
