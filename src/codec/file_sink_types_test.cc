#include <string>
#include <vector>

#include <arrow/array.h>
#include <arrow/array/array_run_end.h>
#include <arrow/record_batch.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <arrow/util/key_value_metadata.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "codec/file_sink.h"
#include "codec/sample_batch.h"
#include "codec/written_files.h"
#include "headrace/error_code.h"

namespace headrace::codec {
namespace {

struct Case {
  std::shared_ptr<arrow::DataType> type;
  std::string json;
};

const std::string kNumbers = "[0, 1, null, 100, 7]";

std::vector<Case> FlatCases() {
  std::vector<Case> cases = {
      {arrow::null(), "[null, null, null]"},
      {arrow::boolean(), "[true, null, false, true]"},
      {arrow::float32(), "[1.5, null, NaN, Inf, -0.0, -Inf]"},
      {arrow::float64(), "[1.5, null, NaN, Inf, -0.0, -Inf, 5e-324]"},
      {arrow::float16(), "[1.5, null, -2]"},
      {arrow::utf8(), R"(["", null, "a", "longer than twelve bytes", "\u0000", "é"])"},
      {arrow::large_utf8(), R"(["", null, "a", "é"])"},
      {arrow::binary(), R"(["", null, "a"])"},
      {arrow::large_binary(), R"(["", null, "a"])"},
      {arrow::fixed_size_binary(3), R"(["abc", null, "xyz"])"},
      {arrow::decimal32(7, 2), R"(["1.25", null, "-99999.99"])"},
      {arrow::decimal64(15, 3), R"(["1.250", null, "-99999.999"])"},
      {arrow::decimal128(38, 10),
       R"(["1.2500000000", null, "-1234567890123456789012345678.0123456789"])"},
      {arrow::decimal256(60, 2), R"(["1.25", null, "-99999.99"])"},
      {arrow::date32(), kNumbers},
      {arrow::time32(arrow::TimeUnit::MILLI), kNumbers},
      {arrow::time64(arrow::TimeUnit::MICRO), kNumbers},
      {arrow::time64(arrow::TimeUnit::NANO), kNumbers},
      {arrow::duration(arrow::TimeUnit::SECOND), kNumbers},
      {arrow::duration(arrow::TimeUnit::NANO), kNumbers},
  };
  for (const auto& type : {arrow::int8(), arrow::int16(), arrow::int32(), arrow::int64(),
                           arrow::uint8(), arrow::uint16(), arrow::uint32(), arrow::uint64()}) {
    cases.push_back({type, kNumbers});
  }
  for (const auto unit : {arrow::TimeUnit::MILLI, arrow::TimeUnit::MICRO, arrow::TimeUnit::NANO}) {
    for (const std::string zone : {"", "UTC", "Europe/Berlin", "+05:30"}) {
      cases.push_back({arrow::timestamp(unit, zone), "[0, null, -1, 1704164645123]"});
    }
  }
  return cases;
}

std::vector<Case> NestedCases() {
  const auto fields = arrow::struct_(
      {arrow::field("a", arrow::int32()), arrow::field("b", arrow::list(arrow::utf8()))});
  return {
      {arrow::utf8_view(), R"(["", null, "a", "longer than twelve bytes"])"},
      {arrow::binary_view(), R"(["", null, "a", "longer than twelve bytes"])"},
      {arrow::list(arrow::int64()), "[[1, null], null, [], [3]]"},
      {arrow::large_list(arrow::utf8()), R"([["a", null], null, [], ["b"]])"},
      {arrow::fixed_size_list(arrow::int32(), 2), "[[1, 2], null, [null, 4]]"},
      {arrow::list_view(arrow::int32()), "[[1, 2], null, []]"},
      {fields, R"([{"a": 1, "b": ["x"]}, null, {"a": null, "b": null}])"},
      {arrow::list(fields), R"([[{"a": 1, "b": ["x", null]}], null, []])"},
      {arrow::map(arrow::utf8(), arrow::int32()), R"([[["a", 1], ["b", null]], null, []])"},
  };
}

std::vector<Case> ArrowOnlyCases() {
  return {
      {arrow::timestamp(arrow::TimeUnit::SECOND, "UTC"), "[0, null, -1]"},
      {arrow::time32(arrow::TimeUnit::SECOND), kNumbers},
      {arrow::date64(), "[0, null, 86400000]"},
      {arrow::month_day_nano_interval(), "[[1, 2, 3], null]"},
      {arrow::dense_union({arrow::field("a", arrow::int32()), arrow::field("b", arrow::utf8())}),
       R"([[0, 1], [1, "x"], [0, null]])"},
      {arrow::sparse_union({arrow::field("a", arrow::int32()), arrow::field("b", arrow::utf8())}),
       R"([[0, 1], [1, "x"], [0, null]])"},
  };
}

class FileSinkTypes : public FileSinkFixture {
 protected:
  // As it is, cut in two, and gathered again.
  void ExpectEqualAfter(const std::string& name, const Case& value) {
    SCOPED_TRACE(name + " " + value.type->ToString());
    const auto batch = BatchOf(FromJson(value.type, value.json));
    const int64_t rows = batch->num_rows();
    const arrow::RecordBatchVector batches = {batch, batch->Slice(1), batch->Slice(0, rows - 1)};
    for (const int64_t group : {1, 2, 1000}) {
      const auto reader = ReaderOf(batch->schema(), batches);
      const auto report = WriteFile(*reader, {.path = Path(name),
                                              .parquet = {.row_group_rows = group},
                                              .record_batch_rows = group,
                                              .sync = false});
      ASSERT_TRUE(report.ok()) << report.status();
      const auto read = ReadTable(Path(name));
      ASSERT_TRUE(read.ok()) << read.status();
      ASSERT_TRUE((*read)->ValidateFull().ok());
      EXPECT_TRUE(SameRows(**read, *TableOf(batches)))
          << (*read)->ToString() << TableOf(batches)->ToString();
    }
  }
  ErrorCode CodeAfter(const std::string& name, const std::shared_ptr<arrow::Array>& array) {
    const auto batch = BatchOf(array);
    const auto reader = ReaderOf(batch->schema(), {batch});
    const auto report = WriteFile(*reader, {.path = Path(name)});
    EXPECT_FALSE(report.ok()) << array->type()->ToString();
    EXPECT_THAT(LocationOf(report.status()), ::testing::ElementsAre("x"))
        << report.status().ToString();
    return CodeOf(report.status());
  }
};

TEST_F(FileSinkTypes, ParquetAndArrowKeepFlatTypes) {
  for (const Case& value : FlatCases()) {
    for (const char* name : {"x.parquet", "x.arrow", "x.arrows"}) ExpectEqualAfter(name, value);
  }
}

TEST_F(FileSinkTypes, ParquetAndArrowKeepNestedTypesAndViews) {
  for (const Case& value : NestedCases()) {
    for (const char* name : {"x.parquet", "x.arrow", "x.arrows"}) ExpectEqualAfter(name, value);
  }
}

TEST_F(FileSinkTypes, ArrowKeepsTheRest) {
  for (const Case& value : ArrowOnlyCases()) {
    for (const char* name : {"x.arrow", "x.arrows"}) ExpectEqualAfter(name, value);
  }
}

TEST_F(FileSinkTypes, ArrowKeepsRunEndEncodedColumns) {
  const auto array = arrow::RunEndEncodedArray::Make(5, FromJson(arrow::int32(), "[2, 4, 5]"),
                                                     FromJson(arrow::utf8(), R"(["a", null, "b"])"))
                         .ValueOrDie();
  const auto batch = BatchOf(array);
  for (const std::string name : {"x.arrow", "x.arrows"}) {
    const auto reader = ReaderOf(batch->schema(), {batch, batch->Slice(1, 3)});
    ASSERT_TRUE(WriteFile(*reader, {.path = Path(name), .record_batch_rows = 3}).ok());
    EXPECT_TRUE(SameRows(**ReadTable(Path(name)), *TableOf({batch, batch->Slice(1, 3)})));
  }
  EXPECT_EQ(CodeAfter("y.parquet", array), ErrorCode::kTypeMismatch);
  EXPECT_EQ(CodeAfter("y.csv", array), ErrorCode::kTypeMismatch);
}

TEST_F(FileSinkTypes, ParquetNamesTheColumnThatItCannotHold) {
  for (const Case& value : ArrowOnlyCases()) {
    if (value.type->id() < arrow::Type::SPARSE_UNION) continue;
    if (value.type->id() == arrow::Type::DURATION) continue;
    EXPECT_EQ(CodeAfter("x.parquet", FromJson(value.type, value.json)), ErrorCode::kTypeMismatch);
  }
  EXPECT_EQ(CodeAfter("x.parquet", FromJson(arrow::struct_(arrow::FieldVector{}), "[{}]")),
            ErrorCode::kTypeMismatch);
  EXPECT_TRUE(Names().empty());
}

TEST_F(FileSinkTypes, TextNamesTheColumnThatItCannotHold) {
  for (const Case& value : NestedCases()) {
    if (value.type->id() == arrow::Type::STRING_VIEW) continue;
    EXPECT_EQ(CodeAfter("x.csv", FromJson(value.type, value.json)), ErrorCode::kTypeMismatch);
    EXPECT_EQ(CodeAfter("x.ndjson", FromJson(value.type, value.json)), ErrorCode::kTypeMismatch);
    EXPECT_EQ(CodeAfter("x.json.gz", FromJson(value.type, value.json)), ErrorCode::kTypeMismatch);
  }
  EXPECT_EQ(CodeAfter("x.csv", FromJson(arrow::month_day_nano_interval(), "[[1, 2, 3]]")),
            ErrorCode::kTypeMismatch);
  EXPECT_TRUE(Names().empty());
}

TEST_F(FileSinkTypes, CsvHoldsFlatTypes) {
  for (const Case& value : FlatCases()) {
    const auto batch = BatchOf(FromJson(value.type, value.json));
    const auto reader = ReaderOf(batch->schema(), {batch});
    const auto report = WriteFile(*reader, {.path = Path("x.csv"), .sync = false});
    EXPECT_TRUE(report.ok()) << value.type->ToString() << report.status();
  }
}

TEST_F(FileSinkTypes, SecondsAndDate64ComeBackFromParquetInFinerUnits) {
  const auto after = [&](const std::shared_ptr<arrow::Array>& array) {
    const auto batch = BatchOf(array);
    const auto reader = ReaderOf(batch->schema(), {batch});
    EXPECT_TRUE(WriteFile(*reader, {.path = Path("x.parquet")}).ok());
    return ReadTable(Path("x.parquet")).ValueOrDie()->column(0)->chunk(0);
  };
  using arrow::TimeUnit;
  EXPECT_TRUE(after(FromJson(arrow::timestamp(TimeUnit::SECOND, "UTC"), "[1, null]"))
                  ->Equals(FromJson(arrow::timestamp(TimeUnit::MILLI, "UTC"), "[1000, null]")));
  EXPECT_TRUE(after(FromJson(arrow::time32(TimeUnit::SECOND), "[1, null]"))
                  ->Equals(FromJson(arrow::time32(TimeUnit::MILLI), "[1000, null]")));
  EXPECT_TRUE(after(FromJson(arrow::date64(), "[86400000, null]"))
                  ->Equals(FromJson(arrow::date32(), "[1, null]")));
}

TEST_F(FileSinkTypes, MetadataOfTheSchemaIsKept) {
  const auto metadata = arrow::key_value_metadata({"unit"}, {"mm"});
  const auto schema = arrow::schema({arrow::field("x", arrow::int64(), false, metadata)}, metadata);
  const auto batch = arrow::RecordBatch::Make(schema, 3, {FromJson(arrow::int64(), "[1, 2, 3]")});
  for (const std::string name : {"x.parquet", "x.arrow", "x.arrows"}) {
    const auto reader = ReaderOf(schema, {batch});
    ASSERT_TRUE(WriteFile(*reader, {.path = Path(name)}).ok());
    const auto read = ReadTable(Path(name)).ValueOrDie()->schema();
    EXPECT_EQ(*read->metadata()->Get("unit"), "mm");
    EXPECT_EQ(*read->field(0)->metadata()->Get("unit"), "mm");
    EXPECT_FALSE(read->field(0)->nullable());
  }
}

}  // namespace
}  // namespace headrace::codec
