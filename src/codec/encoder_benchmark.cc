#include <string>

#include <arrow/record_batch.h>
#include <benchmark/benchmark.h>

#include "codec/encoder.h"
#include "codec/json_rows.h"
#include "codec/sample_batch.h"

namespace headrace::codec {
namespace {

/// 10,000 rows of 80 features, as they leave a live window.
void BM_Encode(benchmark::State& state) {
  const auto format = static_cast<Format>(state.range(0));
  const auto batch = FeatureBatch(state.range(1), 80);
  int64_t bytes = 0;
  for (auto _ : state) {
    const auto encoder = MakeEncoder(format, ReaderOf(batch->schema(), {batch})).ValueOrDie();
    while (true) {
      auto chunk = encoder->Next();
      if (!chunk.ok()) {
        state.SkipWithError(chunk.status().ToString().c_str());
        return;
      }
      if (chunk->empty()) break;
      bytes += ChunkBytes(*chunk);
    }
  }
  state.SetLabel(std::string(Describe(format).name));
  state.SetItemsProcessed(state.iterations() * state.range(1));
  state.SetBytesProcessed(bytes);
}
BENCHMARK(BM_Encode)
    ->ArgsProduct({benchmark::CreateDenseRange(0, 5, 1), {1, 10'000}})
    ->Unit(benchmark::kMicrosecond);

void BM_WriteJsonRows(benchmark::State& state) {
  const auto batch = FeatureBatch(state.range(0), 80);
  int64_t bytes = 0;
  for (auto _ : state) {
    std::string text;
    if (!WriteJsonRows(*batch, &text).ok()) {
      state.SkipWithError("did not write");
      return;
    }
    bytes += static_cast<int64_t>(text.size());
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
  state.SetBytesProcessed(bytes);
}
BENCHMARK(BM_WriteJsonRows)->Arg(1)->Arg(10'000)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace headrace::codec
