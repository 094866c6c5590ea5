#include <string>
#include <vector>

#include <arrow/array.h>
#include <arrow/array/array_dict.h>
#include <arrow/array/concatenate.h>
#include <arrow/compare.h>
#include <arrow/compute/cast.h>
#include <arrow/record_batch.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "codec/file_sink.h"
#include "codec/sample_batch.h"
#include "codec/written_files.h"
#include "headrace/error_code.h"

namespace headrace::codec {
namespace {

std::shared_ptr<arrow::RecordBatch> Encoded(
    const std::string& indices, const std::string& values,
    const std::shared_ptr<arrow::DataType>& index_type = arrow::int8(),
    const std::shared_ptr<arrow::DataType>& value_type = arrow::utf8()) {
  return BatchOf(std::make_shared<arrow::DictionaryArray>(arrow::dictionary(index_type, value_type),
                                                          FromJson(index_type, indices),
                                                          FromJson(value_type, values)));
}

/// The values, whatever they are encoded with.
std::shared_ptr<arrow::Array> Decoded(const arrow::Table& table) {
  arrow::ArrayVector chunks = table.column(0)->chunks();
  for (auto& chunk : chunks) {
    if (chunk->type_id() != arrow::Type::DICTIONARY) continue;
    const auto& type = static_cast<const arrow::DictionaryType&>(*chunk->type());
    chunk = arrow::compute::Cast(*chunk, type.value_type()).ValueOrDie();
  }
  return chunks.empty() ? FromJson(arrow::utf8(), "[]") : arrow::Concatenate(chunks).ValueOrDie();
}

class FileSinkDictionary : public FileSinkFixture {
 protected:
  void ExpectValues(const arrow::RecordBatchVector& batches, const std::string& json,
                    const std::shared_ptr<arrow::DataType>& type = arrow::utf8()) {
    for (const std::string name : {"x.parquet", "x.arrow", "x.arrows"}) {
      for (const int64_t group : {1, 3, 1000}) {
        SCOPED_TRACE(name + " " + std::to_string(group));
        const auto reader = ReaderOf(batches.front()->schema(), batches);
        const auto report = WriteFile(*reader, {.path = Path(name),
                                                .parquet = {.row_group_rows = group},
                                                .record_batch_rows = group,
                                                .sync = false});
        ASSERT_TRUE(report.ok()) << report.status();
        const auto read = ReadTable(Path(name));
        ASSERT_TRUE(read.ok()) << read.status();
        ASSERT_TRUE((*read)->ValidateFull().ok());
        EXPECT_TRUE(Decoded(**read)->Equals(FromJson(type, json),
                                            arrow::EqualOptions::Defaults().nans_equal(true)))
            << Decoded(**read)->ToString();
        if (!name.ends_with("parquet")) {
          EXPECT_TRUE((*read)->schema()->Equals(*batches.front()->schema()));
        }
      }
    }
  }
};

TEST_F(FileSinkDictionary, OneDictionaryForAllBatches) {
  const auto batch = Encoded("[0, 1, null, 0]", R"(["a", "b"])");
  ExpectValues({batch, batch->Slice(1)}, R"(["a", "b", null, "a", "b", null, "a"])");
}

TEST_F(FileSinkDictionary, DictionariesThatGrowChangeAndShrink) {
  ExpectValues({Encoded("[0, 1]", R"(["a", "b"])"), Encoded("[2, 1]", R"(["a", "b", "c"])"),
                Encoded("[0, 1, null]", R"(["d", "a"])"), Encoded("[0]", R"(["b"])"),
                Encoded("[null]", "[]")},
               R"(["a", "b", "c", "b", "d", "a", null, "b", null])");
}

TEST_F(FileSinkDictionary, DictionariesWithNullsOrTheSameValueTwice) {
  ExpectValues({Encoded("[0, 1, 2, null]", R"(["a", null, "a"])"),
                Encoded("[1, 0]", R"(["a", "b"])"), Encoded("[1, 0]", R"([null, "b"])")},
               R"(["a", null, "a", null, "b", "a", "b", null])");
  ExpectValues({Encoded("[0, 1]", R"(["a", "a"])"), Encoded("[1, 0]", R"(["a", "b"])")},
               R"(["a", "a", "b", "a"])");
}

TEST_F(FileSinkDictionary, DictionariesOfNumbers) {
  ExpectValues({Encoded("[0, 1]", "[1.5, NaN]", arrow::int32(), arrow::float64()),
                Encoded("[0, 1]", "[2.5, 1.5]", arrow::int32(), arrow::float64())},
               "[1.5, NaN, 2.5, 1.5]", arrow::float64());
}

TEST_F(FileSinkDictionary, MoreValuesThanTheIndexCountsAreRefusedInTheFileFormat) {
  arrow::RecordBatchVector batches;
  for (int batch = 0; batch < 3; ++batch) {
    std::string values;
    for (int i = 0; i < 60; ++i) {
      values += (i == 0 ? "\"" : ", \"") + std::to_string(batch * 60 + i) + "\"";
    }
    batches.push_back(Encoded("[0, 59]", "[" + values + "]"));
  }
  const auto write = [&](const std::string& name) {
    const auto reader = ReaderOf(batches.front()->schema(), batches);
    return WriteFile(*reader, {.path = Path(name), .record_batch_rows = 2}).status();
  };
  EXPECT_EQ(CodeOf(write("x.arrow")), ErrorCode::kTypeMismatch);
  EXPECT_TRUE(write("x.arrows").ok());
  EXPECT_TRUE(write("x.parquet").ok());
}

TEST_F(FileSinkDictionary, TextIsDecoded) {
  const auto batch = Encoded("[0, 1, null, 0]", R"(["a", "b"])");
  const auto reader = ReaderOf(batch->schema(), {batch, Encoded("[0]", R"(["c"])")});
  ASSERT_TRUE(WriteFile(*reader, {.path = Path("x.csv")}).ok());
  EXPECT_EQ(*ReadText(Path("x.csv")), "\"x\"\n\"a\"\n\"b\"\n\n\"a\"\n\"c\"\n");
  const auto again = ReaderOf(batch->schema(), {batch});
  ASSERT_TRUE(WriteFile(*again, {.path = Path("x.ndjson")}).ok());
  EXPECT_EQ(*ReadText(Path("x.ndjson")),
            "{\"x\":\"a\"}\n{\"x\":\"b\"}\n{\"x\":null}\n{\"x\":\"a\"}\n");
}

TEST_F(FileSinkDictionary, NestedDictionariesThatStayAreKept) {
  const auto items = std::static_pointer_cast<arrow::DictionaryArray>(
      Encoded("[0, 1, 0]", R"(["a", "b"])")->column(0));
  const auto offsets = FromJson(arrow::int32(), "[0, 1, 1, 3]");
  const auto list = arrow::ListArray::FromArrays(*offsets, *items).ValueOrDie();
  const auto batch = BatchOf(list);
  const auto reader = ReaderOf(batch->schema(), {batch, batch->Slice(1)});
  const auto report = WriteFile(*reader, {.path = Path("x.arrow"), .record_batch_rows = 3});
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_TRUE(SameRows(**ReadTable(Path("x.arrow")), *TableOf({batch, batch->Slice(1)})));
}

RC_GTEST_FIXTURE_PROP(FileSinkDictionary, AnyDictionariesReadBackAsTheirValues, ()) {
  const auto values = *rc::gen::container<std::vector<std::vector<uint8_t>>>(
      rc::gen::container<std::vector<uint8_t>>(rc::gen::inRange<uint8_t>(0, 100)));
  const auto group = *rc::gen::inRange<int64_t>(1, 50);
  arrow::RecordBatchVector batches;
  std::string expected;
  for (const auto& dictionary : values) {
    std::string json;
    std::string indices;
    for (size_t i = 0; i < dictionary.size(); ++i) {
      json += (i == 0 ? "\"" : ",\"") + std::to_string(dictionary[i]) + "\"";
      const size_t index = dictionary.size() - 1 - i;
      indices += (i == 0 ? "" : ",") + std::to_string(index);
      expected += (expected.empty() ? "\"" : ",\"") + std::to_string(dictionary[index]) + "\"";
    }
    batches.push_back(Encoded("[" + indices + "]", "[" + json + "]", arrow::uint8()));
  }
  const auto schema = Encoded("[]", "[]", arrow::uint8())->schema();
  for (const std::string name : {"p.arrow", "p.arrows", "p.parquet"}) {
    const auto reader = ReaderOf(schema, batches);
    const auto report = WriteFile(*reader, {.path = Path(name),
                                            .parquet = {.row_group_rows = group},
                                            .record_batch_rows = group,
                                            .sync = false});
    if (!report.ok()) RC_FAIL(report.status().ToString());
    const auto read = ReadTable(Path(name)).ValueOrDie();
    RC_ASSERT(Decoded(*read)->Equals(FromJson(arrow::utf8(), "[" + expected + "]")));
  }
}

}  // namespace
}  // namespace headrace::codec
