#include "downsample.h"

#include <optional>
#include <string>
#include <utility>

#include <arrow/buffer.h>
#include <fmt/format.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>

#include "headrace/error_code.h"
#include "headrace/memory_budget.h"
#include "kernels/downsample/index_bins.h"
#include "shape/downsample.h"
#include "status_exception.h"

namespace headrace::python {
namespace {

namespace nb = nanobind;

using Values = nb::ndarray<nb::ro, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Places = nb::ndarray<const double, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using kernels::DownsampleMethod;

struct Points {
  DownsampleMethod method;
  int64_t points;
  const double* x;
};

template <typename T>
Result<int64_t> Choose(const Values& values, const Points& wanted, int64_t* out) {
  ARROW_ASSIGN_OR_RAISE(
      const auto scratch,
      arrow::AllocateBuffer(kernels::DownsampleScratch(wanted.method, wanted.points) *
                                static_cast<int64_t>(sizeof(int64_t)),
                            MemoryBudget::Process()));
  const kernels::DownsampleInput<T> input = {
      .y = {static_cast<const T*>(values.data()), values.shape(0)}, .x = wanted.x};
  const std::span<int64_t> work(reinterpret_cast<int64_t*>(scratch->mutable_data()),
                                static_cast<size_t>(scratch->size()) / sizeof(int64_t));
  return kernels::Downsample<T>(wanted.method, input, wanted.points, work, out);
}

Result<int64_t> ChooseOfType(const Values& values, const Points& wanted, int64_t* out) {
  if (values.dtype() == nb::dtype<double>()) return Choose<double>(values, wanted, out);
  if (values.dtype() == nb::dtype<float>()) return Choose<float>(values, wanted, out);
  if (values.dtype() == nb::dtype<int64_t>()) return Choose<int64_t>(values, wanted, out);
  if (values.dtype() == nb::dtype<int32_t>()) return Choose<int32_t>(values, wanted, out);
  return MakeError(ErrorCode::kTypeMismatch, "values are float64, float32, int64 or int32",
                   {"values"});
}

Result<Points> CheckArguments(const Values& values, int64_t points, const std::string& method,
                              const std::optional<Places>& x) {
  Points wanted = {.points = points};
  ARROW_ASSIGN_OR_RAISE(wanted.method, shape::ParseDownsampleMethod(method));
  const int64_t least = wanted.method == DownsampleMethod::kM4 ? 4 : 2;
  if (points < least || points > shape::kMaxDownsamplePoints) {
    return MakeError(
        ErrorCode::kInvalidArgument,
        fmt::format("points are {} to {}, not {}", least, shape::kMaxDownsamplePoints, points),
        {"points"});
  }
  if (x && x->shape(0) != values.shape(0)) {
    return MakeError(ErrorCode::kInvalidArgument, "x has to be as long as values", {"x"});
  }
  if (x) wanted.x = x->data();
  return wanted;
}

nb::object DownsampleArray(const Values& values, int64_t points, const std::string& method,
                           const std::optional<Places>& x) {
  const Points wanted = Unwrap(CheckArguments(values, points, method, x));
  const auto most = std::min(points, static_cast<int64_t>(values.shape(0)));
  const nb::object made = nb::module_::import_("numpy").attr("empty")(most, "int64");
  auto* const out =
      nb::cast<nb::ndarray<int64_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>>(made).data();
  const int64_t count = Unwrap(WithoutGil([&] { return ChooseOfType(values, wanted, out); }));
  return made[nb::slice(nb::int_(0), nb::int_(count), nb::int_(1))];
}

constexpr char kDoc[] =
    R"(Which points of a column in memory a chart of `points` points needs: their indices, ascending.

Args:
    values: 1-D contiguous array of float64, float32, int64 or int32; NaN is passed over.
    points: how many at most, at least 2, for m4 4.
    method: minmaxlttb, lttb, minmax or m4, over bins of equally many values.
    x: where the values stand, ascending and finite, for the areas of triangles; none: evenly.

Returns:
    int64 indices; all that are not NaN if there are no more than `points` values.

Raises:
    InvalidArgument, TypeMismatch: `location` names the argument.)";

}  // namespace

void BindDownsample(nb::module_& module) {
  module.def("downsample", &DownsampleArray, nb::arg("values"), nb::arg("points"),
             nb::arg("method") = "minmaxlttb", nb::arg("x") = nb::none(), kDoc);
}

}  // namespace headrace::python
