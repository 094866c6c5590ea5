#include <algorithm>
#include <cmath>
#include <map>
#include <random>
#include <set>

#include <arrow/api.h>
#include <arrow/compute/api.h>
#include <arrow/json/from_string.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "headrace/memory_budget.h"
#include "shape/aggregate.h"
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

// A column's type, and what its values are made of in JSON. Few different ones, so that they meet.
struct Kind {
  std::shared_ptr<arrow::DataType> type;
  std::vector<std::string> values;
  bool encode = false;  ///< each batch with a dictionary of its own
};

std::vector<Kind> Kinds() {
  using namespace arrow;  // NOLINT(google-build-using-namespace): types only
  const std::vector<std::string> small = {"0", "1", "7", "100"};
  const std::vector<std::string> integers = {"0", "1", "-1", "7", "-128", "127"};
  const std::vector<std::string> large = {"0", "-1", "4000000000", "-123456789012345"};
  const std::vector<std::string> reals = {"0.0", "-0.0", "1.5", "-2.25", "1e30", "-1e-30", "3"};
  const std::vector<std::string> special = {"1.5", "NaN", "Inf", "-Inf", "-0.0", "0.0"};
  const std::vector<std::string> halves = {"0.0", "-0.0", "1.5", "NaN", "-8"};
  const std::vector<std::string> decimals = {"\"0.00\"", "\"1.25\"", "\"-99.99\"", "\"7.00\""};
  const std::vector<std::string> days = {"0", "-86400000", "1728000000000"};
  const std::vector<std::string> texts = {"\"\"", "\"a\"", "\"ab\"", "\"b\"",
                                          "\"a text too long to lie inside of a view\""};
  const std::vector<std::string> threes = {"\"abc\"", "\"abd\"", "\"zzz\""};
  return {{int8(), integers},
          {int16(), integers},
          {int32(), integers},
          {int64(), large},
          {uint8(), small},
          {uint16(), small},
          {uint32(), small},
          {uint64(), small},
          {float16(), halves},
          {float32(), reals},
          {float64(), reals},
          {float64(), special},
          {boolean(), {"true", "false"}},
          {date32(), integers},
          {date64(), days},
          {time32(TimeUnit::SECOND), small},
          {time64(TimeUnit::NANO), small},
          {timestamp(TimeUnit::NANO, "UTC"), large},
          {duration(TimeUnit::MILLI), large},
          {decimal32(6, 2), decimals},
          {decimal64(12, 2), decimals},
          {decimal128(20, 2), decimals},
          {decimal256(50, 2), decimals},
          {utf8(), texts},
          {large_utf8(), texts},
          {utf8_view(), texts},
          {binary(), texts},
          {large_binary(), texts},
          {binary_view(), texts},
          {fixed_size_binary(3), threes},
          {dictionary(int8(), utf8()), texts},
          {dictionary(uint16(), int64()), large},
          {utf8(), texts, true},
          {float64(), special, true},
          {null(), {"null"}}};
}

std::shared_ptr<arrow::Array> Decoded(const std::shared_ptr<arrow::Array>& array) {
  if (array->type_id() == arrow::Type::STRING_VIEW) {
    return arrow::compute::Cast(*array, arrow::utf8()).ValueOrDie();
  }
  if (array->type_id() == arrow::Type::BINARY_VIEW) {
    return arrow::compute::Cast(*array, arrow::binary()).ValueOrDie();
  }
  if (array->type_id() != arrow::Type::DICTIONARY) return array;
  const auto& encoded = static_cast<const arrow::DictionaryArray&>(*array);
  return arrow::compute::Take(*encoded.dictionary(), *encoded.indices()).ValueOrDie();
}

// What makes a value another one.
std::string TextOf(const arrow::Array& array, int64_t row) {
  const auto scalar = array.GetScalar(row).ValueOrDie();
  std::string text = scalar->is_valid ? scalar->ToString() : "null";
  if (!arrow::is_floating(array.type_id())) return "=" + text;
  if (text.ends_with("nan")) return "=nan";
  return text == "-0" || text == "-0.0" ? "=0" : text == "0.0" ? "=0" : "=" + text;
}

// Numbers, and what is held as such; 64 bits of mantissa hold all of them.
std::vector<std::optional<long double>> NumbersOf(std::shared_ptr<arrow::Array> array) {
  namespace cp = arrow::compute;
  if (arrow::is_decimal(array->type_id())) {
    array = cp::Cast(*array, arrow::float64()).ValueOrDie();
  } else if (array->type_id() == arrow::Type::BOOL) {
    array = cp::Cast(*array, arrow::uint8()).ValueOrDie();
  } else if (array->type_id() == arrow::Type::HALF_FLOAT) {
    array = cp::Cast(*array, arrow::float32()).ValueOrDie();
  } else if (arrow::is_temporal(array->type_id())) {
    array = array->View(array->type()->byte_width() == 4 ? arrow::int32() : arrow::int64())
                .ValueOrDie();
  }
  std::vector<std::optional<long double>> numbers(static_cast<size_t>(array->length()));
  for (size_t row = 0; row < numbers.size(); ++row) {
    const auto scalar = array->GetScalar(static_cast<int64_t>(row)).ValueOrDie();
    if (!scalar->is_valid) continue;
    if (arrow::is_floating(array->type_id())) {
      const auto real = scalar->CastTo(arrow::float64()).ValueOrDie();
      numbers[row] = static_cast<const arrow::DoubleScalar&>(*real).value;
    } else {
      numbers[row] = std::stold(scalar->ToString());
    }
  }
  return numbers;
}

bool IsNumeric(const arrow::DataType& type) {
  return arrow::is_primitive(type.id()) || arrow::is_decimal(type.id());
}

// One answer by the naive loop: a row of the column, or a number.
class Oracle {
 public:
  Oracle(std::shared_ptr<arrow::Array> column, std::vector<int64_t> rows)
      : column_(std::move(column)), rows_(std::move(rows)) {
    if (column_ == nullptr) return;
    for (const int64_t row : rows_) {
      if (column_->IsValid(row)) valid_.push_back(row);
    }
    if (!IsNumeric(*column_->type())) return;
    const arrow::Int64Array places(static_cast<int64_t>(valid_.size()),
                                   arrow::Buffer::Wrap(valid_));
    for (const auto& number : NumbersOf(arrow::compute::Take(*column_, places).ValueOrDie())) {
      numbers_.push_back(*number);
    }
  }

  void Expect(const Wanted& aggregate, const arrow::Scalar& actual) const {
    switch (aggregate.kind) {
      case AggregateKind::kCount:
        return ExpectCount(column_ == nullptr ? rows_.size() : valid_.size(), actual);
      case AggregateKind::kCountDistinct: {
        std::set<std::string> different;
        for (const int64_t row : valid_) different.insert(TextOf(*column_, row));
        return ExpectCount(different.size(), actual);
      }
      case AggregateKind::kFirst: return ExpectRow(rows_.front(), actual);
      case AggregateKind::kLast: return ExpectRow(rows_.back(), actual);
      case AggregateKind::kMin:
      case AggregateKind::kMax: return ExpectExtreme(aggregate.kind, actual);
      default: return ExpectNumber(NumberOf(aggregate), actual);
    }
  }

 private:
  static void ExpectCount(size_t count, const arrow::Scalar& actual) {
    EXPECT_EQ(actual.ToString(), std::to_string(count));
  }

  void ExpectRow(int64_t row, const arrow::Scalar& actual) const {
    const auto expected = column_->GetScalar(row).ValueOrDie();
    EXPECT_TRUE(expected->Equals(actual, kToTheBit)) << expected->ToString();
  }

  void ExpectExtreme(AggregateKind kind, const arrow::Scalar& actual) const {
    if (valid_.empty()) {
      EXPECT_FALSE(actual.is_valid);
      return;
    }
    size_t best = 0;
    for (size_t i = 1; i < valid_.size(); ++i) {
      if (kind == AggregateKind::kMin ? Less(i, best) : Less(best, i)) best = i;
    }
    for (size_t i = 0; i < numbers_.size(); ++i) {
      if (std::isnan(numbers_[i])) best = i;
    }
    if (!numbers_.empty() && std::isnan(numbers_[best])) {
      EXPECT_EQ(TextOf(*arrow::MakeArrayFromScalar(actual, 1).ValueOrDie(), 0), "=nan");
    } else {
      ExpectRow(valid_[best], actual);
    }
  }

  bool Less(size_t a, size_t b) const {
    if (numbers_.empty()) {
      const auto left = column_->GetScalar(valid_[a]).ValueOrDie();
      const auto right = column_->GetScalar(valid_[b]).ValueOrDie();
      return static_cast<const arrow::BaseBinaryScalar&>(*left).view() <
             static_cast<const arrow::BaseBinaryScalar&>(*right).view();
    }
    if (numbers_[a] == numbers_[b]) return std::signbit(numbers_[a]) > std::signbit(numbers_[b]);
    return numbers_[a] < numbers_[b];
  }

  std::optional<long double> NumberOf(const Wanted& aggregate) const {
    const size_t n = numbers_.size();
    const bool spread =
        aggregate.kind == AggregateKind::kVar || aggregate.kind == AggregateKind::kStd;
    if (n < (spread ? 2 : 1)) return std::nullopt;
    long double sum = 0;
    for (const long double number : numbers_) sum += number;
    const long double mean = sum / static_cast<long double>(n);
    long double squares = 0;
    for (const long double number : numbers_) squares += (number - mean) * (number - mean);
    const long double variance = spread ? squares / static_cast<long double>(n - 1) : 0;
    switch (aggregate.kind) {
      case AggregateKind::kSum: return sum;
      case AggregateKind::kMean: return mean;
      case AggregateKind::kVar: return variance;
      case AggregateKind::kStd: return std::sqrt(variance);
      case AggregateKind::kMedian: return Quantile(0.5);
      default: return Quantile(aggregate.parameter);
    }
  }

  long double Quantile(double q) const {
    std::vector<long double> sorted = numbers_;
    for (const long double number : sorted) {
      if (std::isnan(number)) return number;
    }
    std::sort(sorted.begin(), sorted.end());
    const double place = static_cast<double>(sorted.size() - 1) * q;
    const auto below = static_cast<size_t>(place);
    const long double low = sorted[below];
    const long double high = sorted[std::min(below + 1, sorted.size() - 1)];
    const long double fraction = place - static_cast<double>(below);
    return low == high || fraction == 0 ? low : low + (high - low) * fraction;
  }

  void ExpectNumber(std::optional<long double> expected, const arrow::Scalar& actual) const {
    ASSERT_EQ(actual.is_valid, expected.has_value());
    if (!expected) return;
    const auto value = NumbersOf(arrow::MakeArrayFromScalar(actual, 1).ValueOrDie())[0].value();
    if (std::isnan(*expected)) {
      EXPECT_TRUE(std::isnan(value)) << value;
    } else if (std::isinf(*expected)) {
      EXPECT_EQ(value, *expected);
    } else {
      long double largest = 0;  // what the loop rounds is a part of that
      for (const long double number : numbers_) largest = std::max(largest, std::abs(number));
      EXPECT_NEAR(value, *expected, std::abs(*expected) * 1e-14L + largest * 1e-15L);
    }
  }

  std::shared_ptr<arrow::Array> column_;  // null: of rows
  std::vector<int64_t> rows_;
  std::vector<int64_t> valid_;
  std::vector<long double> numbers_;  // of valid_
};

class RandomAggregation {
 public:
  explicit RandomAggregation(uint32_t seed) : random_(seed) {
    const auto kinds = Kinds();
    const int64_t rows = Below(4) == 0 ? Below(3) : Below(200);
    const auto num_keys = static_cast<size_t>(Below(4));
    arrow::ArrayVector columns;
    arrow::FieldVector fields;
    std::vector<bool> encode;
    for (size_t i = 0; i < num_keys + 2; ++i) {
      const Kind& kind = kinds[static_cast<size_t>(Below(static_cast<int64_t>(kinds.size())))];
      columns.push_back(Column(kind, rows));
      fields.push_back(arrow::field(fmt::format("c{}", i), kind.type));
      encode.push_back(kind.encode);
      if (i < num_keys) plan.keys.push_back(fields.back()->name());
      if (Below(3) != 0 || i >= num_keys) AddAggregates(fields.back());
    }
    table = arrow::Table::Make(arrow::schema(fields), columns, rows);
    plan.aggregates.push_back({AggregateKind::kCount, "", "n"});
    Cut(encode);
  }

  int64_t Below(int64_t end) { return std::uniform_int_distribution<int64_t>(0, end - 1)(random_); }

  /// The batches, dealt out to so many readers.
  std::vector<ReaderPtr> Readers(int64_t count) {
    std::vector<arrow::RecordBatchVector> shares(static_cast<size_t>(count));
    for (auto& share : shares) share.push_back(batches.front()->Slice(0, 0));
    for (const auto& batch : batches) shares[static_cast<size_t>(Below(count))].push_back(batch);
    std::vector<ReaderPtr> readers;
    for (auto& share : shares) readers.push_back(ReaderOf(std::move(share)));
    return readers;
  }

  TablePtr table;
  AggregatePlan plan;
  arrow::RecordBatchVector batches;

 private:
  std::shared_ptr<arrow::Array> Column(const Kind& kind, int64_t rows) {
    const bool nulls = Below(2) == 0;
    std::string json = "[";
    for (int64_t row = 0; row < rows; ++row) {
      if (row > 0) json += ", ";
      const auto value = static_cast<size_t>(Below(static_cast<int64_t>(kind.values.size())));
      json += nulls && Below(4) == 0 ? "null" : kind.values[value];
    }
    return ArrayFromJSONString(kind.type, json + "]").ValueOrDie();
  }

  // All that the column's type has.
  void AddAggregates(const std::shared_ptr<arrow::Field>& field) {
    const arrow::Schema schema({field});
    for (int kind = 0; kind <= static_cast<int>(AggregateKind::kLast); ++kind) {
      Wanted aggregate{static_cast<AggregateKind>(kind), field->name(),
                       fmt::format("{}-{}", field->name(), kind)};
      aggregate.parameter = static_cast<double>(Below(11)) / 10;
      if (AggregateSchema(schema, {{}, {aggregate}}).ok()) plan.aggregates.push_back(aggregate);
    }
  }

  void Cut(const std::vector<bool>& encode) {
    const auto whole = table->CombineChunksToBatch().ValueOrDie();
    const int64_t most = 1 + Below(100);
    for (int64_t row = 0; row < table->num_rows() || batches.empty();) {
      const int64_t rows = Below(most) + 1;
      batches.push_back(whole->Slice(row, rows));
      for (size_t i = 0; i < encode.size(); ++i) {
        if (!encode[i]) continue;
        const int column = static_cast<int>(i);
        const auto encoded =
            arrow::compute::DictionaryEncode(batches.back()->column(column)).ValueOrDie();
        const auto field = table->field(column)->WithType(encoded.type());
        batches.back() =
            batches.back()->SetColumn(column, field, encoded.make_array()).ValueOrDie();
      }
      row += rows;
    }
  }

  std::mt19937_64 random_;
};

Result<TablePtr> Answer(std::vector<ReaderPtr> readers, const AggregatePlan& plan,
                        arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(const auto reader, Aggregate(std::move(readers), plan, pool));
  ARROW_ASSIGN_OR_RAISE(auto table, reader->ToTable());
  ARROW_RETURN_NOT_OK(table->ValidateFull());
  return table;
}

void ExpectNaiveAnswers(const RandomAggregation& made, const arrow::Table& result) {
  const auto num_keys = static_cast<int>(made.plan.keys.size());
  std::vector<std::shared_ptr<arrow::Array>> columns;
  for (const auto& column : made.table->columns()) columns.push_back(Decoded(column->chunk(0)));
  std::map<std::vector<std::string>, std::vector<int64_t>> groups;
  if (num_keys == 0) groups[{}];
  for (int64_t row = 0; row < made.table->num_rows(); ++row) {
    std::vector<std::string> key;
    for (int i = 0; i < num_keys; ++i) key.push_back(TextOf(*columns[static_cast<size_t>(i)], row));
    groups[key].push_back(row);
  }
  ASSERT_EQ(result.num_rows(), static_cast<int64_t>(groups.size()));
  if (result.num_rows() == 0) return;
  const auto rows = result.CombineChunksToBatch().ValueOrDie();
  for (int64_t row = 0; row < result.num_rows(); ++row) {
    std::vector<std::string> key;
    for (int i = 0; i < num_keys; ++i) key.push_back(TextOf(*rows->column(i), row));
    const auto group = groups.extract(key);
    ASSERT_FALSE(group.empty()) << "a group of no row: " << ::testing::PrintToString(key);
    if (group.mapped().empty()) return;  // all are empty
    for (size_t i = 0; i < made.plan.aggregates.size(); ++i) {
      const Wanted& aggregate = made.plan.aggregates[i];
      const int place =
          aggregate.column.empty() ? -1 : made.table->schema()->GetFieldIndex(aggregate.column);
      const auto actual = rows->column(num_keys + static_cast<int>(i))->GetScalar(row).ValueOrDie();
      SCOPED_TRACE(fmt::format("{} of group {}: {}", aggregate.name, ::testing::PrintToString(key),
                               actual->ToString()));
      Oracle(place < 0 ? nullptr : columns[static_cast<size_t>(place)], group.mapped())
          .Expect(aggregate, *actual);
    }
  }
}

TEST(AggregateOracle, AnswersAreThoseOfTheNaiveLoop) {
  const uint32_t first = std::random_device()();
  RecordProperty("first_seed", std::to_string(first));
  for (uint32_t seed = first; seed != first + 500; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    RandomAggregation made(seed);
    SCOPED_TRACE(made.batches.front()->schema()->ToString());
    MemoryBudget budget(int64_t{1} << 30);
    const auto one = Answer({ReaderOf(made.batches)}, made.plan, &budget);
    ASSERT_TRUE(one.ok()) << one.status();
    ExpectNaiveAnswers(made, **one);
    std::erase_if(made.plan.aggregates, [](const Wanted& aggregate) {
      return aggregate.kind == AggregateKind::kFirst || aggregate.kind == AggregateKind::kLast;
    });
    const auto alone = Answer({ReaderOf(made.batches)}, made.plan, &budget).ValueOrDie();
    const auto several = Answer(made.Readers(1 + made.Below(4)), made.plan, &budget);
    ASSERT_TRUE(several.ok()) << several.status();
    ASSERT_TRUE(alone->Equals(**several, kToTheBit)) << alone->ToString() << (*several)->ToString();
    if (::testing::Test::HasFailure()) return;
  }
}

// Every type that is not nested has what the table in docs/aggregation.md says.
TEST(AggregateOracle, CoversTheTypes) {
  int with_sum = 0;
  int with_extremes = 0;
  for (const Kind& kind : Kinds()) {
    const arrow::Schema schema({arrow::field("c", kind.type)});
    const auto has = [&](AggregateKind of) {
      return AggregateSchema(schema, {{"c"}, {{of, "c", "a"}}}).ok();
    };
    EXPECT_TRUE(has(AggregateKind::kCountDistinct)) << kind.type->ToString();
    with_sum += has(AggregateKind::kSum) ? 1 : 0;
    with_extremes += has(AggregateKind::kMin) ? 1 : 0;
  }
  EXPECT_EQ(with_sum, 18);
  EXPECT_EQ(with_extremes, 34);
}

}  // namespace
}  // namespace headrace::shape
