#include "delivery/table_page.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <arrow/array/array_primitive.h>
#include <arrow/record_batch.h>
#include <arrow/table.h>
#include <gtest/gtest.h>

#include "catalog/memory_table.h"
#include "delivery/cursor.h"
#include "delivery/tables.h"
#include "headrace/error_code.h"
#include "headrace/live_window.h"
#include "headrace/memory_budget.h"
#include "testing/batches.h"
#include "testing/parquet_files.h"
#include "testing/temporary_folder.h"

namespace headrace::delivery {
namespace {

using testing::FirstColumn;
using testing::Numbers;
using testing::ReaderOf;

constexpr int64_t kRows = 1000;

class TablePageTest : public ::testing::Test {
 protected:
  std::shared_ptr<Source> InMemory() {
    const auto reader = ReaderOf({Numbers(0, 400), Numbers(400, 600)});
    return catalog::MemoryTable::Make(*reader, &budget_).ValueOrDie();
  }

  std::shared_ptr<Source> InFiles() {
    const auto table = [](int64_t begin, int64_t rows) {
      return arrow::Table::FromRecordBatches({Numbers(begin, rows)}).ValueOrDie();
    };
    folder_.Write("0.parquet", *testing::WriteParquet(*table(0, 400), 150));
    folder_.Write("1.parquet", *testing::WriteParquet(*table(400, 600), 150));
    return OpenFiles({folder_.path()}, &budget_).ValueOrDie();
  }

  std::shared_ptr<LiveWindow> Window(int64_t size) {
    auto window = LiveWindow::Make({.name = "w", .window_size = size}, &budget_).ValueOrDie();
    Append(*window, 0, kRows);
    return window;
  }

  static void Append(LiveWindow& window, int64_t begin, int64_t rows) {
    ASSERT_TRUE(window.Append(*ReaderOf({Numbers(begin, rows)})).ok());
  }

  Result<TablePage> Open(Source& source, const TableRequest& request,
                         const std::optional<std::string>& cursor = {}) {
    return OpenPage(source, "files.t", request, cursor, &budget_);
  }

  /// Column `a` of all pages, one after the other.
  std::vector<int64_t> ReadPages(Source& source, const TableRequest& request,
                                 int* pages = nullptr) {
    std::vector<int64_t> all;
    std::optional<std::string> cursor;
    do {
      auto page = Open(source, request, cursor);
      if (!page.ok()) {
        ADD_FAILURE() << page.status();
        break;
      }
      const auto rows = FirstColumn(*page->reader->ToTable().ValueOrDie());
      EXPECT_EQ(page->rows_missed, 0);
      if (page->next_cursor) EXPECT_EQ(static_cast<int64_t>(rows.size()), *request.limit);
      all.insert(all.end(), rows.begin(), rows.end());
      cursor = page->next_cursor;
      if (pages != nullptr) ++*pages;
    } while (cursor);
    return all;
  }

  MemoryBudget budget_{1 << 28};
  testing::TemporaryFolder folder_;
};

TEST_F(TablePageTest, PagesAreTheWholeOfEverySource) {
  for (const auto& source : {InMemory(), InFiles(), std::shared_ptr<Source>(Window(5000))}) {
    for (const std::string filter : {"", "a % 3 = 0", "a > 640", "a < 0"}) {
      const auto whole = OpenTable(*source, {.filter = filter, .columns = {{"a"}}}, &budget_);
      const auto expected = FirstColumn(*whole.ValueOrDie()->ToTable().ValueOrDie());
      for (const int64_t limit : {1, 7, 250, 333, 1000, 2000}) {
        if (limit == 1 && expected.size() > 400) continue;
        int pages = 0;
        const TableRequest request{.filter = filter, .limit = limit, .columns = {{"a"}}};
        EXPECT_EQ(ReadPages(*source, request, &pages), expected) << filter << " by " << limit;
        const auto rows = static_cast<int64_t>(expected.size());
        EXPECT_EQ(pages, std::max<int64_t>(1, (rows + limit - 1) / limit));
      }
    }
  }
}

TEST_F(TablePageTest, AnOffsetIsWhereTheFirstPageBegins) {
  for (const auto& source : {InMemory(), InFiles()}) {
    for (const std::string filter : {"", "b is not null"}) {
      const auto expected = FirstColumn(
          *OpenTable(*source, {.filter = filter, .offset = 321, .columns = {{"a"}}}, &budget_)
               .ValueOrDie()
               ->ToTable()
               .ValueOrDie());
      const auto page =
          Open(*source, {.filter = filter, .offset = 321, .limit = 100, .columns = {{"a"}}})
              .ValueOrDie();
      auto rows = FirstColumn(*page.reader->ToTable().ValueOrDie());
      const auto rest = Open(*source, {.filter = filter, .columns = {{"a"}}}, page.next_cursor);
      for (const int64_t a : FirstColumn(*rest.ValueOrDie().reader->ToTable().ValueOrDie())) {
        rows.push_back(a);
      }
      EXPECT_EQ(rows, expected);
    }
  }
}

TEST_F(TablePageTest, GroupsComeByPagesToo) {
  const auto source = InFiles();
  const TableRequest request{.group_by = {"a"}, .aggregates = "count(*)", .limit = 300};
  EXPECT_EQ(ReadPages(*source, request).size(), static_cast<size_t>(kRows));
}

TEST_F(TablePageTest, APageOfAWindowStaysWhereItIsWhileTheWindowMoves) {
  const auto window = Window(1000);
  for (const std::string filter : {"", "a >= 0"}) {
    const TableRequest request{.filter = filter, .limit = 100, .columns = {{"a"}}};
    const auto first = Open(*window, request).ValueOrDie();
    const int64_t begin = FirstColumn(*first.reader->ToTable().ValueOrDie()).front();
    Append(*window, begin + 1000, 50);
    auto second = Open(*window, request, first.next_cursor).ValueOrDie();
    EXPECT_EQ(FirstColumn(*second.reader->ToTable().ValueOrDie()).front(), begin + 100);
    EXPECT_EQ(second.rows_missed, 0);
    // Its rows have left: it goes on with the oldest, and says how many it missed.
    Append(*window, begin + 1050, 450);
    second = Open(*window, request, first.next_cursor).ValueOrDie();
    EXPECT_EQ(FirstColumn(*second.reader->ToTable().ValueOrDie()).front(), begin + 500);
    EXPECT_EQ(second.rows_missed, 400);
  }
}

TEST_F(TablePageTest, ACursorOfOtherRowsIsRefused) {
  const auto window = Window(1000);
  const TableRequest request{.limit = 10};
  const auto cursor = *Open(*window, request).ValueOrDie().next_cursor;
  const auto refused = [&](const TableRequest& other, const std::string& text) {
    const auto page = Open(*window, other, text);
    ASSERT_FALSE(page.ok());
    EXPECT_EQ(CodeOf(page.status()), ErrorCode::kInvalidArgument);
    EXPECT_EQ(LocationOf(page.status())[0], "cursor");
  };
  refused({.filter = "a > 3", .limit = 10}, cursor);
  refused({.offset = 1, .limit = 10}, cursor);
  refused({.group_by = {"a"}, .limit = 10}, cursor);
  for (const char* text :
       {"", "r", "r1", "x1-0123456789abcdef", "r-1-0123456789abcdef", "r1-0123456789abcde",
        "r1-0123456789abcdeg", "r99999999999999999999-0123456789abcdef"}) {
    refused(request, text);
  }
  EXPECT_TRUE(Open(*window, {.limit = 3, .columns = {{"b"}}}, cursor).ok());
  ASSERT_TRUE(window->Clear().ok());
  refused(request, cursor);
}

TEST_F(TablePageTest, NobodyWantsTheRowsAnyMore) {
  const auto stop = std::make_shared<std::atomic<bool>>(false);
  for (const auto& source : {InMemory(), InFiles()}) {
    *stop = false;
    const auto page = Open(*source, {.stop = stop}).ValueOrDie();
    *stop = true;
    EXPECT_EQ(CodeOf(page.reader->ToTable().status()), ErrorCode::kCancelled);
  }
}

}  // namespace
}  // namespace headrace::delivery
