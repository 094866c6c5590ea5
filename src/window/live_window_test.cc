// Rows in, rows out: what is shown, kept, counted and refused.

#include "headrace/live_window.h"

#include <arrow/api.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "headrace/error_code.h"
#include "headrace/memory_budget.h"
#include "testing/window_rows.h"

namespace headrace {
namespace {

using ::testing::ElementsAre;
using testing::Rows;

class LiveWindowRows : public ::testing::Test {
 protected:
  std::shared_ptr<LiveWindow> Make(int64_t window_size, int64_t history_rows = 256) {
    return *LiveWindow::Make(
        {.name = "w", .window_size = window_size, .history_rows = history_rows}, &budget_);
  }

  static void AppendOne(LiveWindow& window, double value) {
    ASSERT_TRUE(window.Append(Rows({{{"v", value}}})).ok());
  }

  static std::vector<double> Values(const arrow::RecordBatch& batch) {
    const auto& doubles = static_cast<const arrow::DoubleArray&>(*batch.column(0));
    return {doubles.raw_values(), doubles.raw_values() + doubles.length()};
  }

  MemoryBudget budget_{1 << 30};
};

TEST_F(LiveWindowRows, EmptyWindowHasNoRows) {
  auto window = Make(3);
  EXPECT_EQ((*window->Read())->num_rows(), 0);
  EXPECT_EQ((*window->Features({}))->num_rows(), 0);
  EXPECT_EQ(window->stats().size, 0);
  RowBatch none;
  none.Seal();
  EXPECT_EQ(window->Append(none)->appended, 0);
}

TEST_F(LiveWindowRows, KeepsTheLastRows) {
  auto window = Make(3);
  for (int i = 0; i < 5; ++i) AppendOne(*window, i + 0.5);
  EXPECT_THAT(Values(**window->Read()), ElementsAre(2.5, 3.5, 4.5));
  EXPECT_THAT(Values(**window->Read(2)), ElementsAre(3.5, 4.5));
  EXPECT_THAT(Values(**window->Read(99)), ElementsAre(2.5, 3.5, 4.5));
  const auto stats = window->stats();
  EXPECT_EQ(stats.size, 3);
  EXPECT_EQ(stats.append_count, 5);
  EXPECT_GT(stats.avg_append_ms, 0);
  EXPECT_THAT(stats.numeric_columns, ElementsAre("v"));
}

TEST_F(LiveWindowRows, AWindowOfOneRow) {
  auto window = Make(1, 0);
  for (int i = 0; i < 100; ++i) AppendOne(*window, i + 0.5);
  EXPECT_THAT(Values(**window->Read()), ElementsAre(99.5));
}

TEST_F(LiveWindowRows, TailBelowOneIsRefused) {
  auto window = Make(3);
  for (int64_t tail : {0, -1}) {
    EXPECT_EQ(CodeOf(window->Read(tail).status()), ErrorCode::kInvalidArgument);
    EXPECT_EQ(CodeOf(window->Features({}, tail).status()), ErrorCode::kInvalidArgument);
  }
}

TEST_F(LiveWindowRows, ARequestLongerThanTheWindowLeavesItsLastRows) {
  auto window = Make(3, 2);
  AppendOne(*window, 1000.5);
  RowBatch rows;
  for (int i = 0; i < 500; ++i) {
    rows.BeginRow();
    rows.Set("v", Cell::Double(i + 0.5));
  }
  rows.Seal();
  const auto result = window->Append(rows);
  EXPECT_EQ(result->appended, 500);
  EXPECT_EQ(result->buffer_size, 3);
  EXPECT_THAT(Values(**window->Read()), ElementsAre(497.5, 498.5, 499.5));
  EXPECT_EQ(window->stats().append_count, 501);
}

// Longer than any one stretch of address space, so that the rows move to a new one several times.
TEST_F(LiveWindowRows, MovesOnForever) {
  auto window = Make(10, 5);
  RowBatch rows;
  int64_t next = 0;
  for (int round = 0; round < 2500; ++round) {
    rows.Reset();
    for (int i = 0; i < 97; ++i) {
      rows.BeginRow();
      rows.Set("v", Cell::Double(static_cast<double>(next++)));
      rows.Set("s", Cell::String(next % 3 == 0 ? "fizz" : "a rather longer piece of text"));
    }
    rows.Seal();
    ASSERT_TRUE(window->Append(rows).ok());
  }
  const auto batch = *window->Read();
  ASSERT_TRUE(batch->ValidateFull().ok());
  for (int i = 0; i < 10; ++i) EXPECT_EQ(Values(*batch)[i], static_cast<double>(next - 10 + i));
  EXPECT_LT(window->stats().memory_bytes, 1 << 20);
}

TEST_F(LiveWindowRows, ReadingDoesNotCopy) {
  auto window = Make(100);
  for (int i = 0; i < 50; ++i) AppendOne(*window, i);
  const auto first = *window->Read();
  const auto second = *window->Read(10);
  const auto address = [](const arrow::RecordBatch& batch) {
    return static_cast<const arrow::DoubleArray&>(*batch.column(0)).raw_values();
  };
  EXPECT_EQ(address(*first) + 40, address(*second));
}

TEST_F(LiveWindowRows, WhatWasReadStaysAsItWas) {
  auto window = Make(4, 0);
  for (int i = 0; i < 4; ++i) AppendOne(*window, i + 0.5);
  const auto early = *window->Read();
  for (int i = 0; i < 200'000; ++i) AppendOne(*window, -1.5);
  EXPECT_THAT(Values(*early), ElementsAre(0.5, 1.5, 2.5, 3.5));
  ASSERT_TRUE(window->Clear().ok());
  EXPECT_THAT(Values(*early), ElementsAre(0.5, 1.5, 2.5, 3.5));
  window.reset();
  EXPECT_THAT(Values(*early), ElementsAre(0.5, 1.5, 2.5, 3.5));
}

TEST_F(LiveWindowRows, AReaderThatStaysDoesNotGrowTheWindow) {
  auto window = Make(1000, 0);
  for (int i = 0; i < 1000; ++i) AppendOne(*window, i);
  const auto held = *window->Read();
  for (int i = 0; i < 300'000; ++i) AppendOne(*window, i);
  EXPECT_LT(window->stats().memory_bytes, 200'000);
  EXPECT_LT(budget_.used_bytes(), 1'000'000);
  EXPECT_EQ(Values(*held)[999], 999.0);
}

TEST_F(LiveWindowRows, ClearKeepsTheSchemaAndStartsCountersAgain) {
  auto window = Make(4);
  ASSERT_TRUE(window->Append(Rows({{{"v", 1.5}, {"s", "x"}}})).ok());
  ASSERT_TRUE(window->Clear().ok());
  EXPECT_EQ(window->schema()->ToString(), "v: double\ns: string");
  EXPECT_EQ(window->stats().append_count, 0);
  EXPECT_EQ(window->stats().size, 0);
  EXPECT_EQ(CodeOf(window->Append(Rows({{{"v", "text"}}})).status()), ErrorCode::kTypeMismatch);
  AppendOne(*window, 2.5);
  EXPECT_THAT(Values(**window->Read()), ElementsAre(2.5));
}

TEST_F(LiveWindowRows, MemoryIsGivenBack) {
  auto window = Make(1000);
  for (int i = 0; i < 5000; ++i) AppendOne(*window, i);
  const auto held = *window->Read();
  EXPECT_GT(budget_.used_bytes(), 8000);
  window.reset();
  EXPECT_GT(budget_.used_bytes(), 0) << "what was read still holds it";
}

TEST(LiveWindowMemory, AllIsGivenBackInTheEnd) {
  MemoryBudget budget(1 << 30);
  {
    auto window = *LiveWindow::Make({.name = "w"}, &budget);
    ASSERT_TRUE(window->Append(Rows({{{"v", 1.5}, {"n", nullptr}, {"b", true}}})).ok());
    const auto batch = *window->Features({});
    window.reset();
    EXPECT_GT(budget.used_bytes(), 0);
  }
  EXPECT_EQ(budget.used_bytes(), 0);
}

TEST(LiveWindowMemory, AnAppendThatDoesNotFitIsRefusedWhole) {
  MemoryBudget budget(400'000);
  auto window = *LiveWindow::Make({.name = "w", .window_size = 1'000'000}, &budget);
  RowBatch rows;
  for (int i = 0; i < 1000; ++i) {
    rows.BeginRow();
    rows.Set("v", Cell::Double(i));
  }
  rows.Seal();
  int64_t taken = 0;
  Status refused;
  while (refused.ok() && taken < 1'000'000) {
    const auto result = window->Append(rows);
    refused = result.status();
    if (result.ok()) taken += 1000;
  }
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(CodeOf(refused), ErrorCode::kMemoryLimit);
  EXPECT_EQ(window->stats().size, taken);
  EXPECT_EQ((*window->Read())->num_rows(), taken);
  EXPECT_LE(budget.peak_bytes(), 400'000);
  EXPECT_GT(taken, 30'000) << "the bytes are counted, not guessed";
}

TEST(LiveWindowArrow, TakesBatchesOfManyTypes) {
  MemoryBudget budget(1 << 30);
  auto window = *LiveWindow::Make({.name = "w"}, &budget);
  const auto schema =
      arrow::schema({arrow::field("i", arrow::int32()), arrow::field("f", arrow::float32()),
                     arrow::field("s", arrow::large_utf8()),
                     arrow::field("t", arrow::timestamp(arrow::TimeUnit::SECOND)),
                     arrow::field("d", arrow::date32())});
  arrow::Int32Builder ints;
  arrow::FloatBuilder floats;
  arrow::LargeStringBuilder texts;
  arrow::TimestampBuilder times(schema->field(3)->type(), arrow::default_memory_pool());
  arrow::Date32Builder dates;
  ASSERT_TRUE(ints.AppendValues({1, 2}).ok() && ints.AppendNull().ok());
  ASSERT_TRUE(floats.AppendValues({0.5, 1.5, 2.5}).ok());
  ASSERT_TRUE(texts.AppendValues({"x", "", "z"}).ok());
  ASSERT_TRUE(times.AppendValues({0, 1, 2}).ok());
  ASSERT_TRUE(dates.AppendValues({0, 1, 2}).ok());
  const auto batch = arrow::RecordBatch::Make(
      schema, 3,
      {*ints.Finish(), *floats.Finish(), *texts.Finish(), *times.Finish(), *dates.Finish()});
  auto reader = *arrow::RecordBatchReader::Make({batch, batch->Slice(1, 1), batch->Slice(0, 0)});
  EXPECT_EQ(*window->Append(*reader), 4);
  const auto rows = *window->Read();
  EXPECT_EQ(rows->schema()->ToString(),
            "i: int64\nf: double\ns: string\nt: timestamp[ns, tz=UTC]\nd: timestamp[ns, tz=UTC]");
  EXPECT_TRUE(rows->column(0)->IsNull(2));
  EXPECT_EQ(static_cast<const arrow::StringArray&>(*rows->column(2)).GetView(3), "");
  EXPECT_EQ(static_cast<const arrow::TimestampArray&>(*rows->column(4)).Value(1),
            86'400'000'000'000);
}

TEST(LiveWindowArrow, RefusesWhatHasNoCounterpart) {
  MemoryBudget budget(1 << 30);
  auto window = *LiveWindow::Make({.name = "w"}, &budget);
  const auto refused = [&](std::shared_ptr<arrow::Array> array) {
    const auto batch = arrow::RecordBatch::Make(arrow::schema({arrow::field("x", array->type())}),
                                                array->length(), {array});
    auto reader = *arrow::RecordBatchReader::Make({batch});
    const auto result = window->Append(*reader);
    ASSERT_FALSE(result.ok()) << array->type()->ToString();
    EXPECT_EQ(CodeOf(result.status()), ErrorCode::kTypeMismatch);
    EXPECT_EQ(window->schema()->num_fields(), 0);
  };
  refused(*arrow::MakeArrayOfNull(arrow::list(arrow::int8()), 2));
  refused(*arrow::MakeArrayOfNull(arrow::decimal128(5, 2), 2));
  refused(*arrow::MakeArrayOfNull(arrow::binary(), 2));
  arrow::UInt64Builder big;
  ASSERT_TRUE(big.Append(UINT64_MAX).ok());
  refused(*big.Finish());
}

TEST(LiveWindowSource, OpensColumnsAndEnds) {
  MemoryBudget budget(1 << 30);
  auto window = *LiveWindow::Make({.name = "w"}, &budget);
  ASSERT_TRUE(window->Append(Rows({{{"a", 1}, {"b", 1.5}}, {{"a", 2}, {"b", 2.5}}})).ok());
  auto opened = *window->Open({.columns = {{"b"}}, .limit = 1, .from_end = true});
  auto batch = *opened.reader->Next();
  EXPECT_EQ(batch->num_columns(), 1);
  EXPECT_EQ(static_cast<const arrow::DoubleArray&>(*batch->column(0)).Value(0), 2.5);
  EXPECT_EQ(window->Open({.limit = 0})->reader->ToRecordBatches()->at(0)->num_rows(), 0);
  EXPECT_EQ(CodeOf(window->Open({.columns = {{"zzz"}}}).status()), ErrorCode::kUnknownName);
  EXPECT_EQ(window->statistics().num_rows, 2);
}

}  // namespace
}  // namespace headrace
