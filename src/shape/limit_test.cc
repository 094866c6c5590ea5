#include "shape/limit.h"

#include <algorithm>

#include <arrow/api.h>
#include <gtest/gtest.h>

#include "headrace/error_code.h"
#include "testing/batches.h"

namespace headrace::shape {
namespace {

using testing::FirstColumn;
using testing::Numbers;
using testing::ReaderOf;

TEST(Limit, GivesTheRowsOfTheStretch) {
  for (int64_t offset = 0; offset <= 12; ++offset) {
    for (int64_t limit = -1; limit <= 12; ++limit) {
      const std::optional<int64_t> rows = limit < 0 ? std::nullopt : std::optional(limit);
      auto reader = Limit(ReaderOf({Numbers(0, 3), Numbers(3, 0), Numbers(3, 4), Numbers(7, 3)}),
                          offset, rows)
                        .ValueOrDie();
      std::vector<int64_t> expected;
      const int64_t end = rows ? std::min<int64_t>(10, offset + *rows) : 10;
      for (int64_t i = offset; i < end; ++i) expected.push_back(i);
      EXPECT_EQ(FirstColumn(*reader->ToTable().ValueOrDie()), expected) << offset << " " << limit;
    }
  }
}

TEST(Limit, ClosesTheInputWhenItHasEnough) {
  bool closed = false;
  auto reader = Limit(ReaderOf({Numbers(0, 3), Numbers(3, 3)}, &closed), 1, 2).ValueOrDie();
  std::shared_ptr<arrow::RecordBatch> batch;
  ASSERT_TRUE(reader->ReadNext(&batch).ok());
  EXPECT_EQ(batch->num_rows(), 2);
  EXPECT_TRUE(closed);
  ASSERT_TRUE(reader->ReadNext(&batch).ok());
  EXPECT_EQ(batch, nullptr);
}

TEST(Limit, RefusesNegativeNumbers) {
  EXPECT_EQ(CodeOf(Limit(ReaderOf({Numbers(0, 3)}), -1, {}).status()), ErrorCode::kInvalidArgument);
  EXPECT_EQ(CodeOf(Limit(ReaderOf({Numbers(0, 3)}), 0, -1).status()), ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace headrace::shape
