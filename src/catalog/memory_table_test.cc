#include "catalog/memory_table.h"

#include <memory>
#include <vector>

#include <arrow/buffer.h>
#include <arrow/record_batch.h>
#include <arrow/table.h>
#include <gtest/gtest.h>

#include "headrace/error_code.h"
#include "headrace/memory_budget.h"
#include "testing/batches.h"

namespace headrace::catalog {
namespace {

using testing::FirstColumn;
using testing::Numbers;
using testing::ReaderOf;

class MemoryTableTest : public ::testing::Test {
 protected:
  std::shared_ptr<MemoryTable> Make() {
    const auto reader = ReaderOf({Numbers(0, 3), Numbers(3, 0), Numbers(3, 300'000)});
    return MemoryTable::Make(*reader, &budget_).ValueOrDie();
  }

  MemoryBudget budget_{1 << 26};
};

TEST_F(MemoryTableTest, HoldsItsRowsInTheBudget) {
  {
    const auto table = Make();
    EXPECT_EQ(table->statistics().num_rows, 300'003);
    EXPECT_GE(budget_.used_bytes(), 300'003 * 16);
    EXPECT_GE(*table->statistics().num_bytes, 300'003 * 16);
  }
  EXPECT_EQ(budget_.used_bytes(), 0);
  budget_.set_limit_bytes(1000);
  const auto reader = ReaderOf({Numbers(0, 1000)});
  const auto refused = MemoryTable::Make(*reader, &budget_);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(CodeOf(refused.status()), ErrorCode::kMemoryLimit);
}

TEST_F(MemoryTableTest, GivesAnyStretchOfRows) {
  const auto table = Make();
  for (const int64_t start : {0, 2, 3, 299'990, 300'003, 400'000}) {
    auto opened = table->Open({.columns = {{"a"}}, .start_row = start, .limit = 5}).ValueOrDie();
    EXPECT_EQ(opened.first_row, std::min<int64_t>(start, 300'003));
    EXPECT_EQ(opened.end_row, 300'003);
    std::vector<int64_t> expected;
    for (int64_t row = start; row < std::min<int64_t>(start + 5, 300'003); ++row) {
      expected.push_back(row);
    }
    EXPECT_EQ(FirstColumn(*opened.reader->ToTable().ValueOrDie()), expected) << start;
  }
  const auto last = table->Open({.limit = 2, .from_end = true}).ValueOrDie();
  EXPECT_EQ(FirstColumn(*last.reader->ToTable().ValueOrDie()),
            (std::vector<int64_t>{300'001, 300'002}));
}

TEST_F(MemoryTableTest, RefusesNamesThatAreNotOne) {
  const auto twice = Numbers(0, 2)->RenameColumns({"a", "a"}).ValueOrDie();
  const auto reader = ReaderOf({twice});
  EXPECT_EQ(CodeOf(MemoryTable::Make(*reader, &budget_).status()), ErrorCode::kInvalidArgument);
  EXPECT_EQ(CodeOf(Make()->Open({.columns = {{"z"}}}).status()), ErrorCode::kUnknownName);
}

TEST_F(MemoryTableTest, HasAnEpochOfItsOwn) {
  EXPECT_NE(Make()->statistics().epoch, Make()->statistics().epoch);
}

}  // namespace
}  // namespace headrace::catalog
