#include "codec/row_gatherer.h"

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "codec/row_bytes.h"
#include "codec/sample_batch.h"
#include "codec/written_files.h"
#include "headrace/memory_budget.h"

namespace headrace::codec {
namespace {

TEST(RowBytes, CountsWhatTheRowsTake) {
  const auto bytes = [](const std::shared_ptr<arrow::DataType>& type, const std::string& json,
                        int64_t first, int64_t rows) {
    return RowBytes(*FromJson(type, json)->data(), first, rows);
  };
  EXPECT_EQ(bytes(arrow::int32(), "[1, 2, 3]", 1, 2), 8);
  EXPECT_EQ(bytes(arrow::int32(), "[1, null, 3]", 0, 3), 13);
  EXPECT_EQ(bytes(arrow::boolean(), "[true, true, false]", 0, 3), 1);
  EXPECT_EQ(bytes(arrow::utf8(), R"(["abc", "", "defg"])", 1, 2), 12);
  EXPECT_EQ(bytes(arrow::large_utf8(), R"(["abc", "", "defg"])", 0, 3), 31);
  EXPECT_EQ(bytes(arrow::utf8_view(), R"(["abc", "a text of some length"])", 0, 2), 53);
  EXPECT_EQ(bytes(arrow::list(arrow::int64()), "[[1], [2, 3, 4]]", 1, 1), 28);
  EXPECT_EQ(bytes(arrow::fixed_size_list(arrow::int64(), 3), "[[1, 2, 3], [4, 5, 6]]", 1, 1), 24);
  EXPECT_EQ(
      bytes(arrow::struct_({arrow::field("a", arrow::int64())}), R"([{"a": 1}, {"a": 2}])", 1, 1),
      8);
  EXPECT_EQ(bytes(arrow::null(), "[null, null]", 0, 2), 0);
  EXPECT_EQ(bytes(arrow::decimal128(20, 2), R"(["1.00"])", 0, 1), 16);
  // Of slices, what they show.
  const auto slice = FromJson(arrow::list(arrow::utf8()), R"([["a"], ["bcd", "e"], []])")->Slice(1);
  EXPECT_EQ(RowBytes(*slice->data(), 0, 1), 4 + 8 + 4);
}

RC_GTEST_PROP(RowsWithin, IsTheMostThatFits, ()) {
  const auto rows = *rc::gen::inRange<int64_t>(1, 200);
  const auto first = *rc::gen::inRange<int64_t>(0, rows);
  const auto most = *rc::gen::inRange<int64_t>(1, rows - first + 1);
  const auto bytes = *rc::gen::inRange<int64_t>(0, 8000);
  const auto batch = SampleBatch(rows);
  const int64_t fits = RowsWithin(*batch, first, most, bytes);
  RC_ASSERT(fits >= 1 && fits <= most);
  RC_ASSERT(fits == 1 || RowBytes(*batch, first, fits) <= bytes);
  RC_ASSERT(fits == most || RowBytes(*batch, first, fits + 1) > bytes);
}

RC_GTEST_PROP(RowGatherer, GivesTheRowsInTheirOrder, ()) {
  const auto sizes = *rc::gen::container<std::vector<int64_t>>(rc::gen::inRange<int64_t>(0, 40));
  RowGatherer gatherer(arrow::default_memory_pool());
  arrow::RecordBatchVector batches = {SampleBatch(1)};
  RC_ASSERT(gatherer.Add(batches.front(), RowGatherer::Source::kOwned).ok());
  for (const int64_t rows : sizes) {
    batches.push_back(SampleBatch(rows + 1, static_cast<uint32_t>(rows))->Slice(1));
    RC_ASSERT(gatherer.Add(batches.back(), RowGatherer::Source::kBorrowed).ok());
  }
  const auto expected = TableOf(batches);
  RC_ASSERT(gatherer.num_rows() == expected->num_rows());
  const auto taken = gatherer.Take();
  RC_ASSERT(SameRows(*TableOf(taken), *expected));
  RC_ASSERT(gatherer.num_rows() == 0);
  RC_ASSERT(gatherer.bytes() == 0);
}

TEST(RowGatherer, ThousandsOfTinyBatchesCostLittleMoreThanTheirRows) {
  MemoryBudget budget(1 << 30);
  RowGatherer gatherer(&budget);
  const auto batch = SampleBatch(1);
  for (int i = 0; i < 5000; ++i) {
    ASSERT_TRUE(gatherer.Add(batch, RowGatherer::Source::kBorrowed).ok());
  }
  EXPECT_GE(gatherer.bytes(), budget.used_bytes() / 2);
  EXPECT_LT(gatherer.bytes(), 600'000);
  EXPECT_LT(gatherer.Take().size(), 64U);
  EXPECT_EQ(budget.used_bytes(), 0);
}

TEST(RowGatherer, HoldsCopiesAndNotTheReadersMemory) {
  MemoryBudget budget(1 << 30);
  RowGatherer gatherer(&budget);
  std::weak_ptr<arrow::RecordBatch> watched;
  std::weak_ptr<arrow::Buffer> buffer;
  {
    const auto batch = SampleBatch(100);
    watched = batch;
    buffer = batch->column_data(0)->buffers[1];
    ASSERT_TRUE(gatherer.Add(batch, RowGatherer::Source::kBorrowed).ok());
  }
  EXPECT_TRUE(watched.expired());
  EXPECT_TRUE(buffer.expired());
  EXPECT_GT(budget.used_bytes(), 0);
}

TEST(RowGatherer, ADictionaryCountsOnce) {
  const auto values = FromJson(arrow::utf8(), "[\"" + std::string(100'000, 'x') + "\"]");
  const auto batch = BatchOf(std::make_shared<arrow::DictionaryArray>(
      arrow::dictionary(arrow::int8(), arrow::utf8()), FromJson(arrow::int8(), "[0, 0]"), values));
  RowGatherer gatherer(arrow::default_memory_pool());
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(gatherer.Add(batch, RowGatherer::Source::kBorrowed).ok());
  }
  EXPECT_GT(gatherer.bytes(), 100'000);
  EXPECT_LT(gatherer.bytes(), 120'000);
}

}  // namespace
}  // namespace headrace::codec
