#include "shape/order_by.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

#include <arrow/api.h>
#include <arrow/compute/api.h>
#include <arrow/json/from_string.h>
#include <gtest/gtest.h>

#include "headrace/error_code.h"
#include "headrace/memory_budget.h"
#include "testing/batches.h"

namespace headrace::shape {
namespace {

using arrow::json::ArrayFromJSONString;
using testing::FirstColumn;
using testing::Numbers;
using testing::ReaderOf;
using Keys = std::vector<expr::OrderKey>;
using Rows = std::vector<int64_t>;

struct Row {
  int64_t number;
  std::optional<double> real;
  std::optional<std::string> text;
};

// -1, 0 or 1; NaN and then null last in either direction.
int Compare(const std::optional<double>& a, const std::optional<double>& b, bool descending) {
  const auto rank = [](const auto& value) { return !value ? 2 : std::isnan(*value) ? 1 : 0; };
  if (rank(a) != rank(b)) return rank(a) < rank(b) ? -1 : 1;
  if (rank(a) != 0 || *a == *b) return 0;
  return (*a < *b) != descending ? -1 : 1;
}
int Compare(const std::optional<std::string>& a, const std::optional<std::string>& b,
            bool descending) {
  if (!a || !b) return a.has_value() == b.has_value() ? 0 : a ? -1 : 1;
  if (*a == *b) return 0;
  return (*a < *b) != descending ? -1 : 1;
}

class RandomRows {
 public:
  explicit RandomRows(uint32_t seed) : random_(seed) {
    const int64_t count = Below(3) == 0 ? Below(30) : Below(3000);
    const int64_t values = 1 + Below(100);
    arrow::Int64Builder numbers;
    arrow::DoubleBuilder reals;
    arrow::StringBuilder texts;
    for (int64_t i = 0; i < count; ++i) {
      Row row{.number = i};
      row.real = static_cast<double>(Below(values)) - 5;
      if (Below(10) == 0) row.real = std::nan("");
      if (Below(10) == 0) row.real = std::nullopt;
      row.text = std::string(static_cast<size_t>(Below(3)), 'a') + std::to_string(Below(values));
      if (Below(10) == 0) row.text = std::nullopt;
      rows.push_back(row);
      EXPECT_TRUE(numbers.Append(i).ok() && reals.AppendOrNull(row.real).ok() &&
                  texts.AppendOrNull(row.text).ok());
    }
    encode_ = Below(2) == 0;
    all_ = arrow::RecordBatch::Make(
        arrow::schema({arrow::field("n", arrow::int64()), arrow::field("r", arrow::float64()),
                       arrow::field("t", arrow::utf8())}),
        count,
        {numbers.Finish().ValueOrDie(), reals.Finish().ValueOrDie(), texts.Finish().ValueOrDie()});
  }

  int64_t Below(int64_t end) { return std::uniform_int_distribution<int64_t>(0, end - 1)(random_); }

  // Sometimes with texts by dictionary, each batch with its own.
  arrow::RecordBatchVector Batches() {
    arrow::RecordBatchVector batches = {all_->Slice(0, 0)};
    const int64_t most = 1 + Below(500);
    for (int64_t row = 0; row < all_->num_rows();) {
      const int64_t count = 1 + Below(most);
      batches.push_back(all_->Slice(row, count));
      row += count;
    }
    if (!encode_) return batches;
    for (auto& batch : batches) {
      const auto encoded = arrow::compute::DictionaryEncode(batch->column(2)).ValueOrDie();
      batch =
          batch->SetColumn(2, arrow::field("t", encoded.type()), encoded.make_array()).ValueOrDie();
    }
    return batches;
  }

  Rows Expected(const Keys& keys, std::optional<int64_t> limit) const {
    std::vector<Row> sorted = rows;
    std::stable_sort(sorted.begin(), sorted.end(), [&](const Row& a, const Row& b) {
      for (const auto& key : keys) {
        const int order = key.column == "r" ? Compare(a.real, b.real, key.descending)
                                            : Compare(a.text, b.text, key.descending);
        if (order != 0) return order < 0;
      }
      return false;
    });
    Rows numbers;
    for (const Row& row : sorted) numbers.push_back(row.number);
    if (limit) numbers.resize(std::min(numbers.size(), static_cast<size_t>(*limit)));
    return numbers;
  }

  std::vector<Row> rows;

 private:
  std::mt19937_64 random_;
  bool encode_ = false;
  std::shared_ptr<arrow::RecordBatch> all_;
};

TEST(OrderBy, IsThatOfAStableSort) {
  const uint32_t first = std::random_device()();
  RecordProperty("first_seed", std::to_string(first));
  for (uint32_t seed = first; seed != first + 300; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    RandomRows random(seed);
    MemoryBudget budget(int64_t{1} << 30);
    Keys keys = {{"r", random.Below(2) == 0}, {"t", random.Below(2) == 0}};
    if (random.Below(2) == 0) std::swap(keys[0], keys[1]);
    if (random.Below(3) == 0) keys.pop_back();
    std::optional<int64_t> limit;
    if (random.Below(2) == 0) limit = random.Below(random.Below(2) == 0 ? 20 : 4000);
    auto reader = OrderBy(ReaderOf(random.Batches()), keys, &budget, {.limit = limit}).ValueOrDie();
    const auto table = reader->ToTable();
    ASSERT_TRUE(table.ok()) << table.status();
    ASSERT_TRUE((*table)->ValidateFull().ok());
    ASSERT_EQ(FirstColumn(**table), random.Expected(keys, limit));
  }
}

// More rows than are merged at a time, so that the bound of the first key is at work.
TEST(OrderBy, FindsTheFirstOfMany) {
  MemoryBudget budget(int64_t{4} << 20);
  for (const bool descending : {false, true}) {
    arrow::RecordBatchVector batches;
    for (int64_t i = 0; i < 400'000; i += 4000) {
      batches.push_back(Numbers(descending ? i : 396'000 - i, 4000));
    }
    auto reader =
        OrderBy(ReaderOf(batches), {{"b", descending}, {"a", true}}, &budget, {.limit = 3})
            .ValueOrDie();
    EXPECT_EQ(FirstColumn(*reader->ToTable().ValueOrDie()),
              descending ? (Rows{399'998, 399'997, 399'995}) : (Rows{1, 2, 4}));
  }
}

TEST(OrderBy, TypesThatHaveAnOrder) {
  MemoryBudget budget(int64_t{1} << 30);
  const std::vector<std::pair<std::shared_ptr<arrow::DataType>, std::string>> columns = {
      {arrow::boolean(), "[true, null, false]"},
      {arrow::int8(), "[3, null, -3]"},
      {arrow::uint64(), "[18446744073709551615, null, 0]"},
      {arrow::float16(), "[1.5, null, -1]"},
      {arrow::date32(), "[7, null, -7]"},
      {arrow::time64(arrow::TimeUnit::NANO), "[7, null, 1]"},
      {arrow::timestamp(arrow::TimeUnit::NANO, "Asia/Kathmandu"), "[7, null, -7]"},
      {arrow::duration(arrow::TimeUnit::SECOND), "[7, null, -7]"},
      {arrow::decimal32(5, 2), R"(["1.25", null, "-9.00"])"},
      {arrow::decimal128(20, 2), R"(["1.25", null, "-9.00"])"},
      {arrow::decimal256(50, 2), R"(["1.25", null, "-9.00"])"},
      {arrow::utf8_view(), R"(["b", null, "a"])"},
      {arrow::large_binary(), R"(["b", null, "a"])"},
      {arrow::binary_view(), R"(["b", null, "a"])"},
      {arrow::fixed_size_binary(1), R"(["b", null, "a"])"}};
  for (const auto& [type, json] : columns) {
    const auto batch = arrow::RecordBatch::Make(
        arrow::schema({arrow::field("n", arrow::int64()), arrow::field("c", type)}), 3,
        {ArrayFromJSONString(arrow::int64(), "[0, 1, 2]").ValueOrDie(),
         ArrayFromJSONString(type, json).ValueOrDie()});
    for (const auto limit : {std::optional<int64_t>(), std::optional<int64_t>(2)}) {
      const auto rows = [&](bool descending) {
        auto reader = OrderBy(ReaderOf({batch}), {{"c", descending}}, &budget, {.limit = limit});
        EXPECT_TRUE(reader.ok()) << reader.status();
        auto table = (*reader)->ToTable();
        EXPECT_TRUE(table.ok()) << type->ToString() << table.status();
        return table.ok() ? FirstColumn(**table) : Rows();
      };
      EXPECT_EQ(rows(false), limit ? (Rows{2, 0}) : (Rows{2, 0, 1})) << type->ToString();
      EXPECT_EQ(rows(true), limit ? (Rows{0, 2}) : (Rows{0, 2, 1})) << type->ToString();
    }
  }
}

TEST(OrderBy, WhatDoesNotFitIsRefusedWithItsSize) {
  arrow::RecordBatchVector batches;
  for (int64_t i = 0; i < 400'000; i += 4000) batches.push_back(Numbers(i, 4000));
  MemoryBudget small(int64_t{2} << 20);
  auto reader =
      OrderBy(ReaderOf(batches), {{"b", false}}, &small, {.num_rows = 400'000}).ValueOrDie();
  const Status refused = reader->ToTable().status();
  EXPECT_EQ(CodeOf(refused), ErrorCode::kMemoryLimit);
  EXPECT_NE(refused.message().find("would be needed"), std::string::npos);
  reader.reset();
  EXPECT_EQ(small.used_bytes(), 0);
}

TEST(OrderBy, RefusesWhatMakesNoSense) {
  MemoryBudget budget(int64_t{1} << 30);
  const auto code = [&](const Keys& keys, std::optional<int64_t> limit = {}) {
    return CodeOf(OrderBy(ReaderOf({Numbers(0, 3)}), keys, &budget, {.limit = limit}).status());
  };
  EXPECT_EQ(code({}), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code({{"z"}}), ErrorCode::kUnknownName);
  EXPECT_EQ(code({{"a"}}, -1), ErrorCode::kInvalidArgument);
  const auto nested = arrow::RecordBatch::Make(
      arrow::schema({arrow::field("l", arrow::list(arrow::int8()))}), 1,
      {ArrayFromJSONString(arrow::list(arrow::int8()), "[[1]]").ValueOrDie()});
  EXPECT_EQ(CodeOf(OrderBy(ReaderOf({nested}), {{"l"}}, &budget).status()),
            ErrorCode::kTypeMismatch);
}

}  // namespace
}  // namespace headrace::shape
