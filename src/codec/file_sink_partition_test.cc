#include <map>
#include <string>
#include <vector>

#include <arrow/array.h>
#include <arrow/array/array_binary.h>
#include <arrow/array/array_primitive.h>
#include <arrow/record_batch.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "codec/file_sink.h"
#include "codec/partition_rows.h"
#include "codec/sample_batch.h"
#include "codec/written_files.h"
#include "headrace/error_code.h"
#include "headrace/memory_budget.h"

namespace headrace::codec {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::shared_ptr<arrow::RecordBatch> KeyedBatch(
    const std::string& keys, const std::string& values,
    const std::shared_ptr<arrow::DataType>& type = arrow::utf8()) {
  const auto key = FromJson(type, keys);
  return arrow::RecordBatch::Make(
      arrow::schema({arrow::field("k", type), arrow::field("v", arrow::int64())}), key->length(),
      {key, FromJson(arrow::int64(), values)});
}

class FileSinkPartition : public FileSinkFixture {
 protected:
  Result<FileSinkReport> Write(const arrow::RecordBatchVector& batches, FileSinkOptions options,
                               Status end = Status::OK()) {
    if (options.path.empty()) options.path = Path("out");
    if (options.partition_by.empty()) options.partition_by = {"k"};
    const auto reader = ReaderOf(batches.front()->schema(), batches, std::move(end));
    return WriteFile(*reader, options);
  }
  std::vector<int64_t> ValuesIn(const std::string& name) {
    std::vector<int64_t> values;
    const auto table = ReadTable(Path(name)).ValueOrDie();
    EXPECT_EQ(table->num_columns(), 1);
    for (const auto& chunk : table->column(0)->chunks()) {
      const auto& ints = static_cast<const arrow::Int64Array&>(*chunk);
      values.insert(values.end(), ints.raw_values(), ints.raw_values() + ints.length());
    }
    return values;
  }
};

TEST_F(FileSinkPartition, EachValueIsADirectory) {
  const auto report = Write({KeyedBatch(R"(["a", null, "b", "a"])", "[1, 2, 3, 4]"),
                             KeyedBatch(R"(["b", "a"])", "[5, 6]")},
                            {});
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->partitions, 3);
  EXPECT_EQ(report->files, 3);
  EXPECT_EQ(report->rows, 6);
  EXPECT_THAT(Names(), ElementsAre("out/k=__HIVE_DEFAULT_PARTITION__/part-0.parquet",
                                   "out/k=a/part-0.parquet", "out/k=b/part-0.parquet"));
  EXPECT_THAT(ValuesIn("out/k=a/part-0.parquet"), ElementsAre(1, 4, 6));
  EXPECT_THAT(ValuesIn("out/k=b/part-0.parquet"), ElementsAre(3, 5));
  EXPECT_THAT(ValuesIn("out/k=__HIVE_DEFAULT_PARTITION__/part-0.parquet"), ElementsAre(2));
}

TEST_F(FileSinkPartition, ValuesAreEscaped) {
  EXPECT_EQ(EscapeHivePart("a/b=c %é\n.."), "a%2Fb%3Dc%20%25%C3%A9%0A..");
  ASSERT_TRUE(
      Write({KeyedBatch(R"(["../x", "", null])", "[1, 2, 3]")}, {.format = Format::kCsv}).ok());
  EXPECT_THAT(Names(), ElementsAre("out/k=..%2Fx/part-0.csv", "out/k=/part-0.csv",
                                   "out/k=__HIVE_DEFAULT_PARTITION__/part-0.csv"));
}

TEST_F(FileSinkPartition, ATextThatReadersTakeForNullIsRefused) {
  const auto batch = KeyedBatch(R"(["__HIVE_DEFAULT_PARTITION__"])", "[1]");
  EXPECT_EQ(CodeOf(Write({batch}, {}).status()), ErrorCode::kInvalidArgument);
}

TEST_F(FileSinkPartition, KeysOfEachTypeHaveTheirText) {
  const auto directories = [&](const std::shared_ptr<arrow::DataType>& type,
                               const std::string& json) {
    EXPECT_TRUE(Write({KeyedBatch(json, "[1, 2]", type)}, {.format = Format::kNdjson}).ok());
    auto names = Names();
    std::filesystem::remove_all(Path("out"));
    return names;
  };
  const auto names = [](const std::string& a, const std::string& b) {
    return ElementsAre("out/k=" + a + "/part-0.ndjson", "out/k=" + b + "/part-0.ndjson");
  };
  EXPECT_THAT(directories(arrow::int32(), "[-1, 20]"), names("-1", "20"));
  EXPECT_THAT(directories(arrow::boolean(), "[true, false]"), names("false", "true"));
  EXPECT_THAT(directories(arrow::date32(), "[0, 365]"), names("1970-01-01", "1971-01-01"));
  EXPECT_THAT(directories(arrow::utf8_view(), R"(["a", "b"])"), names("a", "b"));
  EXPECT_THAT(directories(arrow::dictionary(arrow::int8(), arrow::utf8()), R"(["b", "a"])"),
              names("a", "b"));
  EXPECT_THAT(directories(arrow::decimal128(5, 2), R"(["1.50", "2.00"])"), names("1.50", "2.00"));
  EXPECT_EQ(
      CodeOf(Write({KeyedBatch("[[1], [2]]", "[1, 2]", arrow::list(arrow::int8()))}, {}).status()),
      ErrorCode::kTypeMismatch);
}

TEST_F(FileSinkPartition, ColumnsAreChecked) {
  const auto batch = KeyedBatch(R"(["a"])", "[1]");
  const auto code = [&](std::vector<std::string> columns) {
    return CodeOf(Write({batch}, {.partition_by = std::move(columns)}).status());
  };
  EXPECT_EQ(code({"none"}), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code({"k", "k"}), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code({"k", "v"}), ErrorCode::kInvalidArgument);
  const std::string text = "[\"" + std::string(300, 'x') + "\"]";
  EXPECT_EQ(CodeOf(Write({KeyedBatch(text, "[1]")}, {}).status()), ErrorCode::kInvalidArgument);
  EXPECT_THAT(Names(), IsEmpty());
}

TEST_F(FileSinkPartition, RowGroupsHaveTheRowsThatAreAskedFor) {
  const auto batch = KeyedBatch(R"(["a", "a", "a", "b", "a", "a"])", "[1, 2, 3, 4, 5, 6]");
  ASSERT_TRUE(Write({batch, batch}, {.parquet = {.row_group_rows = 4}}).ok());
  EXPECT_THAT(ShapeOf(Path("out/k=a/part-0.parquet"))->row_group_rows, ElementsAre(4, 4, 2));
  EXPECT_THAT(ValuesIn("out/k=a/part-0.parquet"), ElementsAre(1, 2, 3, 5, 6, 1, 2, 3, 5, 6));
}

TEST_F(FileSinkPartition, TheWorkingDirectoryMayBeTheTarget) {
  const auto before = std::filesystem::current_path();
  std::filesystem::create_directory(Path("here"));
  std::filesystem::current_path(Path("here"));
  const auto report = Write({KeyedBatch(R"(["a"])", "[1]")}, {.path = "."});
  std::filesystem::current_path(before);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_THAT(Names(), ElementsAre("here/k=a/part-0.parquet"));
}

TEST_F(FileSinkPartition, ADirectoryThatHoldsAnythingIsRefused) {
  const auto batch = KeyedBatch(R"(["a"])", "[1]");
  std::filesystem::create_directory(Path("out"));
  ASSERT_TRUE(Write({batch}, {}).ok());  // an empty one is taken
  EXPECT_EQ(CodeOf(Write({batch}, {}).status()), ErrorCode::kNameExists);
  ASSERT_TRUE(Write({KeyedBatch(R"(["b"])", "[2]")}, {.overwrite = true}).ok());
  EXPECT_THAT(Names(), ElementsAre("out/k=b/part-0.parquet"));

  WriteText(Path("out/notes.txt"), "by hand");
  EXPECT_EQ(CodeOf(Write({batch}, {.overwrite = true}).status()), ErrorCode::kInvalidArgument);
  EXPECT_THAT(Names(), ElementsAre("out/k=b/part-0.parquet", "out/notes.txt"));
  WriteText(Path("file"), "");
  EXPECT_EQ(CodeOf(Write({batch}, {.path = Path("file")}).status()), ErrorCode::kIOError);
  EXPECT_EQ(CodeOf(Write({batch}, {.path = Path("none/out")}).status()), ErrorCode::kIOError);
}

TEST_F(FileSinkPartition, AFailureLeavesNothingHalfDone) {
  const auto batch = KeyedBatch(R"(["a", "b"])", "[1, 2]");
  const auto failed = Write({batch}, {}, MakeError(ErrorCode::kUnavailable, "gone"));
  EXPECT_EQ(CodeOf(failed.status()), ErrorCode::kUnavailable);
  EXPECT_THAT(Names(), IsEmpty());
  ASSERT_TRUE(Write({batch}, {}).ok());
  const auto before = Names();
  EXPECT_EQ(
      CodeOf(
          Write({batch}, {.overwrite = true}, MakeError(ErrorCode::kUnavailable, "gone")).status()),
      ErrorCode::kUnavailable);
  EXPECT_EQ(Names(), before);
}

TEST_F(FileSinkPartition, TooManyPartitionsAreRefused) {
  const auto report =
      Write({KeyedBatch("[1, 2, 3]", "[1, 2, 3]", arrow::int64())}, {.max_partitions = 2});
  EXPECT_EQ(CodeOf(report.status()), ErrorCode::kTooLarge);
  EXPECT_THAT(Names(), IsEmpty());
}

TEST_F(FileSinkPartition, AReaderWithoutRowsKeepsTheSchema) {
  const auto schema = KeyedBatch("[]", "[]")->schema();
  const auto reader = ReaderOf(schema, {});
  const auto report = WriteFile(*reader, {.path = Path("out/"), .partition_by = {"k"}});
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->files, 1);
  EXPECT_THAT(Names(), ElementsAre("out/part-0.parquet"));
  EXPECT_TRUE(ReadTable(Path("out/part-0.parquet")).ValueOrDie()->schema()->Equals(*schema));
}

TEST_F(FileSinkPartition, AFileThatIsClosedGoesOnInTheNextPart) {
  const auto batch = KeyedBatch(R"(["a", "b", "c"])", "[1, 2, 3]");
  const auto report =
      Write({batch, batch}, {.parquet = {.row_group_rows = 1}, .max_open_files = 2});
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->partitions, 3);
  EXPECT_THAT(Names(), ElementsAre("out/k=a/part-0.parquet", "out/k=a/part-1.parquet",
                                   "out/k=b/part-0.parquet", "out/k=b/part-1.parquet",
                                   "out/k=c/part-0.parquet", "out/k=c/part-1.parquet"));
}

RC_GTEST_FIXTURE_PROP(FileSinkPartition, EveryRowIsInItsDirectoryInItsOrder, ()) {
  const auto keys = *rc::gen::container<std::vector<std::pair<int, int>>>(
      rc::gen::pair(rc::gen::inRange(0, 4), rc::gen::inRange(-1, 3)));
  const auto rows_per_batch = *rc::gen::inRange<size_t>(1, 20);
  std::map<std::string, std::vector<int64_t>> expected;
  arrow::RecordBatchVector batches;
  const auto schema =
      arrow::schema({arrow::field("a", arrow::int8()), arrow::field("v", arrow::int64()),
                     arrow::field("b", arrow::utf8())});
  for (size_t first = 0; first < keys.size(); first += rows_per_batch) {
    std::string a;
    std::string b;
    std::string v;
    for (size_t row = first; row < std::min(first + rows_per_batch, keys.size()); ++row) {
      const std::string comma = row == first ? "" : ",";
      const auto& [key, other] = keys[row];
      a += comma + std::to_string(key);
      b += comma + (other < 0 ? "null" : "\"" + std::to_string(other) + "\"");
      v += comma + std::to_string(row);
      expected["a=" + std::to_string(key) +
               "/b=" + (other < 0 ? std::string(kNullPartition) : std::to_string(other))]
          .push_back(static_cast<int64_t>(row));
    }
    const auto column = FromJson(arrow::int8(), "[" + a + "]");
    batches.push_back(arrow::RecordBatch::Make(
        schema, column->length(),
        {column, FromJson(arrow::int64(), "[" + v + "]"), FromJson(arrow::utf8(), "[" + b + "]")}));
  }
  const auto reader = ReaderOf(schema, batches);
  const auto report =
      WriteFile(*reader, {.path = Path("p"),
                          .parquet = {.row_group_rows = *rc::gen::inRange<int64_t>(1, 9)},
                          .overwrite = true,
                          .sync = false,
                          .partition_by = {"a", "b"},
                          .max_open_files = *rc::gen::inRange(1, 4)});
  if (!report.ok()) RC_FAIL(report.status().ToString());
  std::map<std::string, std::vector<int64_t>> found;
  for (const auto& [directory, rows] : expected) {
    for (int part = 0;; ++part) {
      const std::string name = "p/" + directory + "/part-" + std::to_string(part) + ".parquet";
      if (!std::filesystem::exists(Path(name))) break;
      const auto values = ValuesIn(name);
      found[directory].insert(found[directory].end(), values.begin(), values.end());
    }
  }
  RC_ASSERT(found == expected);
}

}  // namespace
}  // namespace headrace::codec
