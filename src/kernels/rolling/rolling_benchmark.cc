// Rows a second of the rolling kernels: the batch form over 10 million rows, the incremental form a
// row at a time. HEADRACE_BENCH_TARGET=AVX2 holds the kernels to that SIMD target.

#include <cstdlib>
#include <cstring>
#include <random>
#include <vector>

#include <benchmark/benchmark.h>

#include "hwy/highway.h"
#include "kernels/rolling/rolling.h"
#include "testing/rolling_answers.h"

namespace headrace::kernels {
namespace {

constexpr int64_t kRows = 10'000'000;

void ChooseTarget() {
  const char* wanted = std::getenv("HEADRACE_BENCH_TARGET");
  if (wanted == nullptr) return;
  for (int64_t target : hwy::SupportedAndGeneratedTargets()) {
    if (std::strcmp(hwy::TargetName(target), wanted) != 0) continue;
    hwy::SetSupportedTargetsForTest(target);
    hwy::GetChosenTarget().DeInit();
    return;
  }
}

// A random walk, as prices are.
const std::vector<double>& Walk() {
  static const std::vector<double> kWalk = [] {
    std::mt19937_64 random(1);
    std::normal_distribution<double> step;
    std::vector<double> walk(kRows);
    double at = 0;
    for (double& x : walk) x = at += step(random);
    return walk;
  }();
  return kWalk;
}

void RunBatch(benchmark::State& state, std::vector<RollingSpec> specs) {
  ChooseTarget();
  const RollingColumn column{.values = Walk().data()};
  std::vector<std::vector<double>> values(specs.size(), std::vector<double>(kRows));
  std::vector<RollingOutput> outs;
  for (auto& v : values) outs.push_back({.values = v.data()});
  testing::AlignedBytes scratch(RollStackScratchBytes(specs, kRows));
  for (auto _ : state) {
    RollStack(specs, column, 0, 0, kRows, outs, scratch.span());
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * kRows);
  state.SetLabel(RollingTargetName());
}

void Batch(benchmark::State& state, RollingKind kind) {
  RunBatch(state, {{.kind = kind, .window = state.range(0)}});
}

void BatchFour(benchmark::State& state) {
  std::vector<RollingSpec> specs;
  for (RollingKind kind :
       {RollingKind::kMean, RollingKind::kStd, RollingKind::kMin, RollingKind::kMax}) {
    specs.push_back({.kind = kind, .window = state.range(0)});
  }
  RunBatch(state, specs);
}

void Push(benchmark::State& state, std::vector<int64_t> windows) {
  ChooseTarget();
  std::vector<RollingSpec> specs;
  for (int64_t window : windows) {
    for (RollingKind kind :
         {RollingKind::kMean, RollingKind::kStd, RollingKind::kMin, RollingKind::kMax}) {
      specs.push_back({.kind = kind, .window = window});
    }
  }
  testing::OwnedStack stack(specs);
  const RollingColumn column{.values = Walk().data()};
  std::vector<double> out(specs.size());
  int64_t row = 0;
  for (auto _ : state) {
    if (row == kRows) stack->Rebuild(column, 0, row = 0);
    stack->Push(column, row++, out.data(), nullptr);
    benchmark::DoNotOptimize(out.data());
  }
  state.SetItemsProcessed(state.iterations());
  state.SetLabel(RollingTargetName());
}

#define HEADRACE_BATCH(name, kind) \
  BENCHMARK_CAPTURE(Batch, name, kind)->Arg(5)->Arg(100)->Arg(10000)->Unit(benchmark::kMillisecond)
HEADRACE_BATCH(Mean, RollingKind::kMean);
HEADRACE_BATCH(Std, RollingKind::kStd);
HEADRACE_BATCH(Min, RollingKind::kMin);
HEADRACE_BATCH(Max, RollingKind::kMax);
BENCHMARK(BatchFour)->Arg(5)->Arg(100)->Arg(10000)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(Batch, Median, RollingKind::kMedian)->Arg(100)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(Batch, Skew, RollingKind::kSkew)->Arg(100)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(Push, Windows5_10_20, {5, 10, 20});
BENCHMARK_CAPTURE(Push, Windows100_1000_10000, {100, 1000, 10000});

}  // namespace
}  // namespace headrace::kernels
