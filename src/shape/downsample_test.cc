#include "shape/downsample.h"

#include <cmath>
#include <limits>

#include <arrow/api.h>
#include <arrow/json/from_string.h>
#include <gtest/gtest.h>

#include "headrace/error_code.h"
#include "headrace/memory_budget.h"
#include "testing/batches.h"

namespace headrace::shape {
namespace {

using arrow::json::ArrayFromJSONString;
using testing::ReaderOf;
using BatchPtr = std::shared_ptr<arrow::RecordBatch>;

class DownsampleTest : public ::testing::Test {
 protected:
  static BatchPtr Batch(const arrow::FieldVector& fields, const std::vector<std::string>& columns) {
    arrow::ArrayVector arrays;
    for (size_t i = 0; i < fields.size(); ++i) {
      arrays.push_back(ArrayFromJSONString(fields[i]->type(), columns[i]).ValueOrDie());
    }
    return arrow::RecordBatch::Make(arrow::schema(fields), arrays[0]->length(), arrays);
  }

  BatchPtr Rows(const BatchPtr& input, const DownsamplePlan& plan) {
    auto reader = Downsample(ReaderOf({input}), plan, &budget_);
    EXPECT_TRUE(reader.ok()) << reader.status();
    const auto table = (*reader)->ToTable();
    EXPECT_TRUE(table.ok()) << table.status();
    return (*table)->CombineChunksToBatch().ValueOrDie();
  }

  ErrorCode CodeFor(const DownsamplePlan& plan) {
    const auto input =
        Batch({arrow::field("x", arrow::int64()), arrow::field("y", arrow::float64()),
               arrow::field("s", arrow::utf8())},
              {"[1]", "[2]", R"(["a"])"});
    const auto reader = Downsample(ReaderOf({input}), plan, &budget_);
    return reader.ok() ? ErrorCode::kInternal : CodeOf(reader.status());
  }

  MemoryBudget budget_{int64_t{1} << 30};
};

TEST_F(DownsampleTest, AFewRowsComeAsTheyAreInTheOrderOfX) {
  const arrow::FieldVector fields = {
      arrow::field("t", arrow::timestamp(arrow::TimeUnit::MICRO, "Asia/Kathmandu")),
      arrow::field("d", arrow::decimal128(10, 2)), arrow::field("flag", arrow::boolean()),
      arrow::field("other", arrow::utf8())};
  const auto rows = Batch(fields, {"[30, null, -5, 7]", R"(["1.25", "2.00", null, "-3.50"])",
                                   "[true, true, null, false]", R"(["a", "b", "c", "d"])"});
  const auto expected = Batch({fields[0], fields[1], fields[2]},
                              {"[-5, 7, 30]", R"([null, "-3.50", "1.25"])", "[null, false, true]"});
  for (const auto method : {DownsampleMethod::kMinMax, DownsampleMethod::kM4,
                            DownsampleMethod::kLttb, DownsampleMethod::kMinMaxLttb}) {
    const auto chosen = Rows(rows, {.method = method, .x = "t", .y = {"d", "flag"}, .points = 4});
    EXPECT_TRUE(chosen->Equals(*expected, true)) << chosen->ToString();
  }
}

TEST_F(DownsampleTest, NoRowsAndOneRow) {
  const arrow::FieldVector fields = {arrow::field("x", arrow::float32()),
                                     arrow::field("y", arrow::uint64())};
  EXPECT_EQ(Rows(Batch(fields, {"[]", "[]"}), {.x = "x", .y = {"y"}})->num_rows(), 0);
  const auto one = Batch(fields, {"[1.5]", "[18446744073709551615]"});
  EXPECT_TRUE(Rows(one, {.x = "x", .y = {"y"}})->Equals(*one));
  const auto no_place = Batch(fields, {"[null, NaN, Inf, -Inf]", "[1, 2, 3, 4]"});
  EXPECT_EQ(Rows(no_place, {.x = "x", .y = {"y"}})->num_rows(), 0);
}

// Axes of every type, from one end of it to the other.
TEST_F(DownsampleTest, AxesReachToTheirEnds) {
  const std::vector<std::pair<std::shared_ptr<arrow::DataType>, std::string>> axes = {
      {arrow::int8(), "[-128, -1, 0, 1, 127]"},
      {arrow::int64(), "[-9223372036854775808, -1, 0, 1, 9223372036854775807]"},
      {arrow::uint64(), "[0, 1, 9223372036854775807, 9223372036854775808, 18446744073709551615]"},
      {arrow::date32(), "[-719162, -1, 0, 1, 2932896]"},
      {arrow::time32(arrow::TimeUnit::SECOND), "[0, 1, 2, 3, 86399]"},
      {arrow::duration(arrow::TimeUnit::NANO),
       "[-9223372036854775808, -1, 0, 1, 9223372036854775807]"},
      {arrow::float16(), "[-8, -0.5, 0, 0.5, 65504]"},
      {arrow::float64(), "[-1.7976931348623157e308, -1e-308, 0, 1e-308, 1.7976931348623157e308]"}};
  for (const auto& [type, x] : axes) {
    const auto rows = Batch({arrow::field("x", type), arrow::field("y", arrow::int16())},
                            {x, "[1, 5, 9, -3, 2]"});
    const auto ends = Rows(rows, {.x = "x", .y = {"y"}, .points = 2});
    EXPECT_EQ(ends->num_rows(), 2) << type->ToString();
    EXPECT_TRUE(ends->Slice(0, 1)->Equals(*rows->Slice(0, 1))) << type->ToString();
    EXPECT_TRUE(ends->Slice(1, 1)->Equals(*rows->Slice(4, 1))) << type->ToString();
    EXPECT_LE(Rows(rows, {.method = DownsampleMethod::kM4, .x = "x", .y = {"y"}, .points = 4})
                  ->num_rows(),
              4);
  }
}

TEST_F(DownsampleTest, EveryYHasItsPoints) {
  std::string x = "[";
  std::string a = "[";
  std::string b = "[";
  for (int i = 0; i < 1000; ++i) {
    const char* comma = i == 0 ? "" : ", ";
    x += comma + std::to_string(i);
    a += comma + std::to_string(i == 300 ? 99 : 0);
    b += comma + std::to_string(i == 700 ? 99 : 0);
  }
  const auto rows = Batch({arrow::field("x", arrow::int32()), arrow::field("a", arrow::int32()),
                           arrow::field("b", arrow::float32())},
                          {x + "]", a + "]", b + "]"});
  for (const auto method : {DownsampleMethod::kMinMax, DownsampleMethod::kM4,
                            DownsampleMethod::kLttb, DownsampleMethod::kMinMaxLttb}) {
    const auto chosen = Rows(rows, {.method = method, .x = "x", .y = {"a", "b"}, .points = 8});
    EXPECT_LE(chosen->num_rows(), 16);
    const auto& places = static_cast<const arrow::Int32Array&>(*chosen->column(0));
    int peaks = 0;
    for (int64_t i = 0; i < places.length(); ++i) {
      peaks += places.Value(i) == 300 || places.Value(i) == 700 ? 1 : 0;
    }
    EXPECT_EQ(peaks, 2) << static_cast<int>(method);
  }
}

TEST_F(DownsampleTest, SeriesKeepTheOrderInWhichTheyBegin) {
  const arrow::FieldVector fields = {arrow::field("x", arrow::int64()),
                                     arrow::field("y", arrow::float64()),
                                     arrow::field("s", arrow::utf8())};
  const auto rows =
      Batch(fields, {"[5, 4, 3, 2, 1]", "[1, 2, 3, 4, 5]", R"(["b", null, "a", "b", null])"});
  const auto expected =
      Batch(fields, {"[2, 5, 1, 4, 3]", "[4, 1, 5, 2, 3]", R"(["b", "b", null, null, "a"])"});
  const auto chosen = Rows(rows, {.x = "x", .y = {"y"}, .points = 10, .by = "s"});
  EXPECT_TRUE(chosen->Equals(*expected)) << chosen->ToString();
}

TEST_F(DownsampleTest, RefusesWhatMakesNoSense) {
  EXPECT_EQ(CodeFor({.x = "z", .y = {"y"}}), ErrorCode::kUnknownName);
  EXPECT_EQ(CodeFor({.x = "x", .y = {"z"}}), ErrorCode::kUnknownName);
  EXPECT_EQ(CodeFor({.x = "x", .y = {"y"}, .by = "z"}), ErrorCode::kUnknownName);
  EXPECT_EQ(CodeFor({.x = "s", .y = {"y"}}), ErrorCode::kTypeMismatch);
  EXPECT_EQ(CodeFor({.x = "x", .y = {"s"}}), ErrorCode::kTypeMismatch);
  EXPECT_EQ(CodeFor({.x = "x", .y = {}}), ErrorCode::kInvalidArgument);
  EXPECT_EQ(CodeFor({.x = "x", .y = {"y", "y"}}), ErrorCode::kInvalidArgument);
  EXPECT_EQ(CodeFor({.x = "x", .y = {"x"}}), ErrorCode::kInvalidArgument);
  EXPECT_EQ(CodeFor({.x = "x", .y = {"y"}, .points = 1}), ErrorCode::kInvalidArgument);
  EXPECT_EQ(CodeFor({.x = "x", .y = {"y"}, .points = 1'000'001}), ErrorCode::kInvalidArgument);
  EXPECT_EQ(CodeFor({.method = DownsampleMethod::kM4, .x = "x", .y = {"y"}, .points = 3}),
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(CodeOf(ParseDownsampleMethod("largest").status()), ErrorCode::kInvalidArgument);
  EXPECT_EQ(ParseDownsampleMethod("m4").ValueOrDie(), DownsampleMethod::kM4);
}

TEST_F(DownsampleTest, MemoryDependsOnThePointsAlone) {
  const int64_t rows = 300'000;
  arrow::RecordBatchVector batches;
  for (int64_t i = 0; i < rows; i += 1000) batches.push_back(testing::Numbers(i, 1000));
  for (const auto method :
       {DownsampleMethod::kMinMax, DownsampleMethod::kM4, DownsampleMethod::kMinMaxLttb}) {
    MemoryBudget small(int64_t{1} << 20);
    auto reader = Downsample(ReaderOf(batches),
                             {.method = method, .x = "a", .y = {"b"}, .points = 200}, &small)
                      .ValueOrDie();
    const auto table = reader->ToTable();
    ASSERT_TRUE(table.ok()) << table.status();
    EXPECT_LE((*table)->num_rows(), 401);
  }
  MemoryBudget small(int64_t{1} << 20);
  auto reader =
      Downsample(ReaderOf(batches),
                 {.method = DownsampleMethod::kLttb, .x = "a", .y = {"b"}, .points = 200}, &small)
          .ValueOrDie();
  EXPECT_EQ(CodeOf(reader->ToTable().status()), ErrorCode::kMemoryLimit);
  reader.reset();
  EXPECT_EQ(small.used_bytes(), 0);
}

TEST_F(DownsampleTest, AClosedReaderGivesNoMore) {
  bool closed = false;
  auto reader =
      Downsample(ReaderOf({testing::Numbers(0, 10)}, &closed), {.x = "a", .y = {"b"}}, &budget_)
          .ValueOrDie();
  ASSERT_TRUE(reader->Close().ok());
  EXPECT_TRUE(closed);
  BatchPtr batch;
  ASSERT_TRUE(reader->ReadNext(&batch).ok());
  EXPECT_EQ(batch, nullptr);
}

}  // namespace
}  // namespace headrace::shape
