#include "shape/filter.h"

#include <arrow/api.h>
#include <arrow/compute/expression.h>
#include <gtest/gtest.h>

#include "expr/filter.h"
#include "headrace/error_code.h"
#include "testing/batches.h"

namespace headrace::shape {
namespace {

using testing::FirstColumn;
using testing::Numbers;
using testing::ReaderOf;

Result<std::shared_ptr<arrow::Table>> Rows(const std::string& text) {
  const auto input = ReaderOf({Numbers(0, 4), Numbers(4, 4), Numbers(8, 4)});
  ARROW_ASSIGN_OR_RAISE(auto bound, expr::ParseFilter(text, *input->schema()));
  ARROW_ASSIGN_OR_RAISE(
      auto reader, Filter(input, std::make_shared<arrow::compute::Expression>(std::move(bound)),
                          arrow::default_memory_pool()));
  return reader->ToTable();
}

TEST(Filter, GivesTheRowsForWhichItIsTrue) {
  EXPECT_EQ(FirstColumn(*Rows("a > 5 and a < 10").ValueOrDie()),
            (std::vector<int64_t>{6, 7, 8, 9}));
  EXPECT_EQ(Rows("a < 0").ValueOrDie()->num_rows(), 0);
  EXPECT_EQ(Rows("a >= 0").ValueOrDie()->num_rows(), 12);
  // b is null in every third row: neither the term nor its negation is true there.
  EXPECT_EQ(Rows("b >= 0").ValueOrDie()->num_rows(), 8);
  EXPECT_EQ(Rows("not (b >= 0)").ValueOrDie()->num_rows(), 0);
  EXPECT_EQ(FirstColumn(*Rows("b is null").ValueOrDie()), (std::vector<int64_t>{0, 3, 6, 9}));
}

TEST(Filter, BatchesWithoutARowAreLeftOut) {
  EXPECT_EQ(Rows("a = 5").ValueOrDie()->column(0)->num_chunks(), 1);
}

TEST(Filter, ARowThatCannotBeComputedFails) {
  EXPECT_EQ(CodeOf(Rows("a + 9223372036854775807 > 0").status()), ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace headrace::shape
