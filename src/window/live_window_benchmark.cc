// Appends with features kept up to date: each append is timed, since the tail matters as much as
// the middle. Counters are nanoseconds of one append (its own clock reads included, about 40 ns).

#include <algorithm>
#include <chrono>
#include <cmath>
#include <random>
#include <string>
#include <vector>

#include <arrow/record_batch.h>
#include <benchmark/benchmark.h>

#include "headrace/live_window.h"
#include "headrace/memory_budget.h"

namespace headrace {
namespace {

constexpr int kColumns = 5;
constexpr int64_t kWindowSize = 10'000;

// 5 columns x 3 windows x {mean, std, min, max} = 60 rolling features, and 3 lags each = 15.
FeaturePlan SixtyFeatures(int64_t shortest) {
  FeaturePlan plan;
  plan.windows = {shortest, 10 * shortest, 100 * shortest};
  plan.lags = {1, 2, 3};
  return plan;
}

class Feed {
 public:
  Feed() {
    for (int c = 0; c < kColumns; ++c) names_.push_back("column_" + std::to_string(c));
  }

  const RowBatch& Next(int64_t rows) {
    batch_.Reset();
    for (int64_t r = 0; r < rows; ++r) {
      batch_.BeginRow();
      for (int c = 0; c < kColumns; ++c)
        batch_.Set(names_[c], Cell::Double(walk_ += step_(random_)));
    }
    batch_.Seal();
    return batch_;
  }

 private:
  std::vector<std::string> names_;
  std::mt19937_64 random_{20261121};
  std::normal_distribution<double> step_;
  double walk_ = 100;
  RowBatch batch_;
};

void ReportPercentiles(benchmark::State& state, std::vector<double>& ns) {
  std::sort(ns.begin(), ns.end());
  const auto at = [&](double share) {
    return ns[std::min(ns.size() - 1, static_cast<size_t>(share * static_cast<double>(ns.size())))];
  };
  state.counters["p50_ns"] = at(0.5);
  state.counters["p99_ns"] = at(0.99);
  state.counters["p999_ns"] = at(0.999);
  state.counters["max_ns"] = ns.back();
}

void AppendOneRow(benchmark::State& state) {
  MemoryBudget budget(int64_t{1} << 32);
  auto window =
      LiveWindow::Make({.name = "bench", .window_size = kWindowSize}, &budget).ValueOrDie();
  Feed feed;
  for (int64_t i = 0; i < 2 * kWindowSize; ++i) (void)window->Append(feed.Next(1));
  const FeaturePlan plan = SixtyFeatures(state.range(0));
  std::vector<double> row(256);
  if (state.range(0) > 0 && !window->LatestVector(plan, row).ok())
    state.SkipWithError("no features");
  std::vector<double> ns;
  ns.reserve(1 << 22);
  for (auto _ : state) {
    const RowBatch& batch = feed.Next(1);
    const auto start = std::chrono::steady_clock::now();
    benchmark::DoNotOptimize(window->Append(batch));
    const auto end = std::chrono::steady_clock::now();
    ns.push_back(std::chrono::duration<double, std::nano>(end - start).count());
  }
  ReportPercentiles(state, ns);
  state.SetItemsProcessed(state.iterations());
}
// 0: no features; else windows of that many rows, ten and a hundred times as many.
BENCHMARK(AppendOneRow)->Arg(0)->Arg(5)->Arg(100)->Iterations(400'000);

void LatestVector(benchmark::State& state) {
  MemoryBudget budget(int64_t{1} << 32);
  auto window =
      LiveWindow::Make({.name = "bench", .window_size = kWindowSize}, &budget).ValueOrDie();
  Feed feed;
  for (int64_t i = 0; i < kWindowSize; ++i) (void)window->Append(feed.Next(1));
  const FeaturePlan plan = SixtyFeatures(5);
  std::vector<double> row(256);
  for (auto _ : state) benchmark::DoNotOptimize(window->LatestVector(plan, row));
}
BENCHMARK(LatestVector);

void AppendBatch(benchmark::State& state) {
  MemoryBudget budget(int64_t{1} << 32);
  auto window =
      LiveWindow::Make({.name = "bench", .window_size = kWindowSize}, &budget).ValueOrDie();
  Feed feed;
  (void)window->Append(feed.Next(kWindowSize));
  const FeaturePlan plan = SixtyFeatures(5);
  std::vector<double> row(256);
  (void)window->LatestVector(plan, row);
  for (auto _ : state) {
    state.PauseTiming();
    const RowBatch& batch = feed.Next(state.range(0));
    state.ResumeTiming();
    benchmark::DoNotOptimize(window->Append(batch));
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(AppendBatch)->Arg(100)->Arg(1000)->Arg(10'000);

void FeaturesFromScratch(benchmark::State& state) {
  MemoryBudget budget(int64_t{1} << 32);
  auto window =
      LiveWindow::Make({.name = "bench", .window_size = kWindowSize, .max_plans = 1}, &budget)
          .ValueOrDie();
  Feed feed;
  (void)window->Append(feed.Next(kWindowSize + 200));
  FeaturePlan plan = SixtyFeatures(5);
  for (auto _ : state) {
    plan.lags[0] = plan.lags[0] == 1 ? 4 : 1;  // another plan, so that it is not kept yet
    benchmark::DoNotOptimize(window->Features(plan));
  }
}
BENCHMARK(FeaturesFromScratch)->Unit(benchmark::kMillisecond);

void FeaturesKeptUpToDate(benchmark::State& state) {
  MemoryBudget budget(int64_t{1} << 32);
  auto window =
      LiveWindow::Make({.name = "bench", .window_size = kWindowSize}, &budget).ValueOrDie();
  Feed feed;
  (void)window->Append(feed.Next(kWindowSize));
  const FeaturePlan plan = SixtyFeatures(5);
  for (auto _ : state) benchmark::DoNotOptimize(window->Features(plan));
}
BENCHMARK(FeaturesKeptUpToDate)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace headrace
