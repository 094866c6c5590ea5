// Rows a second of aggregations over batches that lie in memory: by a dictionary of 1,000 values,
// by two strings of few values, by integers that are nearly all different, and without keys.

#include <random>
#include <string>
#include <vector>

#include <arrow/api.h>
#include <arrow/compute/api.h>
#include <benchmark/benchmark.h>

#include "expr/aggregate.h"
#include "shape/aggregate.h"

namespace headrace::shape {
namespace {

constexpr int64_t kRows = 4'000'000;
constexpr int64_t kBatchRows = 1 << 16;

std::shared_ptr<arrow::Array> Words(const std::vector<std::string>& words,
                                    std::mt19937_64* random) {
  arrow::StringBuilder builder;
  for (int64_t row = 0; row < kRows; ++row) {
    if (!builder.Append(words[(*random)() % words.size()]).ok()) return nullptr;
  }
  return builder.Finish().ValueOrDie();
}

// Sensors as the ticks have them; flag and status as those of TPC-H's lineitem.
const arrow::Table& Rows() {
  static const std::shared_ptr<arrow::Table> kTable = [] {
    std::mt19937_64 random(1);
    std::normal_distribution<double> normal(20, 5);
    std::vector<std::string> sensors;
    for (int i = 0; i < 1000; ++i) sensors.push_back("sensor-" + std::to_string(i));
    const auto sensor = Words(sensors, &random);
    std::vector<double> values(kRows);
    std::vector<int64_t> ids(kRows);
    for (double& value : values) value = normal(random);
    for (int64_t& id : ids) id = static_cast<int64_t>(random() % kRows);
    arrow::DoubleBuilder value;
    arrow::Int64Builder id;
    if (!value.AppendValues(values).ok() || !id.AppendValues(ids).ok()) std::abort();
    const auto encoded = arrow::compute::DictionaryEncode(sensor).ValueOrDie();
    return arrow::Table::Make(
        arrow::schema({arrow::field("sensor", encoded.type()), arrow::field("id", arrow::int64()),
                       arrow::field("flag", arrow::utf8()), arrow::field("status", arrow::utf8()),
                       arrow::field("value", arrow::float64())}),
        {encoded.make_array(), id.Finish().ValueOrDie(), Words({"A", "N", "R"}, &random),
         Words({"F", "O"}, &random), value.Finish().ValueOrDie()});
  }();
  return *kTable;
}

void Run(benchmark::State& state, const std::vector<std::string>& keys,
         const std::string& aggregates) {
  const AggregatePlan plan{keys, expr::ParseAggregates(aggregates, *Rows().schema()).ValueOrDie()};
  for (auto _ : state) {
    const auto rows = std::make_shared<arrow::TableBatchReader>(Rows());
    rows->set_chunksize(kBatchRows);
    const auto reader = Aggregate({rows}, plan, arrow::default_memory_pool()).ValueOrDie();
    const auto result = reader->ToTable();
    if (!result.ok()) return state.SkipWithError(result.status().ToString().c_str());
    benchmark::DoNotOptimize(*result);
  }
  state.SetItemsProcessed(state.iterations() * kRows);
  state.SetBytesProcessed(state.iterations() * kRows * static_cast<int64_t>(sizeof(double)));
}

const std::vector<std::string> kSensor = {"sensor"};
const std::vector<std::string> kTwoStrings = {"flag", "status"};
const std::vector<std::string> kIds = {"id"};
const std::string kQ1 = "sum(value), mean(value), min(value), max(value), count(*)";

BENCHMARK_CAPTURE(Run, SensorCount, kSensor, "count(*)")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(Run, SensorMean, kSensor, "mean(value)")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(Run, SensorMeanStd, kSensor, "mean(value), std(value)")
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(Run, TwoStrings, kTwoStrings, kQ1)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(Run, ManyIds, kIds, "mean(value)")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(Run, NoKeySum, {}, "sum(value)")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(Run, NoKeyStd, {}, "std(value)")->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace headrace::shape
