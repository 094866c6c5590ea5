#include "headrace/streaming_adaptive.h"

#include <memory>
#include <string>
#include <vector>

#include <arrow/compute/api.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <arrow/table.h>
#include <gtest/gtest.h>

#include "headrace/error_code.h"
#include "testing/parquet_files.h"
#include "testing/random_table.h"
#include "testing/temporary_folder.h"

// The examples of docs/scan-seed.md, each under its name there.
namespace headrace {
namespace {

using testing::RandomTicks;
using testing::TemporaryFolder;
using testing::WriteParquet;

class StreamingAdaptiveTest : public ::testing::Test {
 protected:
  // Ticks under names of their own, which those of the example replace.
  std::shared_ptr<arrow::Table> Write(const std::string& name, int64_t rows,
                                      const std::vector<std::string>& columns = {
                                          "ts", "id", "sensor", "value", "count", "flag", "note",
                                          "day"}) {
    auto table = RandomTicks(seed_++).Make(rows)->RenameColumns(columns).ValueOrDie();
    folder_.Write(name, *WriteParquet(*table, 1000));
    return table;
  }
  Result<AdaptiveStreamingReader> Open(const std::string& name) {
    return AdaptiveStreamingReader::Make(folder_ / name, &budget_);
  }

  TemporaryFolder folder_;
  MemoryBudget budget_{int64_t{256} << 20};
  uint32_t seed_ = 1;
};

int64_t CountEqual(const arrow::Table& table, const std::string& column, const std::string& value) {
  const auto equal = arrow::compute::CallFunction(
                         "equal", {table.GetColumnByName(column), arrow::MakeScalar(value)})
                         .ValueOrDie();
  return arrow::compute::Sum(equal).ValueOrDie().scalar_as<arrow::UInt64Scalar>().value;
}

TEST_F(StreamingAdaptiveTest, BasicStreamingRead) {
  const auto table = Write("large_file.parquet", 5000);
  const auto reader = Open("large_file.parquet").ValueOrDie();
  const auto df = reader.Collect().ValueOrDie();
  EXPECT_EQ(df->num_rows(), 5000);
  const auto nans = arrow::EqualOptions::Defaults().nans_equal(true);
  EXPECT_TRUE(df->CombineChunks().ValueOrDie()->Equals(*table, nans));
  EXPECT_GT(reader.EstimateMemoryRequired(), 5000 * 8 * 3);
}

TEST_F(StreamingAdaptiveTest, BatchProcessing) {
  Write("large_file.parquet", 5000);
  const auto batches = Open("large_file.parquet").ValueOrDie().CollectBatchesAdaptive();
  int64_t rows = 0;
  for (const auto& batch : **batches) rows += (*batch)->num_rows();
  EXPECT_EQ(rows, 5000);
}

TEST_F(StreamingAdaptiveTest, ParallelMultiFileProcessing) {
  for (int i = 0; i < 5; ++i) Write("data/" + std::to_string(i) + ".parquet", 100 + i);
  const auto reader = ParallelStreamReader::FromGlob(folder_ / "data/*.parquet", &budget_)
                          .ValueOrDie()
                          .WithMaxConcurrent(4);
  EXPECT_EQ(reader.CollectConcatenated().ValueOrDie()->num_rows(), 510);
  const auto tables = reader.CollectParallel().ValueOrDie();
  ASSERT_EQ(tables.size(), 5u);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(tables[static_cast<size_t>(i)]->num_rows(), 100 + i);
}

TEST_F(StreamingAdaptiveTest, WithPredicatePushdown) {
  const auto table =
      Write("trades.parquet", 5000, {"ts", "id", "symbol", "price", "size", "flag", "note", "day"});
  auto reader = Open("trades.parquet").ValueOrDie();
  reader.WithPredicate(
      ColumnFilterPredicate::Make("symbol", std::vector<std::string>{"sensor-3"}).ValueOrDie());
  EXPECT_EQ(reader.Collect().ValueOrDie()->num_rows(), CountEqual(*table, "symbol", "sensor-3"));
  // A second one must hold as well.
  reader.WithPredicate(
      ColumnFilterPredicate::Make("price", ">", arrow::MakeScalar(1e9)).ValueOrDie());
  EXPECT_EQ(reader.Collect().ValueOrDie()->num_rows(), 0);
}

TEST_F(StreamingAdaptiveTest, ProcessingLargeLogFiles) {
  const auto table = Write("server_logs.parquet", 5000,
                           {"ts", "id", "level", "value", "count", "flag", "note", "day"});
  const auto batches =
      Open("server_logs.parquet").ValueOrDie().CollectBatchesAdaptive(64).ValueOrDie();
  const auto is_error =
      ColumnFilterPredicate::Make("level", "==", arrow::MakeScalar("sensor-7")).ValueOrDie();
  int64_t errors = 0;
  for (const auto& batch : *batches) errors += is_error->Apply(*batch).ValueOrDie()->num_rows();
  EXPECT_EQ(errors, CountEqual(*table, "level", "sensor-7"));
}

TEST_F(StreamingAdaptiveTest, FinancialDataAnalysis) {
  const std::vector<std::string> names = {"ts",     "id",   "symbol", "close",
                                          "volume", "flag", "note",   "day"};
  Write("data/ohlc_1.parquet", 700, names);
  Write("data/ohlc_2.parquet", 800, names);
  const auto df = ParallelStreamReader::FromGlob(folder_ / "data/ohlc_*.parquet", &budget_)
                      .ValueOrDie()
                      .WithMaxConcurrent(8)
                      .CollectConcatenated()
                      .ValueOrDie();
  const auto volume = arrow::compute::Sum(df->GetColumnByName("volume")).ValueOrDie();
  EXPECT_GT(volume.scalar_as<arrow::Int64Scalar>().value, 0);
  EXPECT_EQ(df->num_rows(), 1500);
}

TEST_F(StreamingAdaptiveTest, MachineLearningDataLoading) {
  Write("training_data.parquet", 3000,
        {"ts", "feature1", "feature2", "feature3", "label", "flag", "note", "day"});
  const auto batches =
      Open("training_data.parquet").ValueOrDie().CollectBatchesAdaptive(64).ValueOrDie();
  int64_t trained = 0;
  for (const auto& batch : *batches) {
    const auto features = (*batch)->SelectColumns({1, 2, 3}).ValueOrDie();
    const auto labels = (*batch)->GetColumnByName("label");
    EXPECT_EQ(features->num_rows(), labels->length());
    trained += labels->length();
  }
  EXPECT_EQ(trained, 3000);
}

TEST_F(StreamingAdaptiveTest, TuningParameters) {
  Write("data.parquet", 3000);
  auto reader = Open("data.parquet").ValueOrDie();
  reader.WithChunkStrategy(std::make_shared<AdaptiveChunkStrategy>(10, 100, 0.8));
  const auto batches = reader.CollectBatchesAdaptive().ValueOrDie();
  for (const auto& batch : *batches) EXPECT_LE((*batch)->num_rows(), 100);
}

TEST_F(StreamingAdaptiveTest, MemoryLimits) {
  const auto table = Write("data.parquet", 200'000);
  const auto reader = Open("data.parquet").ValueOrDie();
  const auto batches = reader.CollectBatchesAdaptive(4).ValueOrDie();
  int64_t rows = 0;
  for (const auto& batch : *batches) rows += (*batch)->num_rows();
  EXPECT_EQ(rows, 200'000);
  EXPECT_LT(budget_.peak_bytes(), 4 << 20);
  // All of it does not fit: refused, with the size.
  MemoryBudget small(int64_t{5} << 20);
  const auto whole = AdaptiveStreamingReader::Make(folder_ / "data.parquet", &small).ValueOrDie();
  const Status status = whole.Collect().status();
  EXPECT_EQ(CodeOf(status), ErrorCode::kMemoryLimit);
  EXPECT_NE(status.message().find(FormatByteSize(whole.EstimateMemoryRequired())),
            std::string::npos)
      << status;
  EXPECT_EQ(CodeOf(reader.CollectBatchesAdaptive(0).status()), ErrorCode::kInvalidArgument);
}

TEST_F(StreamingAdaptiveTest, RowGroupsByTheFooter) {
  // Far below 1 MiB: the original reads no rows of such files.
  const auto table = Write("t.parquet", 2500);
  const auto reader = MmapParquetReader::Make(folder_ / "t.parquet", &budget_).ValueOrDie();
  EXPECT_EQ(reader.num_row_groups(), 3);
  EXPECT_EQ(reader.total_rows(), 2500);
  const auto last = reader.ReadRowGroup(2).ValueOrDie();
  EXPECT_EQ(last->num_rows(), 500);
  const auto nans = arrow::EqualOptions::Defaults().nans_equal(true);
  EXPECT_TRUE(last->CombineChunks().ValueOrDie()->Equals(
      *table->Slice(2000)->CombineChunks().ValueOrDie(), nans));
  EXPECT_EQ(CodeOf(reader.ReadRowGroup(3).status()), ErrorCode::kInvalidArgument);
  EXPECT_GT(reader.EstimateRowSize(), 8 * 3);
  EXPECT_LT(reader.EstimateRowSize(), 200);
  EXPECT_TRUE(reader.CanFitInMemory(1));
  EXPECT_FALSE(reader.CanFitInMemory(0));
}

TEST_F(StreamingAdaptiveTest, PredicatesSkipRowGroups) {
  Write("t.parquet", 2500);
  const auto reader = MmapParquetReader::Make(folder_ / "t.parquet", &budget_).ValueOrDie();
  const auto statistics = reader.Statistics(0).ValueOrDie();
  EXPECT_EQ(statistics.num_rows, 1000);
  const auto skips = [&](const std::string& op, int64_t value) {
    return ColumnFilterPredicate::Make("id", op, arrow::MakeScalar(value))
        .ValueOrDie()
        ->ShouldSkipRowGroup(statistics);
  };
  EXPECT_TRUE(skips("<", 0));
  EXPECT_TRUE(skips("eq", 1'000'000));
  EXPECT_FALSE(skips(">=", 0));
  const auto never =
      ColumnFilterPredicate::Make("id", "lt", arrow::MakeScalar(int64_t{0})).ValueOrDie();
  const auto some =
      ColumnFilterPredicate::Make("sensor", std::vector<std::string>{"sensor-1"}).ValueOrDie();
  EXPECT_TRUE(AndPredicate::Make({some, never}).ValueOrDie()->ShouldSkipRowGroup(statistics));
  EXPECT_FALSE(some->ShouldSkipRowGroup(statistics));
  EXPECT_EQ(CodeOf(ColumnFilterPredicate::Make("id", "~", arrow::MakeScalar(1)).status()),
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(CodeOf(AndPredicate::Make({}).status()), ErrorCode::kInvalidArgument);
  EXPECT_EQ(
      CodeOf(Open("t.parquet")
                 .ValueOrDie()
                 .WithPredicate(
                     ColumnFilterPredicate::Make("no", "<", arrow::MakeScalar(1)).ValueOrDie())
                 .Collect()
                 .status()),
      ErrorCode::kUnknownName);
}

// A predicate of one's own, which the scan does not understand.
class EverySecond final : public PredicatePushdown {
 public:
  bool ShouldSkipRowGroup(const RowGroupStatistics&) const override { return false; }
  Result<std::shared_ptr<arrow::RecordBatch>> Apply(
      const std::shared_ptr<arrow::RecordBatch>& batch) const override {
    return batch->Slice(0, batch->num_rows() / 2);
  }
};

TEST_F(StreamingAdaptiveTest, PredicatesOfOnesOwn) {
  Write("t.parquet", 2000);
  auto reader = Open("t.parquet").ValueOrDie();
  reader.WithPredicate(std::make_shared<EverySecond>());
  EXPECT_EQ(reader.Collect().ValueOrDie()->num_rows(), 1000);
}

TEST_F(StreamingAdaptiveTest, AFileThatFailsIsNamed) {
  Write("a.parquet", 10);
  folder_.Write("b.parquet", *arrow::Buffer::FromString("no Parquet"));
  ParallelStreamReader reader({folder_ / "a.parquet", folder_ / "b.parquet"}, &budget_);
  EXPECT_EQ(CodeOf(reader.CollectParallel().status()), ErrorCode::kCorruptFile);
  EXPECT_EQ(CodeOf(ParallelStreamReader::FromGlob(folder_ / "*.csv").status()),
            ErrorCode::kUnknownName);
}

TEST_F(StreamingAdaptiveTest, MemoryIsTrackedAndReleased) {
  MemoryManager manager(&budget_);
  EXPECT_EQ(manager.available_memory(), 256);
  ASSERT_TRUE(manager.TrackUsage(int64_t{200} << 20).ok());
  EXPECT_EQ(manager.current_usage(), 200);
  EXPECT_FALSE(manager.CanAllocate(int64_t{57} << 20));
  EXPECT_EQ(CodeOf(manager.TrackUsage(int64_t{57} << 20)), ErrorCode::kMemoryLimit);
  manager.ReleaseUsage(int64_t{200} << 20);
  EXPECT_EQ(manager.current_usage(), 0);
  EXPECT_TRUE(manager.CanAllocate(int64_t{57} << 20));
}

}  // namespace
}  // namespace headrace
