#pragma once

#include <functional>

#include <gtest/gtest.h>

#include "hwy/highway.h"

namespace headrace::kernels {

/// Runs `body` once for every SIMD target that this machine has and the kernels are compiled for.
inline void ForEachTarget(const std::function<void()>& body) {
  for (int64_t target : hwy::SupportedAndGeneratedTargets()) {
    hwy::SetSupportedTargetsForTest(target);
    hwy::GetChosenTarget().DeInit();
    SCOPED_TRACE(hwy::TargetName(target));
    body();
    hwy::SetSupportedTargetsForTest(0);
    hwy::GetChosenTarget().DeInit();
    if (::testing::Test::HasFatalFailure()) return;
  }
}

}  // namespace headrace::kernels
