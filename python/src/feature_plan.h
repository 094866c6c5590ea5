#pragma once

#include <atomic>

#include <nanobind/nanobind.h>

#include "headrace/feature_plan.h"

namespace headrace::python {

/// headrace.FeaturePlan: a validated plan.
struct Plan {
  explicit Plan(FeaturePlan validated) : plan(std::move(validated)) {}
  Plan(Plan&& other) noexcept : plan(std::move(other.plan)), width(other.width.load()) {}

  FeaturePlan plan;
  /// How long the last vector made with the plan was: what to allocate for the next one.
  mutable std::atomic<int64_t> width{0};
};

void BindFeaturePlan(nanobind::module_& module);

}  // namespace headrace::python
