// What types a window gives to loosely typed rows, and what it refuses.

#include <arrow/api.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "headrace/error_code.h"
#include "headrace/live_window.h"
#include "headrace/memory_budget.h"
#include "testing/window_rows.h"

namespace headrace {
namespace {

using testing::Rows;

constexpr int64_t kTwoTo53 = int64_t{1} << 53;

class LiveWindowTypes : public ::testing::Test {
 protected:
  std::shared_ptr<LiveWindow> Make(LiveWindowOptions options = {}) {
    if (options.name.empty()) options.name = "w";
    return *LiveWindow::Make(std::move(options), &budget_);
  }

  static std::string TypeOf(const LiveWindow& window, const std::string& column) {
    return window.schema()->GetFieldByName(column)->type()->ToString();
  }

  // Refused with the code and the place, and the window as it was.
  static void ExpectRefused(LiveWindow& window, const RowBatch& rows, ErrorCode code,
                            std::vector<std::string> location) {
    const auto before = *window.Read();
    const auto stats = window.stats();
    const auto result = window.Append(rows);
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(CodeOf(result.status()), code) << result.status();
    EXPECT_THAT(LocationOf(result.status()), ::testing::ElementsAreArray(location));
    const auto after = *window.Read();
    EXPECT_TRUE(after->Equals(*before)) << after->ToString();
    EXPECT_TRUE(after->schema()->Equals(*before->schema()));
    EXPECT_EQ(window.stats().append_count, stats.append_count);
  }

  MemoryBudget budget_{1 << 30};
};

TEST_F(LiveWindowTypes, FollowTheFirstValues) {
  auto window = Make();
  ASSERT_TRUE(
      window->Append(Rows({{{"i", 1}, {"d", 1.5}, {"b", true}, {"s", "x"}, {"n", nullptr}}})).ok());
  EXPECT_EQ(window->schema()->ToString(), "i: int64\nd: double\nb: bool\ns: string\nn: null");
}

TEST_F(LiveWindowTypes, NullAdoptsTheFirstType) {
  auto window = Make();
  ASSERT_TRUE(window->Append(Rows({{{"a", nullptr}}, {{"a", nullptr}}})).ok());
  EXPECT_EQ(TypeOf(*window, "a"), "null");
  ASSERT_TRUE(window->Append(Rows({{{"a", "text"}}})).ok());
  EXPECT_EQ(TypeOf(*window, "a"), "string");
  const auto batch = *window->Read();
  EXPECT_EQ(batch->column(0)->null_count(), 2);
}

TEST_F(LiveWindowTypes, NewAndMissingKeysAreNulls) {
  auto window = Make();
  ASSERT_TRUE(window->Append(Rows({{{"a", 1}}})).ok());
  ASSERT_TRUE(window->Append(Rows({{{"b", 2}}})).ok());
  const auto batch = *window->Read();
  EXPECT_EQ(batch->schema()->ToString(), "a: int64\nb: int64");
  EXPECT_TRUE(batch->column(1)->IsNull(0));
  EXPECT_TRUE(batch->column(0)->IsNull(1));
}

TEST_F(LiveWindowTypes, AFractionMakesIntegersDouble) {
  auto window = Make();
  ASSERT_TRUE(window->Append(Rows({{{"a", 1}}, {{"a", 2}}})).ok());
  ASSERT_TRUE(window->Append(Rows({{{"a", 0.5}}, {{"a", 4}}})).ok());
  EXPECT_EQ(TypeOf(*window, "a"), "double");
  const auto batch = *window->Read();  // owns the array
  const auto& doubles = static_cast<const arrow::DoubleArray&>(*batch->column(0));
  EXPECT_THAT(std::vector<double>(doubles.raw_values(), doubles.raw_values() + 4),
              ::testing::ElementsAre(1.0, 2.0, 0.5, 4.0));
}

TEST_F(LiveWindowTypes, IntegersThatWouldChangeAreRefused) {
  auto held = Make();
  ASSERT_TRUE(held->Append(Rows({{{"a", kTwoTo53 + 1}}})).ok());
  ExpectRefused(*held, Rows({{{"a", 0.5}}}), ErrorCode::kTypeMismatch, {"data", "0", "a"});

  auto fresh = Make();
  ExpectRefused(*fresh, Rows({{{"a", kTwoTo53 + 1}}, {{"a", 0.5}}}), ErrorCode::kTypeMismatch,
                {"data", "0", "a"});
  ExpectRefused(*fresh, Rows({{{"a", 0.5}}, {{"a", kTwoTo53 + 1}}}), ErrorCode::kTypeMismatch,
                {"data", "1", "a"});
  ExpectRefused(*fresh, Rows({{{"a", 0.5}}, {{"a", INT64_MAX}}}), ErrorCode::kTypeMismatch,
                {"data", "1", "a"});
  EXPECT_TRUE(fresh->Append(Rows({{{"a", kTwoTo53}}, {{"a", 0.5}}, {{"a", INT64_MIN}}})).ok());
}

TEST_F(LiveWindowTypes, WhatDoesNotFitIsRefusedWhole) {
  auto window = Make();
  ASSERT_TRUE(window->Append(Rows({{{"n", 1}, {"d", 1.5}, {"b", true}, {"s", "x"}}})).ok());
  const auto refused = [&](const RowBatch& rows, const char* row, const char* column) {
    ExpectRefused(*window, rows, ErrorCode::kTypeMismatch, {"data", row, column});
  };
  refused(Rows({{{"n", 2}}, {{"n", "two"}}}), "1", "n");
  refused(Rows({{{"n", true}}}), "0", "n");
  refused(Rows({{{"d", "1.5"}}}), "0", "d");
  refused(Rows({{{"b", 1}}}), "0", "b");
  refused(Rows({{{"s", 1}}}), "0", "s");
  refused(Rows({{{"s", false}}}), "0", "s");
  refused(Rows({{{"new", Cell::Text(Cell::Kind::kNested, "[1]")}}}), "0", "new");
  refused(Rows({{{"n", Cell::Text(Cell::Kind::kBigInteger, "9223372036854775808")}}}), "0", "n");
  refused(Rows({{{"new", 1}}, {{"new", "x"}}}), "1", "new");
}

TEST_F(LiveWindowTypes, AFixedSchemaTakesNothingElse) {
  auto window = Make({.schema = arrow::schema(
                          {arrow::field("i", arrow::int64()), arrow::field("d", arrow::float64()),
                           arrow::field("t", arrow::timestamp(arrow::TimeUnit::MILLI))})});
  EXPECT_EQ(window->schema()->ToString(), "i: int64\nd: double\nt: timestamp[ns, tz=UTC]");
  ASSERT_TRUE(window->Append(Rows({{{"d", 3}, {"t", "2024-05-01T12:00:00.25Z"}}})).ok());
  const auto batch = *window->Read();
  EXPECT_EQ(static_cast<const arrow::TimestampArray&>(*batch->column(2)).Value(0),
            1714564800250000000);
  ExpectRefused(*window, Rows({{{"i", 1.5}}}), ErrorCode::kTypeMismatch, {"data", "0", "i"});
  ExpectRefused(*window, Rows({{{"x", 1}}}), ErrorCode::kTypeMismatch, {"data", "0", "x"});
  ExpectRefused(*window, Rows({{{"t", "yesterday"}}}), ErrorCode::kTypeMismatch,
                {"data", "0", "t"});
  ExpectRefused(*window, Rows({{{"t", 5}}}), ErrorCode::kTypeMismatch, {"data", "0", "t"});
}

TEST_F(LiveWindowTypes, TimestampsTakeOffsets) {
  auto window = Make({.schema = arrow::schema({arrow::field(
                          "t", arrow::timestamp(arrow::TimeUnit::NANO, "Europe/Paris"))})});
  ASSERT_TRUE(window
                  ->Append(Rows({{{"t", "1970-01-01T01:00:00+01:00"}},
                                 {{"t", "1970-01-01 00:00:01"}},
                                 {{"t", "1970-01-02"}}}))
                  .ok());
  const auto batch = *window->Read();  // owns the array
  const auto& times = static_cast<const arrow::TimestampArray&>(*batch->column(0));
  EXPECT_EQ(times.Value(0), 0);
  EXPECT_EQ(times.Value(1), 1'000'000'000);
  EXPECT_EQ(times.Value(2), 86'400'000'000'000);
}

TEST_F(LiveWindowTypes, LimitsAreTyped) {
  auto window = Make({.max_columns = 2, .max_string_bytes = 4});
  ASSERT_TRUE(window->Append(Rows({{{"a", 1}}})).ok());
  ExpectRefused(*window, Rows({{{"b", 1}, {"c", 1}}}), ErrorCode::kTooLarge, {"data", "0", "c"});
  ExpectRefused(*window, Rows({{{"b", "12345"}}}), ErrorCode::kTooLarge, {"data", "0", "b"});
  ExpectRefused(*window, Rows({{{"", 1}}}), ErrorCode::kInvalidArgument, {"data", "0", ""});
}

TEST_F(LiveWindowTypes, OptionsAreChecked) {
  const auto refused = [&](LiveWindowOptions options, const char* field) {
    const auto made = LiveWindow::Make(std::move(options), &budget_);
    ASSERT_FALSE(made.ok()) << field;
    EXPECT_EQ(CodeOf(made.status()), ErrorCode::kInvalidArgument);
    EXPECT_EQ(LocationOf(made.status())[0], field);
  };
  refused({.name = "a b"}, "buffer_id");
  refused({.name = "a", .window_size = 0}, "window_size");
  refused({.name = "a", .history_rows = -1}, "history_rows");
  refused({.name = "a", .schema = arrow::schema(arrow::FieldVector{})}, "schema");
  refused({.name = "a", .schema = arrow::schema({arrow::field("x", arrow::list(arrow::int8()))})},
          "schema");
  refused({.name = "a",
           .schema = arrow::schema(
               {arrow::field("x", arrow::int64()), arrow::field("x", arrow::int64())})},
          "schema");
}

// Batch and single appends give the same data: random rows of random cells, split anywhere.
RC_GTEST_FIXTURE_PROP(LiveWindowTypes, SplitsDoNotMatter, ()) {
  const auto rows = *rc::gen::container<std::vector<std::vector<int>>>(
      rc::gen::container<std::vector<int>>(3, rc::gen::inRange(0, 4)));
  const char* names[] = {"a", "b", "c"};
  const auto fill = [&](RowBatch& batch, const std::vector<int>& row, int seed) {
    batch.BeginRow();
    for (int c = 0; c < 3; ++c) {
      if (row[c] == 0) continue;
      if (row[c] == 1) batch.Set(names[c], Cell::Null());
      if (row[c] == 2) batch.Set(names[c], c == 2 ? Cell::String("s") : Cell::Int64(seed));
      if (row[c] == 3)
        batch.Set(names[c], c == 2 ? Cell::String("longer text") : Cell::Double(seed + 0.5));
    }
  };
  auto whole = Make({.window_size = 7});
  auto parts = Make({.window_size = 7});
  RowBatch all;
  RowBatch part;
  for (size_t i = 0; i < rows.size(); ++i) {
    fill(all, rows[i], static_cast<int>(i));
    part.Reset();
    fill(part, rows[i], static_cast<int>(i));
    part.Seal();
    RC_ASSERT(parts->Append(part).ok());
  }
  all.Seal();
  RC_ASSERT(whole->Append(all).ok());
  // The order of columns may differ where rows leave keys out: compare by name.
  const auto a = *whole->Read();
  const auto b = *parts->Read();
  RC_ASSERT(a->num_columns() == b->num_columns());
  for (const auto& field : a->schema()->fields()) {
    const auto left = a->GetColumnByName(field->name());
    const auto right = b->GetColumnByName(field->name());
    RC_ASSERT(right != nullptr);
    RC_ASSERT(left->Equals(*right));
  }
}

}  // namespace
}  // namespace headrace
