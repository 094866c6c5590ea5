#include "feature_plan.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "headrace/error_code.h"
#include "status_exception.h"

namespace headrace::python {
namespace {

namespace nb = nanobind;

std::vector<StatRequest> ParseStats(const std::vector<std::string>& names) {
  std::vector<StatRequest> stats;
  for (size_t i = 0; i < names.size(); ++i) {
    Result<StatRequest> stat = StatRequest::Parse(names[i]);
    if (!stat.ok()) {
      Raise(MakeError(CodeOf(stat.status()), stat.status().message(),
                      {"include_rolling_stats", std::to_string(i)}));
    }
    stats.push_back(*std::move(stat));
  }
  return stats;
}

void MakePlan(Plan* self, std::vector<int64_t> rolling_windows,
              const std::vector<std::string>& include_rolling_stats, bool include_lags,
              std::vector<int64_t> lag_periods, std::optional<std::vector<std::string>> columns,
              int64_t min_samples, int ddof, std::optional<double> fill) {
  if (fill && *fill != 0) {
    Raise(MakeError(ErrorCode::kInvalidArgument, fmt::format("fill is 0.0 or None, not {}", *fill),
                    {"fill"}));
  }
  FeaturePlan plan;
  plan.windows = std::move(rolling_windows);
  plan.stats = ParseStats(include_rolling_stats);
  plan.lags = std::move(lag_periods);
  plan.columns = std::move(columns);
  plan.min_samples = min_samples;
  plan.ddof = ddof;
  plan.fill_zero = fill.has_value();
  Check(plan.Validate());
  if (!include_lags) {
    plan.lags.clear();
  }
  new (self) Plan(std::move(plan));
}

nb::tuple StatTuple(const Plan& self) {
  nb::list names;
  for (const StatRequest& stat : self.plan.stats) {
    names.append(stat.name);
  }
  return nb::tuple(names);
}

template <typename T>
nb::tuple AsTuple(const std::vector<T>& values) {
  return nb::tuple(nb::cast(values));
}

nb::object ColumnTuple(const Plan& self) {
  return self.plan.columns ? nb::object(AsTuple(*self.plan.columns)) : nb::none();
}

std::string Repr(const Plan& self) {
  return fmt::format(
      "FeaturePlan(rolling_windows={}, include_rolling_stats={}, lag_periods={}, columns={}, "
      "min_samples={}, ddof={}, fill={})",
      nb::repr(AsTuple(self.plan.windows)).c_str(), nb::repr(StatTuple(self)).c_str(),
      nb::repr(AsTuple(self.plan.lags)).c_str(), nb::repr(ColumnTuple(self)).c_str(),
      self.plan.min_samples, self.plan.ddof, self.plan.fill_zero ? "0.0" : "None");
}

constexpr char kDoc[] =
    R"(What to derive of each numeric column: rolling statistics, then lags. Immutable, hashable.

Args:
    rolling_windows: lengths in rows, each 1 or more, none twice.
    include_rolling_stats: any of count, sum, mean, var, std, min, max, median, quantile
        (quantile_0.95), skew, kurtosis, first, last, lag, diff, pct_change, zscore, ewm_mean.
    include_lags: False leaves `lag_periods` out.
    lag_periods: distances in rows, each 1 or more, none twice.
    columns: numeric columns to derive from; None is all.
    min_samples: a statistic of fewer values (nulls do not count) does not exist.
    ddof: 0 or 1, of var, std and zscore.
    fill: what stands where a derived value does not exist: 0.0, or None for null.

Raises:
    InvalidArgument: a value breaks a rule; `location` names the argument.)";

}  // namespace

void BindFeaturePlan(nb::module_& module) {
  const std::vector<int64_t> windows = FeaturePlan().windows;
  const std::vector<int64_t> lags = FeaturePlan().lags;
  nb::class_<Plan>(module, "FeaturePlan", kDoc)
      .def("__init__", &MakePlan, nb::arg("rolling_windows") = AsTuple(windows),
           nb::arg("include_rolling_stats") = nb::make_tuple("mean", "std", "min", "max"),
           nb::arg("include_lags") = true, nb::arg("lag_periods") = AsTuple(lags),
           nb::arg("columns") = nb::none(), nb::arg("min_samples") = 1, nb::arg("ddof") = 1,
           nb::arg("fill").none() = 0.0)
      .def_prop_ro("rolling_windows", [](const Plan& self) { return AsTuple(self.plan.windows); })
      .def_prop_ro("include_rolling_stats", &StatTuple)
      .def_prop_ro("lag_periods", [](const Plan& self) { return AsTuple(self.plan.lags); })
      .def_prop_ro("columns", &ColumnTuple)
      .def_prop_ro("min_samples", [](const Plan& self) { return self.plan.min_samples; })
      .def_prop_ro("ddof", [](const Plan& self) { return self.plan.ddof; })
      .def_prop_ro(
          "fill",
          [](const Plan& self) { return self.plan.fill_zero ? std::optional(0.0) : std::nullopt; })
      .def(
          "__eq__", [](const Plan& self, const Plan& other) { return self.plan == other.plan; },
          nb::is_operator())
      .def("__hash__", [](const Plan& self) { return nb::hash(nb::str(Repr(self).c_str())); })
      .def("__repr__", &Repr);
}

}  // namespace headrace::python
