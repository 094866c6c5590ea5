// One tick that updates seven open frames, and the last 100 5-minute bars at t as a backtest asks
// for them: a store of 400,000 minutes, t a minute further each time.

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include <arrow/array/array_primitive.h>
#include <arrow/buffer.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <benchmark/benchmark.h>

#include "headrace/bar_store.h"
#include "headrace/memory_budget.h"

namespace headrace {
namespace {

constexpr int64_t kMinute = 60'000'000'000;
constexpr int64_t kMinutes = 400'000;
constexpr int64_t kFirst = 1'704'067'200'000'000'000;
const BarKey kKey{.symbol = "ES"};

MemoryBudget& Budget() {
  static MemoryBudget budget(int64_t{4} << 30);
  return budget;
}

std::shared_ptr<BarStore> Filled(int64_t minutes) {
  auto store = BarStore::Make({}, &Budget()).ValueOrDie();
  std::vector<int64_t> time;
  std::vector<double> price;
  for (int64_t i = 0; i < minutes; ++i) {
    time.push_back(kFirst + i * kMinute);
    price.push_back(static_cast<double>(100 + i % 17));
  }
  const auto numbers = std::make_shared<arrow::DoubleArray>(minutes, arrow::Buffer::Wrap(price));
  const auto batch = arrow::RecordBatch::Make(
      arrow::schema({arrow::field("ts", arrow::int64()), arrow::field("price", arrow::float64()),
                     arrow::field("volume", arrow::float64())}),
      minutes,
      {std::make_shared<arrow::Int64Array>(minutes, arrow::Buffer::Wrap(time)), numbers, numbers});
  const auto reader = arrow::RecordBatchReader::Make({batch}).ValueOrDie();
  if (!store->AppendTicks(kKey, *reader).ok()) return nullptr;
  return store;
}

void AppendOneTick(benchmark::State& state) {
  const auto store = Filled(10'000);
  int64_t time = kFirst + 10'000 * kMinute;
  for (const int64_t minutes : {5, 15, 30, 60, 120, 240, 1440}) {
    (void)store->Last(kKey, Timeframe::Minutes(minutes), 1, time);
  }
  for (auto _ : state) {
    time += kMinute / 100;
    benchmark::DoNotOptimize(store->AppendTick(kKey, time, 101, 1).ok());
  }
}
BENCHMARK(AppendOneTick);

void LastHundredAsABacktest(benchmark::State& state) {
  const auto store = Filled(kMinutes);
  int64_t minute = 1'000;
  int64_t bars = 0;
  std::vector<int64_t> ns;
  for (auto _ : state) {
    if (++minute == kMinutes) minute = 1'000;
    const auto begin = std::chrono::steady_clock::now();
    const auto slice = store->Last(kKey, Timeframe::Minutes(5), 100, kFirst + minute * kMinute);
    ns.push_back((std::chrono::steady_clock::now() - begin).count());
    bars += slice->size();
  }
  std::nth_element(ns.begin(), ns.begin() + static_cast<int64_t>(ns.size() / 2), ns.end());
  state.counters["p50_ns"] = static_cast<double>(ns[ns.size() / 2]);
  state.counters["bars"] = static_cast<double>(bars) / static_cast<double>(ns.size());
}
BENCHMARK(LastHundredAsABacktest);

}  // namespace
}  // namespace headrace
