// A live window told by its signal, and read by the numbers of its rows.

#include <atomic>
#include <thread>

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <gtest/gtest.h>

#include "headrace/change_signal.h"
#include "headrace/error_code.h"
#include "headrace/live_window.h"
#include "headrace/memory_budget.h"

namespace headrace {
namespace {

class Listener final : public ChangeListener {
 public:
  void OnChange(int64_t) noexcept override { ++calls; }
  std::atomic<int> calls = 0;
};

RowBatch Rows(int64_t first, int64_t count) {
  RowBatch rows;
  for (int64_t i = first; i < first + count; ++i) {
    rows.BeginRow();
    rows.Set("v", Cell::Int64(i));
  }
  rows.Seal();
  return rows;
}

class WindowChanges : public ::testing::Test {
 protected:
  void SetUp() override {
    window_ = LiveWindow::Make({.name = "w", .window_size = 10}, &budget_).ValueOrDie();
  }
  MemoryBudget budget_{64 << 20};
  std::shared_ptr<LiveWindow> window_;
};

TEST_F(WindowChanges, TellsOfAppendsAndClear) {
  Listener listener;
  window_->changes()->Add(&listener);
  ASSERT_TRUE(window_->Append(Rows(0, 3)).ok());
  EXPECT_EQ(window_->changes()->position(), 3);
  ASSERT_TRUE(window_->Append(Rows(0, 0)).ok());
  EXPECT_EQ(listener.calls, 1);
  ASSERT_TRUE(window_->Clear().ok());
  EXPECT_EQ(listener.calls, 2);
  window_->changes()->Remove(&listener);
}

TEST_F(WindowChanges, GivesFeaturesOfRowsByTheirNumbers) {
  ASSERT_TRUE(window_->Append(Rows(0, 25)).ok());
  FeaturePlan plan;
  plan.windows = {2};
  plan.stats = {*StatRequest::Parse("sum")};
  plan.lags = {};
  auto opened = window_->OpenFeatures(plan, {.start_row = 18, .limit = 4});
  ASSERT_TRUE(opened.ok()) << opened.status();
  EXPECT_EQ(opened->first_row, 18);
  EXPECT_EQ(opened->end_row, 25);
  std::shared_ptr<arrow::RecordBatch> batch;
  ASSERT_TRUE(opened->reader->ReadNext(&batch).ok());
  ASSERT_EQ(batch->num_rows(), 4);
  const auto& sums =
      static_cast<const arrow::DoubleArray&>(*batch->GetColumnByName("v_rolling_sum_2"));
  for (int64_t i = 0; i < 4; ++i) EXPECT_EQ(sums.Value(i), static_cast<double>(17 + i + 18 + i));
  plan.columns = {{"nothing"}};
  EXPECT_EQ(CodeOf(window_->OpenFeatures(plan, {}).status()), ErrorCode::kUnknownName);
}

// Whoever reads on from where the rows ended gets each row once, whatever is appended meanwhile.
TEST_F(WindowChanges, RowsAreReadOnceByNumber) {
  auto window = *LiveWindow::Make({.name = "w", .window_size = 100'000}, &budget_);
  constexpr int64_t kRows = 20'000;
  std::thread writer([&] {
    for (int64_t i = 0; i < kRows; ++i) ASSERT_TRUE(window->Append(Rows(i, 1)).ok());
  });
  int64_t next = 0;
  while (next < kRows) {
    auto opened = window->Open({.start_row = next});
    ASSERT_TRUE(opened.ok());
    ASSERT_EQ(opened->first_row, next);
    std::shared_ptr<arrow::RecordBatch> batch;
    ASSERT_TRUE(opened->reader->ReadNext(&batch).ok());
    for (int64_t i = 0; i < batch->num_rows(); ++i) {
      const auto& values = static_cast<const arrow::Int64Array&>(*batch->column(0));
      ASSERT_EQ(values.Value(i), next + i);
    }
    next += batch->num_rows();
    ASSERT_EQ(next, *opened->end_row);
  }
  writer.join();
}

}  // namespace
}  // namespace headrace
