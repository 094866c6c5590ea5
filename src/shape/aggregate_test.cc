#include "shape/aggregate.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cmath>
#include <limits>
#include <random>
#include <regex>
#include <thread>

#include <arrow/api.h>
#include <arrow/json/from_string.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "headrace/error_code.h"
#include "headrace/memory_budget.h"
#include "testing/batches.h"

namespace headrace::shape {
namespace {

using arrow::json::ArrayFromJSONString;
using Wanted = expr::Aggregate;
using expr::AggregateKind;
using testing::ReaderOf;
using ReaderPtr = std::shared_ptr<arrow::RecordBatchReader>;
using TablePtr = std::shared_ptr<arrow::Table>;

const arrow::EqualOptions kToTheBit =
    arrow::EqualOptions::Defaults().nans_equal(true).signed_zeros_equal(false);

std::shared_ptr<arrow::RecordBatch> Rows(const arrow::FieldVector& fields,
                                         const std::string& json) {
  return arrow::RecordBatch::FromStructArray(
             ArrayFromJSONString(arrow::struct_(fields), json).ValueOrDie())
      .ValueOrDie();
}

Result<TablePtr> Answer(std::vector<ReaderPtr> readers, const AggregatePlan& plan,
                        arrow::MemoryPool* pool = arrow::default_memory_pool(),
                        const AggregateOptions& options = {}) {
  ARROW_ASSIGN_OR_RAISE(const auto reader, Aggregate(std::move(readers), plan, pool, options));
  ARROW_ASSIGN_OR_RAISE(auto table, reader->ToTable());
  ARROW_RETURN_NOT_OK(table->ValidateFull());
  return table;
}

AggregatePlan Plan(std::vector<std::string> keys, const std::string& aggregates,
                   const arrow::Schema& schema) {
  return {std::move(keys), expr::ParseAggregates(aggregates, schema).ValueOrDie()};
}

// Expects one batch of the rows that `json` has.
void ExpectRows(const arrow::FieldVector& fields, const std::string& json,
                const std::vector<std::string>& keys, const std::string& aggregates,
                const std::string& expected) {
  const auto batch = Rows(fields, json);
  const auto table = Answer({ReaderOf({batch})}, Plan(keys, aggregates, *batch->schema()));
  ASSERT_TRUE(table.ok()) << table.status();
  const auto rows = Rows((*table)->schema()->fields(), expected);
  EXPECT_TRUE(arrow::Table::FromRecordBatches({rows}).ValueOrDie()->Equals(**table, kToTheBit))
      << (*table)->ToString();
}

const arrow::FieldVector kPairs = {arrow::field("k", arrow::utf8()),
                                   arrow::field("v", arrow::float64())};

TEST(Aggregate, AnswersForEachGroup) {
  ExpectRows(kPairs, R"([["b", 1], ["a", 2], [null, 4], ["b", 4], ["a", null], ["c", null]])",
             {"k"}, "count(*) as n, count(v), sum(v), mean(v), min(v), max(v), first(v), last(v)",
             R"([["a", 2, 1, 2, 2, 2, 2, 2, null], ["b", 2, 2, 5, 2.5, 1, 4, 1, 4],
                 ["c", 1, 0, null, null, null, null, null, null],
                 [null, 1, 1, 4, 4, 4, 4, 4, 4]])");
  ExpectRows(kPairs, R"([["b", 1], ["a", 2], ["b", 4], ["a", 3], ["b", 4]])", {"k"},
             "var(v), std(v), median(v), quantile(v, 0.25), count_distinct(v)",
             R"([["a", 0.5, 0.7071067811865476, 2.5, 2.25, 2],
                 ["b", 3, 1.7320508075688772, 4, 2.5, 2]])");
}

TEST(Aggregate, SpecialNumbersAsTheyAre) {
  ExpectRows(kPairs, R"([["a", Inf], ["a", 1], ["b", Inf], ["b", -Inf], ["c", NaN], ["c", 1]])",
             {"k"}, "sum(v), mean(v), std(v), min(v), max(v), median(v)",
             R"([["a", Inf, Inf, NaN, 1, Inf, Inf], ["b", NaN, NaN, NaN, -Inf, Inf, NaN],
                 ["c", NaN, NaN, NaN, NaN, NaN, NaN]])");
  ExpectRows(kPairs, R"([["a", 0.0], ["a", -0.0], ["a", 0.0]])", {}, "min(v), max(v), sum(v)",
             R"([[-0.0, 0.0, 0.0]])");
  // As keys: one NaN, one zero; NaN and then null last.
  ExpectRows({arrow::field("v", arrow::float64())},
             R"([[NaN], [1], [null], [-0.0], [NaN], [0.0], [-Inf]])", {"v"}, "count(*) as n",
             R"([[-Inf, 1], [0.0, 2], [1, 1], [NaN, 2], [null, 1]])");
}

TEST(Aggregate, NoRowsAndOneRow) {
  const std::string all =
      "count(*) as n, count(v), count_distinct(v), sum(v), mean(v), std(v), "
      "min(v), max(v), first(v), last(v), median(v)";
  ExpectRows(kPairs, "[]", {}, all, "[[0, 0, 0, null, null, null, null, null, null, null, null]]");
  ExpectRows(kPairs, "[]", {"k"}, all, "[]");
  ExpectRows(kPairs, R"([["a", 2]])", {}, all, "[[1, 1, 1, 2, 2, null, 2, 2, 2, 2, 2]]");
  ExpectRows(kPairs, R"([["a", 2], ["b", 3], ["a", 2]])", {"k", "v"}, "count(*) as n",
             R"([["a", 2, 2], ["b", 3, 1]])");
}

TEST(Aggregate, SumsAreExact) {
  ExpectRows(kPairs, R"([["a", 1e300], ["a", 1], ["a", -1e300], ["a", 1e-300]])", {}, "sum(v)",
             "[[1]]");
  ExpectRows(kPairs, R"([["a", 1000000000000000], ["a", 1000000000000001],
                         ["a", 1000000000000002]])",
             {}, "var(v)", "[[1]]");
  ExpectRows(kPairs, R"([["a", 1.7e308], ["a", 1.7e308]])", {}, "mean(v)", "[[1.7e308]]");
}

// Of any size and sign, each with its opposite, in any order: what is left is what has none.
TEST(Aggregate, OppositesOfAnySizeCancel) {
  const uint32_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  std::vector<double> values;
  for (int i = 0; i < 5000; ++i) {
    const double value = std::bit_cast<double>(random());
    if (std::isfinite(value)) values.insert(values.end(), {value, -value});
  }
  values.push_back(5e-324);
  std::shuffle(values.begin(), values.end(), random);
  const auto column = std::make_shared<arrow::DoubleArray>(static_cast<int64_t>(values.size()),
                                                           arrow::Buffer::Wrap(values));
  const auto batch = arrow::RecordBatch::Make(arrow::schema({arrow::field("v", arrow::float64())}),
                                              column->length(), {column});
  for (const std::string aggregates : {"sum(v)", "sum(v), std(v)"}) {
    const auto table = Answer({ReaderOf({batch->Slice(0, 2000)}), ReaderOf({batch->Slice(2000)})},
                              Plan({}, aggregates, *batch->schema()))
                           .ValueOrDie();
    const auto sum = table->column(0)->GetScalar(0).ValueOrDie();
    EXPECT_EQ(static_cast<const arrow::DoubleScalar&>(*sum).value, 5e-324);
  }
}

TEST(Aggregate, IntegerSumsThatDoNotFitAreRefused) {
  const arrow::FieldVector fields = {arrow::field("i", arrow::int64()),
                                     arrow::field("u", arrow::uint64()),
                                     arrow::field("d", arrow::decimal128(38, 0))};
  const std::string most_i = "9223372036854775807";
  const std::string most_u = "18446744073709551615";
  const std::string most_d = "\"" + std::string(38, '9') + "\"";
  const auto code = [&](const std::string& json, const std::string& aggregates) {
    const auto batch = Rows(fields, json);
    return CodeOf(Answer({ReaderOf({batch})}, Plan({}, aggregates, *batch->schema())).status());
  };
  const std::string two = fmt::format("[[{}, {}, {}], [1, 1, \"1\"]]", most_i, most_u, most_d);
  EXPECT_EQ(code(two, "sum(i)"), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code(two, "sum(u)"), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code(two, "sum(d)"), ErrorCode::kInvalidArgument);
  // On the way it may be out of range.
  ExpectRows(fields, fmt::format("[[{0}, 0, {1}], [1, 0, \"1\"], [-1, 0, \"-1\"]]", most_i, most_d),
             {}, "sum(i), sum(u), sum(d)", fmt::format("[[{}, 0, {}]]", most_i, most_d));
  ExpectRows(fields, fmt::format("[[{0}, {1}, null], [{0}, 0, null]]", most_i, most_u), {},
             "mean(i), min(u), max(u), max(i)",
             fmt::format("[[9223372036854775807, 0, {}, {}]]", most_u, most_i));
}

TEST(Aggregate, MeansOfDecimalsComeOfAllTheirDigits) {
  for (const auto& type : {arrow::decimal128(38, 1), arrow::decimal256(50, 1)}) {
    const arrow::FieldVector fields = {arrow::field("d", type)};
    const std::string much = "1" + std::string(36, '0');
    ExpectRows(fields, fmt::format(R"([["{0}.5"], [null], ["-{0}.0"]])", much), {},
               "mean(d), count(d)", "[[0.25, 2]]");
    ExpectRows(fields, R"([["-0.1"], ["-0.2"], ["-0.3"]])", {}, "mean(d)", "[[-0.2]]");
    ExpectRows(fields, "[[null]]", {}, "mean(d), sum(d)", "[[null, null]]");
  }
}

TEST(Aggregate, RefusesWhatMakesNoSense) {
  const auto schema = arrow::schema({arrow::field("k", arrow::utf8()),
                                     arrow::field("l", arrow::list(arrow::int32())),
                                     arrow::field("v", arrow::float64())});
  const auto code = [&](const std::vector<std::string>& keys, std::vector<Wanted> aggregates) {
    return CodeOf(AggregateSchema(*schema, {keys, std::move(aggregates)}).status());
  };
  EXPECT_EQ(code({}, {}), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code({"x"}, {}), ErrorCode::kUnknownName);
  EXPECT_EQ(code({"k", "k"}, {}), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code({"l"}, {}), ErrorCode::kNotImplemented);
  EXPECT_EQ(code({}, {{AggregateKind::kSum, "x", "s"}}), ErrorCode::kUnknownName);
  EXPECT_EQ(code({}, {{AggregateKind::kSum, "k", "s"}}), ErrorCode::kTypeMismatch);
  EXPECT_EQ(code({}, {{AggregateKind::kMin, "l", "s"}}), ErrorCode::kTypeMismatch);
  EXPECT_EQ(code({"k"}, {{AggregateKind::kMin, "v", "k"}}), ErrorCode::kInvalidArgument);

  const auto batch = Rows(kPairs, R"([["a", 1], ["b", 1], ["c", 1]])");
  const auto first = Plan({"k"}, "first(v)", *batch->schema());
  EXPECT_EQ(CodeOf(Answer({ReaderOf({batch}), ReaderOf({batch})}, first).status()),
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(
      CodeOf(Answer({ReaderOf({batch})}, first, arrow::default_memory_pool(), {.max_groups = 2})
                 .status()),
      ErrorCode::kTooLarge);
  EXPECT_EQ(CodeOf(Answer({}, first).status()), ErrorCode::kInvalidArgument);
  const auto other = Rows({kPairs[1], kPairs[0]}, R"([[1, "a"]])");
  const auto sum = Plan({}, "sum(v)", *batch->schema());
  EXPECT_EQ(CodeOf(Answer({ReaderOf({batch}), ReaderOf({other})}, sum).status()),
            ErrorCode::kTypeMismatch);
}

/// Batches of `keys` that follow on one another, as many as are wanted.
class CountingReader final : public arrow::RecordBatchReader {
 public:
  explicit CountingReader(int64_t num_batches) : num_batches_(num_batches) {}
  std::shared_ptr<arrow::Schema> schema() const override {
    return testing::Numbers(0, 1)->schema();
  }
  Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override {
    const int64_t number = given_++;
    given_.notify_all();
    *batch = number < num_batches_ ? testing::Numbers(number * kRows, kRows) : nullptr;
    return Status::OK();
  }
  Status Close() override {
    closed_ = true;
    return Status::OK();
  }
  void WaitFor(int64_t given) {
    for (int64_t now = given_; now < given; now = given_) given_.wait(now);
  }
  bool closed() const { return closed_; }

  static constexpr int64_t kRows = 10'000;

 private:
  const int64_t num_batches_;
  std::atomic<int64_t> given_ = 0;
  std::atomic<bool> closed_ = false;
};

TEST(AggregateMemory, TheMessageNamesAboutWhatIsNeeded) {
  constexpr int64_t kBatches = 200;
  const auto plan = Plan({"a"}, "mean(b), std(b)", *testing::Numbers(0, 1)->schema());
  const auto run = [&](int64_t limit_bytes, int64_t* peak_bytes) {
    MemoryBudget budget(limit_bytes);
    const auto reader = std::make_shared<CountingReader>(kBatches);
    const Status status =
        Answer({reader}, plan, &budget, {.num_rows = kBatches * CountingReader::kRows}).status();
    EXPECT_EQ(budget.used_bytes(), 0);
    EXPECT_TRUE(reader->closed());
    *peak_bytes = budget.peak_bytes();
    return status;
  };
  int64_t peak = 0;
  ASSERT_TRUE(run(int64_t{4} << 30, &peak).ok());
  int64_t unused = 0;
  const Status refused = run(peak / 4, &unused);
  ASSERT_EQ(CodeOf(refused), ErrorCode::kMemoryLimit) << refused;
  std::smatch size;
  const std::string message = refused.message();
  ASSERT_TRUE(std::regex_search(message, size, std::regex("([0-9.]+ .?i?B) would be needed")))
      << message;
  const int64_t needed = ParseByteSize(size[1].str()).ValueOrDie();
  EXPECT_GT(needed, peak / 3) << message << " of " << peak;
  EXPECT_LT(needed, peak * 2) << message << " of " << peak;
}

TEST(AggregateMemory, EveryKindGivesItBackWhenRefused) {
  const auto schema = testing::Numbers(0, 1)->schema();
  for (const std::string aggregates : {"count(b)", "count_distinct(b)", "sum(b)", "std(b)",
                                       "min(b)", "median(b)", "first(b)", "last(b)"}) {
    for (const auto& keys : std::vector<std::vector<std::string>>{{"a"}, {"a", "b"}}) {
      for (int64_t limit = 100'000; limit < 20'000'000; limit *= 2) {
        MemoryBudget budget(limit);
        std::vector<ReaderPtr> readers = {std::make_shared<CountingReader>(10)};
        const auto plan = Plan(keys, aggregates, *schema);
        if (!NeedsOrder(plan)) readers.push_back(std::make_shared<CountingReader>(10));
        const Status status = Answer(std::move(readers), plan, &budget).status();
        EXPECT_TRUE(status.ok() || CodeOf(status) == ErrorCode::kMemoryLimit) << status;
        EXPECT_EQ(budget.used_bytes(), 0) << aggregates << " " << status;
        EXPECT_LE(budget.peak_bytes(), limit);
      }
    }
  }
}

TEST(AggregateCancel, CloseStopsTheWork) {
  MemoryBudget budget(int64_t{1} << 30);
  const auto reader = std::make_shared<CountingReader>(std::numeric_limits<int64_t>::max());
  const auto plan = Plan({}, "mean(b)", *reader->schema());
  const auto aggregate = Aggregate({reader}, plan, &budget).ValueOrDie();
  Status status;
  std::jthread work([&] {
    std::shared_ptr<arrow::RecordBatch> batch;
    status = aggregate->ReadNext(&batch);
  });
  reader->WaitFor(3);
  EXPECT_TRUE(aggregate->Close().ok());
  work.join();
  EXPECT_EQ(CodeOf(status), ErrorCode::kCancelled);
  EXPECT_TRUE(reader->closed());
  EXPECT_EQ(budget.used_bytes(), 0);
}

/// Fails after some batches.
class FailingReader final : public arrow::RecordBatchReader {
 public:
  std::shared_ptr<arrow::Schema> schema() const override {
    return testing::Numbers(0, 1)->schema();
  }
  Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override {
    if (++given_ == 3) return MakeError(ErrorCode::kCorruptFile, "broken");
    *batch = testing::Numbers(0, 10);
    return Status::OK();
  }

 private:
  int given_ = 0;
};

TEST(AggregateCancel, OneReadersFailureStopsTheOthers) {
  MemoryBudget budget(int64_t{1} << 30);
  const auto endless = [] {
    return std::make_shared<CountingReader>(std::numeric_limits<int64_t>::max());
  };
  const auto plan = Plan({}, "mean(b)", *testing::Numbers(0, 1)->schema());
  const auto result =
      Answer({endless(), std::make_shared<FailingReader>(), endless()}, plan, &budget);
  EXPECT_EQ(CodeOf(result.status()), ErrorCode::kCorruptFile);
  EXPECT_EQ(budget.used_bytes(), 0);
}

}  // namespace
}  // namespace headrace::shape
