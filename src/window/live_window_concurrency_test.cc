// Writers and readers at the same time: no torn row, no row out of order, no early end of a result.

#include <algorithm>
#include <atomic>
#include <thread>

#include <arrow/api.h>
#include <gtest/gtest.h>

#include "headrace/live_window.h"
#include "headrace/memory_budget.h"

namespace headrace {
namespace {

#ifdef HEADRACE_SANITIZED
constexpr int64_t kRows = 20'000;
#else
constexpr int64_t kRows = 200'000;
#endif

const double* Doubles(const arrow::RecordBatch& batch, const std::string& name) {
  return static_cast<const arrow::DoubleArray&>(*batch.GetColumnByName(name)).raw_values();
}

// Rows are {n, 2n, -n}; features of n have a closed form.
void CheckRows(const arrow::RecordBatch& batch, int64_t window) {
  ASSERT_LE(batch.num_rows(), window);
  if (batch.num_rows() == 0) return;
  const double* n = Doubles(batch, "n");
  const double* twice = Doubles(batch, "twice");
  const double* minus = Doubles(batch, "minus");
  for (int64_t i = 0; i < batch.num_rows(); ++i) {
    ASSERT_EQ(n[i], n[0] + static_cast<double>(i));
    ASSERT_EQ(twice[i], 2 * n[i]);
    ASSERT_EQ(minus[i], -n[i]);
  }
}

void CheckFeatures(const arrow::RecordBatch& batch) {
  if (batch.num_rows() == 0) return;
  const double* n = Doubles(batch, "n");
  const double* lag = Doubles(batch, "n_lag_1");
  const double* mean = Doubles(batch, "n_rolling_mean_3");
  for (int64_t i = 0; i < batch.num_rows(); ++i) {
    if (n[i] < 3) continue;
    ASSERT_EQ(lag[i], n[i] - 1);
    ASSERT_EQ(mean[i], n[i] - 1);
  }
}

void AppendRange(LiveWindow& window, RowBatch& rows, int64_t begin, int64_t end) {
  rows.Reset();
  for (int64_t n = begin; n < end; ++n) {
    const auto value = static_cast<double>(n);
    rows.BeginRow();
    rows.Set("n", Cell::Double(value));
    rows.Set("twice", Cell::Double(2 * value));
    rows.Set("minus", Cell::Double(-value));
    if (n % 5 == 0) rows.Set("sometimes", Cell::Bool(n % 2 == 0));
  }
  rows.Seal();
  ASSERT_TRUE(window.Append(rows).ok());
}

TEST(LiveWindowConcurrency, ReadersSeeWholeRowsOnly) {
  MemoryBudget budget(int64_t{1} << 31);
  const int64_t size = 500;
  auto window = *LiveWindow::Make({.name = "w", .window_size = size}, &budget);
  FeaturePlan plan;
  plan.windows = {3, 100};
  plan.lags = {1};
  std::atomic<bool> done{false};

  std::vector<std::thread> readers;
  for (int r = 0; r < 3; ++r) {
    readers.emplace_back([&, r] {
      double newest = -1;
      std::shared_ptr<arrow::RecordBatch> held;
      std::vector<double> row(256);
      for (int64_t round = 0; !done.load(); ++round) {
        FeaturePlan own = plan;
        if (round % 50 == 0) own.windows.push_back(4 + round / 50 % 20);
        auto batch = r == 0 ? *window->Read() : *window->Features(own);
        CheckRows(*batch, size);
        if (r != 0) CheckFeatures(*batch);
        if (batch->num_rows() > 0) {
          const double last = Doubles(*batch, "n")[batch->num_rows() - 1];
          ASSERT_GE(last, newest) << "never back in time";
          newest = last;
        }
        if (round % 7 == 0) {
          if (held != nullptr) CheckRows(*held, size);  // still as it was
          held = batch;
        }
        ASSERT_TRUE(window->LatestVector(plan, row).ok());
      }
    });
  }
  std::thread writer([&] {
    RowBatch rows;
    int64_t next = 0;
    for (int64_t step = 0; next < kRows; ++step) {
      const int64_t count = step % 100 == 0 ? 150 : 1 + step % 3;
      AppendRange(*window, rows, next, next + count);
      next += count;
    }
    done = true;
  });
  writer.join();
  for (auto& reader : readers) reader.join();
  EXPECT_GE(window->stats().append_count, kRows);
}

TEST(LiveWindowConcurrency, ClearAndWritersAndReaders) {
  MemoryBudget budget(int64_t{1} << 31);
  auto window = *LiveWindow::Make({.name = "w", .window_size = 50}, &budget);
  std::atomic<bool> done{false};
  std::vector<std::thread> threads;
  for (int w = 0; w < 2; ++w) {
    threads.emplace_back([&] {
      RowBatch rows;
      for (int i = 0; !done.load(); ++i) AppendRange(*window, rows, i, i + 1 + i % 4);
    });
  }
  threads.emplace_back([&] {
    while (!done.load()) {
      const auto batch = *window->Features({});
      ASSERT_TRUE(batch->Validate().ok());
    }
  });
  threads.emplace_back([&] {
    while (!done.load()) {
      const LiveWindowStats stats = window->stats();
      ASSERT_EQ(stats.size, std::min<int64_t>(stats.append_count, 50)) << "counts of one moment";
    }
  });
  for (int i = 0; i < 200; ++i) {
    ASSERT_TRUE(window->Clear().ok());
    std::this_thread::yield();
  }
  done = true;
  for (auto& thread : threads) thread.join();
}

}  // namespace
}  // namespace headrace
