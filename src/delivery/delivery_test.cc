#include "delivery/delivery.h"

#include <arrow/api.h>
#include <arrow/io/memory.h>
#include <arrow/ipc/reader.h>
#include <gtest/gtest.h>

#include "catalog/catalog.h"
#include "headrace/error_code.h"
#include "headrace/memory_budget.h"

namespace headrace::delivery {
namespace {

struct Seen {
  Operation operation;
  bool ok;
  int64_t rows;
  bool operator==(const Seen&) const = default;
};

class Recorder final : public Observer {
 public:
  void OnDone(Operation operation, const Status& status, int64_t rows,
              std::chrono::nanoseconds duration) noexcept override {
    EXPECT_GE(duration.count(), 0);
    seen.push_back({operation, status.ok(), rows});
  }
  std::vector<Seen> seen;
};

class DeliveryTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(delivery_.Create({.buffer_id = "b", .window_size = 3}).ok());
  }

  Result<AppendResult> Append(std::initializer_list<double> values) {
    RowBatch rows;
    for (double v : values) {
      rows.BeginRow();
      rows.Set("x", Cell::Double(v));
    }
    rows.Seal();
    return delivery_.Append("b", rows);
  }

  MemoryBudget budget_{256 << 20};
  catalog::Catalog catalog_{&budget_};
  Recorder recorder_;
  Delivery delivery_{&catalog_, &recorder_};
};

TEST_F(DeliveryTest, AppendsAndReads) {
  auto result = Append({1.5, 2.5, 3.5, 4.5});
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->appended, 4);
  EXPECT_EQ(result->buffer_size, 3);

  auto all = delivery_.Read({.buffer_id = "b"});
  ASSERT_TRUE(all.ok()) << all.status();
  EXPECT_EQ((*all)->num_rows(), 3);
  auto last = delivery_.Read({.buffer_id = "b", .features = FeaturePlan{}, .tail = 1});
  ASSERT_TRUE(last.ok()) << last.status();
  EXPECT_EQ((*last)->num_rows(), 1);
  EXPECT_EQ((*last)->num_columns(), 1 + FeaturePlan{}.DerivedPerColumn());
}

TEST_F(DeliveryTest, AppendsFromAReader) {
  arrow::DoubleBuilder builder;
  ASSERT_TRUE(builder.AppendValues({1, 2, 3, 4, 5}).ok());
  auto batch = arrow::RecordBatch::Make(arrow::schema({arrow::field("x", arrow::float64())}), 5,
                                        {*builder.Finish()});
  auto reader = *arrow::RecordBatchReader::Make({batch});
  auto result = delivery_.Append("b", *reader);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->appended, 5);
  EXPECT_EQ(result->buffer_size, 3);
}

TEST_F(DeliveryTest, EncodesAsArrowStream) {
  ASSERT_TRUE(Append({1.5, 2.5}).ok());
  auto encoder = delivery_.Encode({.buffer_id = "b"}, codec::Format::kArrowStream);
  ASSERT_TRUE(encoder.ok()) << encoder.status();
  std::string bytes;
  while (true) {
    auto chunk = (*encoder)->Next();
    ASSERT_TRUE(chunk.ok()) << chunk.status();
    if (chunk->empty()) break;
    for (const auto& buffer : *chunk) bytes += buffer->ToString();
  }
  auto input = std::make_shared<arrow::io::BufferReader>(arrow::Buffer::FromString(bytes));
  auto reader = *arrow::ipc::RecordBatchStreamReader::Open(input);
  auto table = *reader->ToTable();
  EXPECT_EQ(table->num_rows(), 2);
  EXPECT_EQ(table->schema()->field(0)->name(), "x");
}

TEST_F(DeliveryTest, UnknownBuffersAreRefusedEverywhere) {
  const RowBatch rows;
  EXPECT_EQ(CodeOf(delivery_.Append("no", rows).status()), ErrorCode::kUnknownName);
  EXPECT_EQ(CodeOf(delivery_.Read({.buffer_id = "no"}).status()), ErrorCode::kUnknownName);
  EXPECT_EQ(CodeOf(delivery_.Encode({.buffer_id = "no"}, codec::Format::kCsv).status()),
            ErrorCode::kUnknownName);
  EXPECT_EQ(CodeOf(delivery_.Stats("no").status()), ErrorCode::kUnknownName);
  EXPECT_EQ(CodeOf(delivery_.Clear("no")), ErrorCode::kUnknownName);
  EXPECT_EQ(CodeOf(delivery_.Drop("no")), ErrorCode::kUnknownName);
  EXPECT_EQ(CodeOf(delivery_.EstimateValues({.buffer_id = "no"}).status()),
            ErrorCode::kUnknownName);
}

TEST_F(DeliveryTest, TellsTheObserverOnceAnOperation) {
  ASSERT_TRUE(Append({1, 2}).ok());
  ASSERT_TRUE(delivery_.Read({.buffer_id = "b"}).ok());
  ASSERT_FALSE(delivery_.Clear("no").ok());
  ASSERT_TRUE(delivery_.Clear("b").ok());
  ASSERT_TRUE(delivery_.Drop("b").ok());
  const std::vector<Seen> expected = {{Operation::kCreate, true, 0}, {Operation::kAppend, true, 2},
                                      {Operation::kRead, true, 2},   {Operation::kClear, false, 0},
                                      {Operation::kClear, true, 0},  {Operation::kDrop, true, 0}};
  EXPECT_EQ(recorder_.seen, expected);
}

TEST_F(DeliveryTest, EstimatesByRowsColumnsAndFeatures) {
  ASSERT_TRUE(Append({1, 2}).ok());
  EXPECT_EQ(*delivery_.EstimateValues({.buffer_id = "b"}), 2);
  EXPECT_EQ(*delivery_.EstimateValues({.buffer_id = "b", .features = FeaturePlan{}}), 2 * 16);
}

TEST_F(DeliveryTest, ListsStatistics) {
  ASSERT_TRUE(delivery_.Create({.buffer_id = "a", .history_rows = 0}).ok());
  const auto all = delivery_.List();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].name, "a");
  EXPECT_EQ(all[1].name, "b");
  EXPECT_EQ(all[1].window_size, 3);
}

}  // namespace
}  // namespace headrace::delivery
