#include "rolling.h"

#include <algorithm>
#include <cstring>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include <arrow/buffer.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>

#include "headrace/error_code.h"
#include "headrace/feature_plan.h"
#include "headrace/memory_budget.h"
#include "kernels/rolling/rolling.h"
#include "status_exception.h"

namespace headrace::python {
namespace {

namespace nb = nanobind;

using Column = nb::ndarray<const double, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Output = nb::ndarray<double, nb::numpy, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using kernels::RollingKind;
using kernels::RollingSpec;

// Rows of one request that may lack a result: a column without nulls has one from the first full
// window on, but for the kinds that divide by a spread.
int64_t RowsThatMayLack(const RollingSpec& spec, int64_t rows) {
  const bool by_spread = spec.kind == RollingKind::kSkew || spec.kind == RollingKind::kKurtosis ||
                         spec.kind == RollingKind::kZscore;
  if (by_spread || spec.min_samples > spec.window || spec.window <= spec.ddof) return rows;
  return std::min(rows, spec.window + 1);
}

Status Compute(const RollingSpec& spec, const double* values, int64_t rows, double* out) {
  MemoryBudget* pool = MemoryBudget::Process();
  ARROW_ASSIGN_OR_RAISE(
      auto scratch, arrow::AllocateBuffer(
                        static_cast<int64_t>(kernels::RollScratchBytes(spec, rows)) + 64, pool));
  const int64_t head = RowsThatMayLack(spec, rows);
  ARROW_ASSIGN_OR_RAISE(auto bits, arrow::AllocateBuffer((head + 63) / 64 * 8 + 8, pool));
  const std::span<std::byte> work(reinterpret_cast<std::byte*>(scratch->mutable_data()),
                                  static_cast<size_t>(scratch->size()));
  const kernels::RollingColumn column = {.values = values};
  kernels::Roll(spec, column, 0, 0, head, {.values = out, .validity = bits->mutable_data()}, work);
  for (int64_t i = 0; i < head; ++i) {
    if (((bits->data()[i >> 3] >> (i & 7)) & 1) == 0)
      out[i] = std::numeric_limits<double>::quiet_NaN();
  }
  if (head < rows) kernels::Roll(spec, column, 0, head, rows, {.values = out + head}, work);
  return Status::OK();
}

void CheckOutput(const Column& values, const Output& out) {
  const auto refuse = [](const char* why) {
    Check(MakeError(ErrorCode::kInvalidArgument, why, {"out"}));
  };
  if (out.shape(0) != values.shape(0)) refuse("out has to be as long as values");
  const std::less<const double*> before;
  if (before(out.data(), values.data() + values.shape(0)) &&
      before(values.data(), out.data() + out.shape(0))) {
    refuse("out may not share memory with values, which are read again while it is written");
  }
}

nb::object Rolling(Column values, const std::string& stat, int64_t window, int64_t min_samples,
                   int ddof, std::optional<Output> given) {
  const StatRequest request = Unwrap(StatRequest::Parse(stat));
  FeaturePlan plan;  // has the rules for these numbers
  plan.windows = {window};
  plan.min_samples = min_samples;
  plan.ddof = ddof;
  Check(plan.Validate());
  const RollingSpec spec = {.kind = static_cast<RollingKind>(request.stat),
                            .window = window,
                            .min_samples = min_samples,
                            .ddof = ddof,
                            .quantile = request.quantile};
  const auto rows = static_cast<int64_t>(values.shape(0));
  nb::object result;
  if (given) {
    CheckOutput(values, *given);
    result = nb::cast(*given);
  } else {
    static const nb::handle empty =
        nb::object(nb::module_::import_("numpy").attr("empty")).release();
    result = empty(rows);
  }
  auto* out = nb::cast<Output>(result).data();
  Check(WithoutGil([&] { return Compute(spec, values.data(), rows, out); }));
  return result;
}

constexpr char kDoc[] =
    R"(One rolling statistic of a column, as an array of doubles of the same length.

Args:
    values: 1-D contiguous float64 array; NaN and infinities are values, there are no nulls.
    stat: a statistic as FeaturePlan names them ("mean", "std", "quantile_0.95", ...).
    window: length in rows, 1 or more; cost does not grow with it.
    min_samples: a window of fewer values has no result.
    ddof: 0 or 1, of var, std and zscore.
    out: where the result goes: a writable array like values, apart from it; none: a new one.

Returns:
    NaN where a result does not exist.

Raises:
    InvalidArgument: a value breaks a rule; `location` names the argument.
    MemoryLimit: the budget of the process has no room for the working memory.)";

}  // namespace

void BindRolling(nb::module_& module) {
  module.def("rolling", &Rolling, nb::arg("values"), nb::arg("stat"), nb::arg("window"),
             nb::arg("min_samples") = 1, nb::arg("ddof") = 1, nb::arg("out") = nb::none(), kDoc);
}

}  // namespace headrace::python
