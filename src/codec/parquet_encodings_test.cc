#include "codec/parquet_encodings.h"

#include <memory>
#include <string>

#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/array/util.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <gtest/gtest.h>
#include <parquet/properties.h>

#include "codec/sample_batch.h"
#include "codec/written_files.h"

namespace headrace::codec {
namespace {

constexpr int64_t kRows = 10'000;
constexpr auto kDelta = parquet::Encoding::DELTA_BINARY_PACKED;

/// `distinct` values, each as often as the others, in no order.
template <typename Builder, typename Make>
std::shared_ptr<arrow::Array> Values(Builder builder, int64_t rows, int64_t distinct, Make make) {
  for (int64_t row = 0; row < rows; ++row) {
    EXPECT_TRUE(builder.Append(make(row * 7919 % distinct)).ok());
  }
  return builder.Finish().ValueOrDie();
}
std::shared_ptr<arrow::Array> Ints(int64_t distinct, int64_t rows = kRows) {
  return Values(arrow::Int64Builder(), rows, distinct, [](int64_t n) { return n; });
}
std::shared_ptr<arrow::Array> Doubles(int64_t distinct) {
  return Values(arrow::DoubleBuilder(), kRows, distinct,
                [](int64_t n) { return static_cast<double>(n) / 7; });
}
std::shared_ptr<arrow::Array> Texts(int64_t distinct) {
  return Values(arrow::StringBuilder(), kRows, distinct,
                [](int64_t n) { return "text " + std::to_string(n); });
}

std::shared_ptr<parquet::WriterProperties> Chosen(const arrow::RecordBatch& rows) {
  parquet::WriterProperties::Builder builder;
  const Status status = ChooseEncodings(rows, arrow::default_memory_pool(), &builder);
  EXPECT_TRUE(status.ok()) << status;
  return builder.build();
}

/// "dictionary", "differences" or "plain".
std::string ChoiceFor(const parquet::WriterProperties& properties, const std::string& column) {
  const auto path = parquet::schema::ColumnPath::FromDotString(column);
  if (properties.dictionary_enabled(path)) return "dictionary";
  return properties.encoding(path) == kDelta ? "differences" : "plain";
}
std::string ChoiceFor(const std::shared_ptr<arrow::Array>& column) {
  const auto batch = arrow::RecordBatch::Make(arrow::schema({arrow::field("c", column->type())}),
                                              column->length(), {column});
  return ChoiceFor(*Chosen(*batch), "c");
}

TEST(ParquetEncodings, FewValuesMakeADictionary) {
  for (const int64_t distinct : {1, 2, 100, 256}) {
    EXPECT_EQ(ChoiceFor(Ints(distinct)), "dictionary") << distinct;
    EXPECT_EQ(ChoiceFor(Doubles(distinct)), "dictionary") << distinct;
    EXPECT_EQ(ChoiceFor(Texts(distinct)), "dictionary") << distinct;
  }
  // Text is long: it is worth a dictionary while half of the values come again.
  EXPECT_EQ(ChoiceFor(Texts(1000)), "dictionary");
}

TEST(ParquetEncodings, ManyValuesMakeNone) {
  EXPECT_EQ(ChoiceFor(Ints(257)), "differences");
  EXPECT_EQ(ChoiceFor(Ints(kRows)), "differences");
  EXPECT_EQ(ChoiceFor(Doubles(257)), "plain");
  EXPECT_EQ(ChoiceFor(Doubles(kRows)), "plain");
  EXPECT_EQ(ChoiceFor(Texts(kRows)), "plain");
}

TEST(ParquetEncodings, TimesAreIntegersAndBooleansAreLeftAlone) {
  for (const auto& type : {arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"),
                           arrow::time64(arrow::TimeUnit::NANO), arrow::uint64()}) {
    EXPECT_EQ(ChoiceFor(Ints(kRows)->View(type).ValueOrDie()), "differences") << *type;
  }
  EXPECT_EQ(ChoiceFor(FromJson(arrow::boolean(), "[true, false]")), "dictionary");
}

// A run of one value is no sign of few: rows are looked at all over the batch.
TEST(ParquetEncodings, SortedColumnsAreLookedAtFromEndToEnd) {
  arrow::Int64Builder builder;
  for (int64_t row = 0; row < 100 * kRows; ++row) EXPECT_TRUE(builder.Append(row / 100).ok());
  EXPECT_EQ(ChoiceFor(builder.Finish().ValueOrDie()), "differences");
}

TEST(ParquetEncodings, NothingToGoByLeavesTheDictionary) {
  for (const auto& type : {arrow::int64(), arrow::float64(), arrow::utf8()}) {
    EXPECT_EQ(ChoiceFor(arrow::MakeArrayOfNull(type, kRows).ValueOrDie()), "dictionary") << *type;
    EXPECT_EQ(ChoiceFor(arrow::MakeArrayOfNull(type, 0).ValueOrDie()), "dictionary") << *type;
  }
  EXPECT_EQ(ChoiceFor(arrow::MakeArrayOfNull(arrow::null(), 5).ValueOrDie()), "dictionary");
  EXPECT_EQ(ChoiceFor(FromJson(arrow::list(arrow::int64()), "[[1, 2], [3]]")), "dictionary");
  EXPECT_TRUE(Chosen(*arrow::RecordBatch::Make(arrow::schema({}), 0, arrow::ArrayVector{})));
}

// What is chosen goes by name, and must fit every column of that name.
TEST(ParquetEncodings, ColumnsThatShareANameAreLeftAlone) {
  const auto ints = Ints(kRows);
  const auto batch = arrow::RecordBatch::Make(
      arrow::schema({arrow::field("x", ints->type()), arrow::field("x", arrow::utf8()),
                     arrow::field("y", ints->type())}),
      kRows, {ints, Texts(kRows), ints});
  const auto properties = Chosen(*batch);
  EXPECT_EQ(ChoiceFor(*properties, "x"), "dictionary");
  EXPECT_EQ(ChoiceFor(*properties, "y"), "differences");
}

// Parquet names the member of a struct with a dot, and a column may have one in its name.
TEST(ParquetEncodings, AMemberOfTheSameNameIsLeftAlone) {
  const auto ints = Ints(kRows);
  const auto type = arrow::struct_({arrow::field("x", arrow::utf8())});
  const auto batch = arrow::RecordBatch::Make(
      arrow::schema({arrow::field("s.x", ints->type()), arrow::field("s", type)}), kRows,
      {ints, arrow::MakeArrayOfNull(type, kRows).ValueOrDie()});
  EXPECT_EQ(ChoiceFor(*Chosen(*batch), "s.x"), "dictionary");
  const auto written = Encode(Format::kParquet, ReaderOf(batch->schema(), {batch}));
  EXPECT_TRUE(written.ok()) << written.status();
}

}  // namespace
}  // namespace headrace::codec
