#include "delivery/live_rows.h"

#include <arrow/api.h>
#include <arrow/io/memory.h>
#include <arrow/ipc/reader.h>
#include <gtest/gtest.h>

#include "catalog/memory_table.h"
#include "delivery/table_rows.h"
#include "headrace/change_signal.h"
#include "headrace/error_code.h"
#include "headrace/memory_budget.h"

namespace headrace::delivery {
namespace {

constexpr int64_t kAll = 1'000'000;
constexpr int64_t kBytes = 1 << 20;

std::shared_ptr<arrow::RecordBatch> Decode(const LivePiece& piece) {
  const auto whole = *arrow::ConcatenateBuffers({piece.schema, piece.rows});
  const auto reader =
      *arrow::ipc::RecordBatchStreamReader::Open(std::make_shared<arrow::io::BufferReader>(whole));
  std::shared_ptr<arrow::RecordBatch> batch;
  EXPECT_TRUE(reader->ReadNext(&batch).ok());
  return batch;
}

std::vector<int64_t> Ints(const arrow::RecordBatch& batch, int column) {
  const auto& values = static_cast<const arrow::Int64Array&>(*batch.column(column));
  return {values.raw_values(), values.raw_values() + values.length()};
}

class LiveRowsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    window_ = *catalog_.CreateBuffer({.name = "w", .window_size = 100});
    Append(0, 10);
  }

  void Append(int64_t first, int64_t count, const char* extra = nullptr) {
    RowBatch rows;
    for (int64_t i = first; i < first + count; ++i) {
      rows.BeginRow();
      rows.Set("v", Cell::Int64(i));
      rows.Set("even", Cell::Bool(i % 2 == 0));
      if (extra != nullptr) rows.Set(extra, Cell::Int64(-i));
    }
    rows.Seal();
    ASSERT_TRUE(window_->Append(rows).ok());
  }

  std::unique_ptr<LiveRows> Open(LiveRequest request) {
    auto rows = LiveRows::Open(*catalog_.Find("buffers.w"), std::move(request), &budget_);
    EXPECT_TRUE(rows.ok()) << rows.status();
    return std::move(*rows);
  }

  MemoryBudget budget_{64 << 20};
  catalog::Catalog catalog_{&budget_};
  std::shared_ptr<LiveWindow> window_;
};

TEST_F(LiveRowsTest, ReadsOnWhereItEnded) {
  const auto rows = Open({});
  auto piece = *rows->Read(0, 4, kBytes);
  EXPECT_EQ(Ints(*Decode(piece), 0), (std::vector<int64_t>{0, 1, 2, 3}));
  EXPECT_EQ(piece.next_row, 4);
  EXPECT_EQ(piece.end_row, 10);
  Append(10, 200);
  piece = *rows->Read(piece.next_row, kAll, kBytes);
  EXPECT_EQ(piece.first_row, 110);  // the rest has left the window
  EXPECT_EQ(piece.next_row, 210);
  EXPECT_EQ(piece.num_rows, 100);
  piece = *rows->Read(210, kAll, kBytes);
  EXPECT_EQ(piece.rows, nullptr);
  EXPECT_EQ(piece.next_row, 210);
}

TEST_F(LiveRowsTest, FiltersSelectsAndDerives) {
  FeaturePlan plan;
  plan.windows = {};
  plan.lags = {1};
  const auto rows =
      Open({.features = plan, .filter = "v_lag_1 > 4", .columns = {{"v_lag_1", "v"}}});
  const auto piece = *rows->Read(2, kAll, kBytes);
  const auto batch = Decode(piece);
  EXPECT_EQ(batch->schema()->field(0)->name(), "v_lag_1");
  EXPECT_EQ(Ints(*batch, 1), (std::vector<int64_t>{6, 7, 8, 9}));
  EXPECT_EQ(piece.next_row, 10);
  EXPECT_EQ((*rows->Read(0, 3, kBytes)).rows, nullptr);
}

TEST_F(LiveRowsTest, AnotherSchemaIsAnotherMessage) {
  const auto all = Open({});
  const auto one = Open({.filter = "even", .columns = {{"v"}}});
  const auto before = all->Read(0, kAll, kBytes)->schema;
  const auto before_one = one->Read(0, kAll, kBytes)->schema;
  EXPECT_EQ(all->Read(0, 1, kBytes)->schema, before);
  Append(10, 1, "more");
  const auto piece = *all->Read(10, kAll, kBytes);
  EXPECT_NE(piece.schema, before);
  EXPECT_EQ(Decode(piece)->num_columns(), 3);
  EXPECT_EQ(one->Read(10, kAll, kBytes)->schema, before_one);
}

TEST_F(LiveRowsTest, PiecesAreOfTheSizeAskedFor) {
  const auto rows = Open({});
  RowBatch texts;
  const std::string text(1000, 'x');
  for (int i = 0; i < 90; ++i) {
    texts.BeginRow();
    texts.Set("t", Cell::String(text));
  }
  texts.Seal();
  ASSERT_TRUE(window_->Append(texts).ok());
  int64_t next = 10;
  while (next < 100) {
    const auto piece = *rows->Read(next, kAll, 10'000);
    ASSERT_GT(piece.next_row, next);
    EXPECT_LT(piece.rows->size(), 25'000);
    next = piece.next_row;
  }
}

TEST_F(LiveRowsTest, ClearingAndDroppingShow) {
  const auto rows = Open({});
  const uint64_t epoch = rows->Read(0, 1, kBytes)->epoch;
  ASSERT_TRUE(window_->Clear().ok());
  EXPECT_NE(rows->Read(10, kAll, kBytes)->epoch, epoch);
  EXPECT_EQ(rows->extent().end_row, 0);
  ASSERT_TRUE(catalog_.DropBuffer("w").ok());
  EXPECT_TRUE(rows->changes().ended());
}

TEST_F(LiveRowsTest, RefusesWhatIsNotThere) {
  const auto entry = *catalog_.Find("w");
  const auto code = [&](LiveRequest request) {
    return CodeOf(LiveRows::Open(entry, std::move(request), &budget_).status());
  };
  EXPECT_EQ(code({.columns = {{"nothing"}}}), ErrorCode::kUnknownName);
  EXPECT_EQ(code({.filter = "v >"}), ErrorCode::kInvalidArgument);
  FeaturePlan plan;
  plan.columns = {{"even"}};
  EXPECT_EQ(code({.features = plan}), ErrorCode::kTypeMismatch);
}

TEST_F(LiveRowsTest, TablesAreGivenOnce) {
  auto reader = *arrow::RecordBatchReader::Make({*window_->Read()});
  std::shared_ptr<Source> table = *catalog::MemoryTable::Make(*reader, &budget_);
  const catalog::Entry entry{.kind = catalog::Kind::kTable, .name = "t", .source = table};
  EXPECT_EQ(CodeOf(LiveRows::Open(entry, {}, &budget_).status()), ErrorCode::kInvalidArgument);
  auto rows = *TableRows::Open(entry, {.columns = {{"v"}}}, 7, nullptr, &budget_);
  std::vector<int64_t> seen;
  while (true) {
    const auto piece = *rows->Next(40);
    if (piece.rows == nullptr) break;
    for (const int64_t value : Ints(*Decode(piece), 0)) seen.push_back(value);
  }
  EXPECT_EQ(seen, (std::vector<int64_t>{3, 4, 5, 6, 7, 8, 9}));
  EXPECT_EQ(CodeOf(TableRows::Open(entry, {.filter = "even"}, 7, nullptr, &budget_).status()),
            ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace headrace::delivery
