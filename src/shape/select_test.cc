#include "shape/select.h"

#include <arrow/api.h>
#include <gtest/gtest.h>

#include "headrace/error_code.h"
#include "testing/batches.h"

namespace headrace::shape {
namespace {

using testing::Numbers;
using testing::ReaderOf;

TEST(Select, GivesColumnsInTheOrderAskedFor) {
  const auto batch = Numbers(0, 5);
  auto reader = Select(ReaderOf({batch, batch->Slice(2)}), {"b", "a"}).ValueOrDie();
  EXPECT_EQ(reader->schema()->field_names(), (std::vector<std::string>{"b", "a"}));
  const auto table = reader->ToTable().ValueOrDie();
  EXPECT_EQ(table->num_rows(), 8);
  EXPECT_TRUE(table->column(0)->chunk(0)->Equals(batch->column(1)));
  EXPECT_TRUE(table->column(1)->chunk(1)->Equals(batch->Slice(2)->column(0)));
}

TEST(Select, NoColumnsKeepTheRows) {
  auto reader = Select(ReaderOf({Numbers(0, 5)}), {}).ValueOrDie();
  std::shared_ptr<arrow::RecordBatch> batch;
  ASSERT_TRUE(reader->ReadNext(&batch).ok());
  EXPECT_EQ(batch->num_rows(), 5);
  EXPECT_EQ(batch->num_columns(), 0);
}

TEST(Select, RefusesWhatIsNotThere) {
  const Status unknown = Select(ReaderOf({Numbers(0, 5)}), {"a", "bb"}).status();
  EXPECT_EQ(CodeOf(unknown), ErrorCode::kUnknownName);
  EXPECT_EQ(LocationOf(unknown).back(), "bb");
  EXPECT_EQ(CodeOf(Select(ReaderOf({Numbers(0, 5)}), {"a", "a"}).status()),
            ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace headrace::shape
