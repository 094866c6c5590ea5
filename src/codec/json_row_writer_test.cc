#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

#include <arrow/array/builder_decimal.h>
#include <arrow/array/builder_dict.h>
#include <arrow/array/builder_nested.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/array/util.h>
#include <arrow/buffer_builder.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <arrow/type.h>
#include <arrow/util/decimal.h>
#include <gtest/gtest.h>

#include "codec/json_rows.h"
#include "codec/row_writer.h"
#include "codec/sample_batch.h"
#include "headrace/error_code.h"

namespace headrace::codec {
namespace {

std::string Rows(const arrow::RecordBatch& batch) {
  std::string text;
  const Status status = WriteJsonRows(batch, &text);
  EXPECT_TRUE(status.ok()) << status;
  return text;
}

/// One column "x" with one value and a null.
std::string OneColumn(const std::shared_ptr<arrow::Scalar>& value) {
  const auto type = value->type;
  const auto array = arrow::MakeArrayFromScalar(*value, 1).ValueOrDie();
  const auto null = arrow::MakeArrayOfNull(type, 1).ValueOrDie();
  const auto schema = arrow::schema({arrow::field("x", type)});
  return Rows(*arrow::RecordBatch::Make(schema, 1, {array})) +
         Rows(*arrow::RecordBatch::Make(schema, 1, {null}));
}

std::string Parsed(const std::shared_ptr<arrow::DataType>& type, std::string_view text) {
  return OneColumn(arrow::Scalar::Parse(type, text).ValueOrDie());
}

TEST(JsonRowWriterTest, EachTypeAsItIsRead) {
  const std::string null = R"([{"x":null}])";
  EXPECT_EQ(Parsed(arrow::boolean(), "true"), R"([{"x":true}])" + null);
  EXPECT_EQ(Parsed(arrow::int8(), "-8"), R"([{"x":-8}])" + null);
  EXPECT_EQ(Parsed(arrow::uint32(), "4294967295"), R"([{"x":4294967295}])" + null);
  EXPECT_EQ(Parsed(arrow::int64(), "-9223372036854775808"),
            R"([{"x":-9223372036854775808}])" + null);
  EXPECT_EQ(Parsed(arrow::uint64(), "18446744073709551615"),
            R"([{"x":18446744073709551615}])" + null);
  EXPECT_EQ(Parsed(arrow::float32(), "0.1"), R"([{"x":0.1}])" + null);
  EXPECT_EQ(Parsed(arrow::float64(), "3"), R"([{"x":3.0}])" + null);
  EXPECT_EQ(Parsed(arrow::utf8(), "a\"b"), R"([{"x":"a\"b"}])" + null);
  EXPECT_EQ(Parsed(arrow::large_utf8(), "a"), R"([{"x":"a"}])" + null);
  EXPECT_EQ(Parsed(arrow::date32(), "2024-02-29"), R"([{"x":"2024-02-29"}])" + null);
  EXPECT_EQ(
      Parsed(arrow::timestamp(arrow::TimeUnit::MILLI, "Europe/Berlin"), "2024-01-02T03:04:05.500Z"),
      R"([{"x":"2024-01-02T03:04:05.500Z"}])" + null);
  EXPECT_EQ(OneColumn(arrow::MakeScalar(arrow::duration(arrow::TimeUnit::NANO), 42).ValueOrDie()),
            R"([{"x":42}])" + null);
  EXPECT_EQ(OneColumn(arrow::MakeNullScalar(arrow::null())), null + null);
}

template <typename Builder, typename Decimal>
std::string Decimals(std::initializer_list<std::string_view> texts,
                     const std::shared_ptr<arrow::DataType>& type) {
  Builder builder(type, arrow::default_memory_pool());
  EXPECT_TRUE(builder.AppendNull().ok());
  for (const std::string_view text : texts) {
    Decimal value;
    int32_t precision = 0;
    int32_t scale = 0;
    EXPECT_TRUE(Decimal::FromString(text, &value, &precision, &scale).ok()) << text;
    EXPECT_EQ(scale, static_cast<const arrow::DecimalType&>(*type).scale()) << text;
    EXPECT_TRUE(builder.Append(value).ok());
  }
  EXPECT_TRUE(builder.AppendNull().ok());
  const auto array = builder.Finish().ValueOrDie();
  const auto schema = arrow::schema({arrow::field("x", type)});
  return Rows(*arrow::RecordBatch::Make(schema, array->length(), {array})->Slice(1));
}

/// As text, because a reader would take a number for a double, which has fewer digits.
TEST(JsonRowWriterTest, DecimalsAreWrittenAsTextWithAllTheirDigits) {
  EXPECT_EQ((Decimals<arrow::Decimal128Builder, arrow::Decimal128>({"12.30", "-0.05", "0.00"},
                                                                   arrow::decimal128(5, 2))),
            R"([{"x":"12.30"},{"x":"-0.05"},{"x":"0.00"},{"x":null}])");
  EXPECT_EQ(
      (Decimals<arrow::Decimal128Builder, arrow::Decimal128>({"-7"}, arrow::decimal128(38, 0))),
      R"([{"x":"-7"},{"x":null}])");
  const std::string longest(76, '9');
  EXPECT_EQ(
      (Decimals<arrow::Decimal256Builder, arrow::Decimal256>({longest}, arrow::decimal256(76, 0))),
      R"([{"x":")" + longest + R"("},{"x":null}])");
}

TEST(JsonRowWriterTest, DictionariesAreWrittenAsTheirValues) {
  arrow::StringDictionaryBuilder builder;
  ASSERT_TRUE(builder.Append("b").ok());
  ASSERT_TRUE(builder.AppendNull().ok());
  ASSERT_TRUE(builder.Append("a").ok());
  const auto array = builder.Finish().ValueOrDie();
  EXPECT_EQ(Rows(*arrow::RecordBatch::Make(arrow::schema({arrow::field("x", array->type())}), 3,
                                           {array})),
            R"([{"x":"b"},{"x":null},{"x":"a"}])");
}

TEST(JsonRowWriterTest, NamesAreEscapedAndMayBeEqual) {
  const auto array = arrow::MakeArrayFromScalar(arrow::Int64Scalar(1), 1).ValueOrDie();
  const auto schema =
      arrow::schema({arrow::field("a\"\n", arrow::int64()), arrow::field("", arrow::int64())});
  EXPECT_EQ(Rows(*arrow::RecordBatch::Make(schema, 1, {array, array})), R"([{"a\"\n":1,"":1}])");
}

TEST(JsonRowWriterTest, NoRowsAndNoColumns) {
  EXPECT_EQ(Rows(*SampleBatch(0)), "[]");
  EXPECT_EQ(
      Rows(*arrow::RecordBatch::Make(arrow::schema(arrow::FieldVector{}), 2, arrow::ArrayVector{})),
      "[{},{}]");
}

TEST(JsonRowWriterTest, ASliceIsItsRowsOfTheWhole) {
  const auto batch = SampleBatch(100);
  std::string joined = "[";
  for (int64_t row = 0; row < 100; ++row) {
    const std::string one = Rows(*batch->Slice(row, 1));
    joined += (row == 0 ? "" : ",") + one.substr(1, one.size() - 2);
  }
  EXPECT_EQ(joined + "]", Rows(*batch));
}

TEST(JsonRowWriterTest, LargeOutputIsWrittenInBlocks) {
  const auto batch = FeatureBatch(3000, 20);
  const std::string text = Rows(*batch);
  const auto writer = MakeJsonRowWriter(JsonLayout::kList, nullptr);
  arrow::BufferBuilder whole;
  ASSERT_TRUE(writer->Write(*batch, &whole).ok());
  EXPECT_GT(whole.length(), 1 << 20);
  const std::string_view expected(reinterpret_cast<const char*>(whole.data()),
                                  static_cast<size_t>(whole.length()));
  EXPECT_EQ(text.size(), expected.size() + 2);
  EXPECT_TRUE(std::string_view(text).substr(1, text.size() - 2) == expected);
}

TEST(JsonRowWriterTest, ATypeThatHasNoRowFormIsNamed) {
  const auto type = arrow::list(arrow::int64());
  const auto batch = arrow::RecordBatch::Make(
      arrow::schema({arrow::field("ok", arrow::int64()), arrow::field("nested", type)}), 1,
      {arrow::MakeArrayOfNull(arrow::int64(), 1).ValueOrDie(),
       arrow::MakeArrayOfNull(type, 1).ValueOrDie()});
  std::string text;
  const Status status = WriteJsonRows(*batch, &text);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(CodeOf(status), ErrorCode::kNotImplemented);
  ASSERT_EQ(LocationOf(status).size(), 1);
  EXPECT_EQ(LocationOf(status)[0], "nested");
}

}  // namespace
}  // namespace headrace::codec
