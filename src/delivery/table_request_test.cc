#include "delivery/table_request.h"

#include <algorithm>

#include <arrow/api.h>
#include <arrow/compute/expression.h>
#include <gtest/gtest.h>

#include "expr/filter.h"
#include "headrace/error_code.h"
#include "headrace/live_window.h"
#include "headrace/memory_budget.h"
#include "headrace/scan.h"
#include "testing/batches.h"
#include "testing/parquet_files.h"
#include "testing/temporary_folder.h"

namespace headrace::delivery {
namespace {

using testing::FirstColumn;
using testing::Numbers;
using testing::ReaderOf;

/// A hundred rows in batches of ten that applies what it is told to.
class ListSource final : public Source {
 public:
  struct Applies {
    bool columns, limit;
  };
  explicit ListSource(Applies applies) : applies_(applies) {}
  std::shared_ptr<arrow::Schema> schema() const override { return Numbers(0, 1)->schema(); }
  SourceStatistics statistics() const override { return {}; }
  Result<OpenedSource> Open(const ReadRequest& request) override {
    arrow::RecordBatchVector batches;
    int64_t left = applies_.limit && request.limit ? *request.limit : 100;
    for (int64_t i = 0; i < 100; i += 10) {
      auto batch = Numbers(i, std::min<int64_t>(10, left));
      left -= batch->num_rows();
      if (applies_.columns && request.columns) {
        std::vector<int> places;
        for (const auto& name : *request.columns) {
          places.push_back(batch->schema()->GetFieldIndex(name));
        }
        ARROW_ASSIGN_OR_RAISE(batch, batch->SelectColumns(places));
      }
      batches.push_back(std::move(batch));
    }
    return OpenedSource{.reader = ReaderOf(std::move(batches)),
                        .columns_applied = applies_.columns,
                        .limit_applied = applies_.limit};
  }

 private:
  const Applies applies_;
};

class TableRequestTest : public ::testing::Test {
 protected:
  // The same hundred rows in sources that apply all, nothing, and something of a request.
  TableRequestTest() {
    arrow::RecordBatchVector batches;
    for (int64_t i = 0; i < 100; i += 10) batches.push_back(Numbers(i, 10));
    const auto table = arrow::Table::FromRecordBatches(batches).ValueOrDie();
    folder_.Write("t.parquet", *testing::WriteParquet(*table, 30));
    sources_.push_back(Scan::Open({.paths = {folder_.path()}}, &budget_).ValueOrDie());
    auto window = LiveWindow::Make({.name = "w", .window_size = 1000}, &budget_).ValueOrDie();
    EXPECT_EQ(window->Append(*ReaderOf(batches)).ValueOrDie(), 100);
    sources_.push_back(std::move(window));
    for (const bool columns : {false, true}) {
      for (const bool limit : {false, true}) {
        sources_.push_back(std::make_shared<ListSource>(ListSource::Applies{columns, limit}));
      }
    }
  }

  void ExpectAll(const TableRequest& request, const std::vector<std::string>& columns,
                 const std::vector<int64_t>& first) {
    for (size_t i = 0; i < sources_.size(); ++i) {
      SCOPED_TRACE("source " + std::to_string(i));
      auto reader = OpenTable(*sources_[i], request, &budget_);
      ASSERT_TRUE(reader.ok()) << reader.status();
      const auto table = (*reader)->ToTable().ValueOrDie();
      EXPECT_EQ(table->schema()->field_names(), columns);
      EXPECT_EQ(FirstColumn(*table), first);
    }
  }

  testing::TemporaryFolder folder_;
  MemoryBudget budget_{int64_t{1} << 30};
  std::vector<std::shared_ptr<Source>> sources_;
};

TEST_F(TableRequestTest, EverySourceGivesTheSameRows) {
  ExpectAll({.filter = "a >= 95"}, {"a", "b"}, {95, 96, 97, 98, 99});
  ExpectAll({.offset = 8, .limit = 4}, {"a", "b"}, {8, 9, 10, 11});
  ExpectAll({.offset = 98}, {"a", "b"}, {98, 99});
  ExpectAll({.limit = 0}, {"a", "b"}, {});
  ExpectAll({.filter = "b > 20 and a % 2 = 0", .offset = 1, .limit = 3, .columns = {{"a"}}}, {"a"},
            {46, 50, 52});
  ExpectAll({.filter = "b is null", .limit = 2, .columns = {{"a"}}}, {"a"}, {0, 3});
  ExpectAll({.filter = "a < 3", .columns = {{"a", "b"}}}, {"a", "b"}, {0, 1, 2});
}

TEST_F(TableRequestTest, EverySourceGivesTheSameGroups) {
  ExpectAll({.aggregates = "sum(a), count(b)"}, {"sum(a)", "count(b)"}, {4950});
  ExpectAll({.filter = "a < 10", .aggregates = "count(*) as n"}, {"n"}, {10});
  ExpectAll({.filter = "b < 3", .group_by = {"a"}}, {"a"}, {1, 2, 4, 5});
  ExpectAll({.filter = "a % 2 = 0",
             .group_by = {"a"},
             .aggregates = "max(b) as top",
             .offset = 1,
             .limit = 3,
             .columns = {{"a"}}},
            {"a"}, {2, 4, 6});
  ExpectAll({.aggregates = "last(a), first(a)"}, {"last(a)", "first(a)"}, {99});
}

TEST_F(TableRequestTest, EverySourceGivesTheSameOrder) {
  ExpectAll({.order_by = "-a", .limit = 3}, {"a", "b"}, {99, 98, 97});
  ExpectAll({.order_by = "-b, a", .offset = 1, .limit = 2, .columns = {{"a"}}}, {"a"}, {97, 95});
  ExpectAll({.filter = "a < 10", .order_by = "b", .columns = {{"a"}}}, {"a"},
            {1, 2, 4, 5, 7, 8, 0, 3, 6, 9});
  ExpectAll({.filter = "a < 10", .order_by = "b desc", .offset = 7}, {"a", "b"}, {3, 6, 9});
  ExpectAll({.group_by = {"a"}, .aggregates = "count(b) as n", .order_by = "n, -a", .limit = 2},
            {"a", "n"}, {99, 96});
  ExpectAll({.order_by = "a", .limit = 0}, {"a", "b"}, {});
}

TEST_F(TableRequestTest, EverySourceGivesTheSameChart) {
  const DownsampleRequest chart = {.method = "minmax", .x = "a", .y = {"b"}, .points = 4};
  DownsampleRequest part = chart;
  part.from = "10";
  part.to = "20";
  // Values of 10 to 14 and of 16 to 19, with the gap of each third row between them.
  const std::vector<int64_t> expected = {10, 12, 14, 15, 16, 18, 19};
  ExpectAll({.downsample = part}, {"a", "b"}, expected);
  ExpectAll({.filter = "a < 90", .downsample = part, .columns = {{"a"}}}, {"a"}, expected);
  ExpectAll({.limit = 20, .downsample = part}, {"a", "b"}, expected);
  ExpectAll({.order_by = "-a", .limit = 90, .downsample = part}, {"a", "b"}, expected);
  ExpectAll(
      {.group_by = {"a"},
       .aggregates = "max(b) as top",
       .downsample =
           {.method = "minmax", .x = "a", .y = {"top"}, .points = 4, .from = "10", .to = "20"}},
      {"a", "top"}, expected);
  part.points = 1000;
  ExpectAll({.offset = 5, .limit = 10, .downsample = part}, {"a", "b"}, {10, 11, 12, 13, 14});
}

TEST_F(TableRequestTest, EverySourceGivesTheSameSample) {
  const auto first = [&](const TableRequest& request) {
    return FirstColumn(
        *OpenTable(*sources_[0], request, &budget_).ValueOrDie()->ToTable().ValueOrDie());
  };
  for (const SampleRequest& sample :
       {SampleRequest{.rows = 7, .seed = 3}, SampleRequest{.fraction = 0.2},
        SampleRequest{.rows = 1, .stratify = "b"},
        SampleRequest{.fraction = 0.5, .stratify = "a"}}) {
    const auto expected = first({.filter = "a >= 20", .sample = sample});
    EXPECT_GT(expected.size(), 0U);
    ExpectAll({.filter = "a >= 20", .sample = sample}, {"a", "b"}, expected);
    ExpectAll({.filter = "a >= 20", .sample = sample, .columns = {{"a"}}}, {"a"}, expected);
  }
  EXPECT_EQ(first({.limit = 5, .sample = {.rows = 7}}).size(), 5U);
}

TEST_F(TableRequestTest, ARangeIsPushedDown) {
  const DownsampleRequest chart = {
      .method = "lttb", .x = "a", .y = {"b"}, .from = "10", .to = "20"};
  const arrow::Schema schema(Numbers(0, 1)->schema()->fields());
  const auto pushed = PushDown({.filter = "b > 1", .downsample = chart}, schema).ValueOrDie();
  EXPECT_EQ(expr::ToText(*pushed.filter).ValueOrDie(),
            expr::ToText(expr::ParseFilter("b > 1 and (a >= 10 and a < 20)", schema).ValueOrDie())
                .ValueOrDie());
  EXPECT_EQ(pushed.columns, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(PushDown({.limit = 5, .downsample = chart}, schema).ValueOrDie().filter, nullptr);
  EXPECT_EQ(PushDown({.order_by = "-b", .limit = 5, .columns = {{"a"}}}, schema).ValueOrDie().limit,
            std::nullopt);
}

TEST_F(TableRequestTest, TwoFiltersBothHold) {
  for (const auto& source : sources_) {
    const auto bound = std::make_shared<const arrow::compute::Expression>(
        expr::ParseFilter("a > 90", *source->schema()).ValueOrDie());
    auto reader = OpenTable(*source, {.filter = "a < 93", .bound_filter = bound}, &budget_);
    EXPECT_EQ(FirstColumn(*reader.ValueOrDie()->ToTable().ValueOrDie()),
              (std::vector<int64_t>{91, 92}));
  }
}

TEST_F(TableRequestTest, RefusesWhatMakesNoSense) {
  const auto code = [&](const TableRequest& request) {
    const ErrorCode first = CodeOf(OpenTable(*sources_[0], request, &budget_).status());
    for (const auto& source : sources_) {
      if (std::dynamic_pointer_cast<ListSource>(source) != nullptr) continue;
      EXPECT_EQ(CodeOf(OpenTable(*source, request, &budget_).status()), first);
    }
    return first;
  };
  EXPECT_EQ(code({.filter = "a >"}), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code({.filter = "c > 1"}), ErrorCode::kUnknownName);
  EXPECT_EQ(code({.filter = "a > 'x'"}), ErrorCode::kTypeMismatch);
  EXPECT_EQ(code({.columns = {{"c"}}}), ErrorCode::kUnknownName);
  EXPECT_EQ(code({.limit = -1}), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code({.offset = -1}), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code({.group_by = {"c"}}), ErrorCode::kUnknownName);
  EXPECT_EQ(code({.group_by = {"a", "a"}}), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code({.aggregates = "mean(c)"}), ErrorCode::kUnknownName);
  EXPECT_EQ(code({.aggregates = "mean(a"}), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code({.group_by = {"a"}, .columns = {{"b"}}}), ErrorCode::kUnknownName);
  EXPECT_EQ(code({.order_by = "c"}), ErrorCode::kUnknownName);
  EXPECT_EQ(code({.order_by = "-a,"}), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code({.sample = {.rows = -1}}), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code({.sample = {.seed = 1}}), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code({.sample = {.rows = 1, .stratify = "c"}}), ErrorCode::kUnknownName);
  const DownsampleRequest chart = {.method = "m4", .x = "a", .y = {"b"}};
  EXPECT_EQ(code({.downsample = {.method = "m5", .x = "a", .y = {"b"}}}),
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(code({.downsample = {.method = "m4", .x = "c", .y = {"b"}}}), ErrorCode::kUnknownName);
  EXPECT_EQ(code({.order_by = "a", .downsample = chart}), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code({.sample = {.rows = 1}, .downsample = chart}), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code({.downsample = chart, .columns = {{"c"}}}), ErrorCode::kUnknownName);
}

}  // namespace
}  // namespace headrace::delivery
