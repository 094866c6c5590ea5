// Points a second of the downsampling kernels over columns bigger than the caches.

#include <random>
#include <vector>

#include <benchmark/benchmark.h>

#include "kernels/downsample/arg_extremes.h"
#include "kernels/downsample/index_bins.h"

namespace headrace::kernels {
namespace {

constexpr int64_t kRows = 50'000'000;

template <typename T>
const std::vector<T>& Walk() {
  static const std::vector<T> kWalk = [] {
    std::mt19937_64 random(1);
    std::vector<T> walk(kRows);
    double at = 0;
    for (T& x : walk) x = static_cast<T>(at += static_cast<double>(random() >> 11) * 0x1p-46 - 64);
    return walk;
  }();
  return kWalk;
}

template <typename T>
void Report(benchmark::State& state) {
  state.SetItemsProcessed(state.iterations() * kRows);
  state.SetBytesProcessed(state.iterations() * kRows * static_cast<int64_t>(sizeof(T)));
  state.SetLabel(ExtremesTargetName());
}

template <typename T>
void Extremes(benchmark::State& state) {
  const std::vector<T>& walk = Walk<T>();
  for (auto _ : state) benchmark::DoNotOptimize(FindExtremes(std::span<const T>(walk)));
  Report<T>(state);
}

template <typename T, DownsampleMethod kMethod>
void Downsampled(benchmark::State& state) {
  const std::vector<T>& walk = Walk<T>();
  const int64_t points = state.range(0);
  std::vector<int64_t> scratch(static_cast<size_t>(DownsampleScratch(kMethod, points)));
  std::vector<int64_t> out(static_cast<size_t>(points));
  for (auto _ : state) {
    benchmark::DoNotOptimize(Downsample<T>(kMethod, {.y = walk}, points, scratch, out.data()));
  }
  Report<T>(state);
}

constexpr auto kMinMax = DownsampleMethod::kMinMax;
constexpr auto kM4 = DownsampleMethod::kM4;
constexpr auto kLttb = DownsampleMethod::kLttb;
constexpr auto kMinMaxLttb = DownsampleMethod::kMinMaxLttb;

BENCHMARK(Extremes<double>)->Unit(benchmark::kMillisecond);
BENCHMARK(Extremes<float>)->Unit(benchmark::kMillisecond);
BENCHMARK(Downsampled<double, kMinMax>)->Arg(2000)->Unit(benchmark::kMillisecond);
BENCHMARK(Downsampled<double, kM4>)->Arg(2000)->Unit(benchmark::kMillisecond);
BENCHMARK(Downsampled<double, kLttb>)->Arg(2000)->Unit(benchmark::kMillisecond);
BENCHMARK(Downsampled<double, kMinMaxLttb>)->Arg(2000)->Unit(benchmark::kMillisecond);
BENCHMARK(Downsampled<float, kMinMaxLttb>)->Arg(2000)->Unit(benchmark::kMillisecond);
BENCHMARK(Downsampled<int64_t, kMinMaxLttb>)->Arg(2000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace headrace::kernels
