#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "codec/json_rows.h"
#include "codec/sample_batch.h"

namespace headrace::codec {
namespace {

constexpr char kRow[] =
    R"({"temperature":21.5731,"humidity":48.25,"pressure":1013.2512,"wind":3.75,"light":812.125})";

std::string Envelope(int64_t rows) {
  if (rows == 1) return R"({"buffer_id":"sensors","data":)" + std::string(kRow) + "}";
  std::string text = R"({"buffer_id":"sensors","data":[)";
  for (int64_t i = 0; i < rows; ++i) {
    text += (i ? "," : "") + std::string(kRow);
  }
  return text + "]}";
}

void CountRows(benchmark::State& state, int64_t rows, size_t bytes) {
  state.SetItemsProcessed(state.iterations() * rows);
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(bytes));
}

void BM_ParseEnvelope(benchmark::State& state) {
  const std::string text = Envelope(state.range(0));
  JsonRowsParser parser;
  RowBatch rows;
  std::vector<JsonRowsParser::Member> others;
  for (auto _ : state) {
    if (!parser.ParseEnvelope(text, "data", &rows, &others).ok() ||
        rows.num_rows() != state.range(0)) {
      state.SkipWithError("did not parse");
      return;
    }
    benchmark::DoNotOptimize(rows.cells(4));
  }
  CountRows(state, state.range(0), text.size());
}
BENCHMARK(BM_ParseEnvelope)->Arg(1)->Arg(100)->Arg(1000)->Arg(100'000);

void BM_ParseNdjson(benchmark::State& state) {
  std::string text;
  for (int64_t i = 0; i < state.range(0); ++i) {
    text += std::string(kRow) + "\n";
  }
  JsonRowsParser parser;
  RowBatch rows;
  for (auto _ : state) {
    if (!parser.ParseNdjson(text, &rows).ok() || rows.num_rows() != state.range(0)) {
      state.SkipWithError("did not parse");
      return;
    }
    benchmark::DoNotOptimize(rows.cells(4));
  }
  CountRows(state, state.range(0), text.size());
}
BENCHMARK(BM_ParseNdjson)->Arg(1)->Arg(1000)->Arg(100'000);

}  // namespace
}  // namespace headrace::codec
