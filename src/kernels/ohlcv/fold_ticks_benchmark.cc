// Ticks a second: 50 million sorted ticks to bars of a minute, and to those of seven frames, each
// made of the next finer one. One thread.

#include <cstdint>
#include <random>
#include <vector>

#include <benchmark/benchmark.h>

#include "kernels/ohlcv/fold_ticks.h"

namespace headrace::kernels {
namespace {

constexpr int64_t kRows = 50'000'000;
constexpr int64_t kMinute = 60'000'000'000;
constexpr int64_t kForever = INT64_MAX / 2;

struct Market {
  std::vector<int64_t> time = std::vector<int64_t>(kRows);
  std::vector<double> price = std::vector<double>(kRows);
  std::vector<double> volume = std::vector<double>(kRows);
};

const Market& OneMarket() {
  static const Market kMarket = [] {
    Market market;
    std::mt19937_64 random(1);
    int64_t time = 0;
    int64_t price = 400'000;
    for (size_t i = 0; i < kRows; ++i) {
      const uint64_t bits = random();
      time += static_cast<int64_t>(bits % 1'200'000'000);  // 100 ticks a minute
      price += static_cast<int64_t>((bits >> 40) % 3) - 1;
      market.time[i] = time;
      market.price[i] = static_cast<double>(price) / 100;
      market.volume[i] = static_cast<double>(1 + (bits >> 50) % 100);
    }
    return market;
  }();
  return kMarket;
}

class Bars {
 public:
  explicit Bars(size_t rows) : integers_(3 * rows), doubles_(9 * rows), rows_(rows) {}
  BarColumns columns() {
    const auto at = [&](size_t i) { return doubles_.data() + i * rows_; };
    return {integers_.data(),
            integers_.data() + rows_,
            at(0),
            at(1),
            at(2),
            at(3),
            at(4),
            at(5),
            integers_.data() + 2 * rows_,
            at(6),
            at(7),
            at(8)};
  }
  int64_t rows() const { return static_cast<int64_t>(rows_); }

 private:
  std::vector<int64_t> integers_;
  std::vector<double> doubles_;
  size_t rows_;
};

void TicksToBars(benchmark::State& state) {
  const Market& market = OneMarket();
  const TickColumns ticks{market.time.data(), market.price.data(), market.volume.data(), kRows};
  std::vector<Bars> frames;
  for (const size_t rows : {700'000, 140'000, 50'000, 25'000, 13'000, 7'000, 4'000, 1'000}) {
    frames.emplace_back(rows);
  }
  const int64_t minutes[] = {1, 5, 15, 30, 60, 120, 240, 1440};
  for (auto _ : state) {
    int64_t rows =
        FoldTicks(ticks, {0, kForever, 0, kMinute}, frames[0].columns(), frames[0].rows()).bars;
    for (int64_t i = 1; i <= state.range(0); ++i) {
      const auto f = static_cast<size_t>(i);
      rows = FoldBars(frames[f - 1].columns(), rows, {0, kForever, 0, minutes[i] * kMinute},
                      frames[f].columns(), frames[f].rows())
                 .bars;
    }
    benchmark::DoNotOptimize(rows);
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * kRows);
  state.SetBytesProcessed(state.iterations() * kRows * 24);
  state.SetLabel(FoldTicksTargetName());
}
BENCHMARK(TicksToBars)
    ->ArgName("frames above the minute")
    ->Arg(0)
    ->Arg(7)
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace headrace::kernels
