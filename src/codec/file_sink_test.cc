#include "codec/file_sink.h"

#include <csignal>
#include <fstream>

#include <arrow/buffer.h>
#include <arrow/io/memory.h>
#include <arrow/record_batch.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "codec/sample_batch.h"
#include "codec/written_files.h"
#include "headrace/error_code.h"

namespace headrace::codec {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class FileSink : public FileSinkFixture {
 protected:
  static Result<FileSinkReport> Write(const arrow::RecordBatchVector& batches,
                                      const FileSinkOptions& options, Status end = Status::OK()) {
    const auto reader = ReaderOf(batches.front()->schema(), batches, std::move(end));
    return WriteFile(*reader, options);
  }
};

TEST_F(FileSink, ArrowAndParquetReadBackEqual) {
  const arrow::RecordBatchVector batches = {SampleBatch(1000, 1), SampleBatch(0, 2),
                                            SampleBatch(37, 3)};
  for (const std::string name : {"x.parquet", "x.arrow", "x.arrows"}) {
    SCOPED_TRACE(name);
    const auto report = Write(batches, {.path = Path(name)});
    ASSERT_TRUE(report.ok()) << report.status();
    EXPECT_EQ(report->rows, 1037);
    EXPECT_EQ(report->files, 1);
    EXPECT_EQ(report->bytes, static_cast<int64_t>(std::filesystem::file_size(Path(name))));
    const auto read = ReadTable(Path(name));
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_TRUE(SameRows(**read, *TableOf(batches)));
  }
  EXPECT_THAT(Names(), ElementsAre("x.arrow", "x.arrows", "x.parquet"));
}

TEST_F(FileSink, TextIsWrittenPlainOrCompressed) {
  const auto batch = BatchOf(FromJson(arrow::utf8(), R"(["a", null, "b,c"])"));
  const std::vector<std::pair<std::string, std::string>> expected = {
      {"x.csv", "\"x\"\n\"a\"\n\n\"b,c\"\n"},
      {"x.ndjson", "{\"x\":\"a\"}\n{\"x\":null}\n{\"x\":\"b,c\"}\n"},
      {"x.jsonl", "{\"x\":\"a\"}\n{\"x\":null}\n{\"x\":\"b,c\"}\n"},
      {"x.json", "[{\"x\":\"a\"},{\"x\":null},{\"x\":\"b,c\"}]\n"}};
  for (const auto& [name, text] : expected) {
    for (const std::string suffix : {"", ".gz", ".zst"}) {
      SCOPED_TRACE(name + suffix);
      const auto report = Write({batch}, {.path = Path(name + suffix)});
      ASSERT_TRUE(report.ok()) << report.status();
      const auto read = ReadText(Path(name + suffix));
      ASSERT_TRUE(read.ok()) << read.status();
      EXPECT_EQ(*read, text);
      EXPECT_EQ(report->bytes,
                static_cast<int64_t>(std::filesystem::file_size(Path(name + suffix))));
    }
  }
}

TEST_F(FileSink, ReadersWithoutRowsOrColumnsGiveValidFiles) {
  const auto schema = SampleBatch(1)->schema();
  const auto none = arrow::schema(arrow::FieldVector{});
  for (const std::string name : {"x.parquet", "x.arrow", "x.arrows"}) {
    for (const auto& wanted : {schema, none}) {
      for (const auto& batches :
           {arrow::RecordBatchVector{}, {arrow::RecordBatch::MakeEmpty(wanted).ValueOrDie()}}) {
        SCOPED_TRACE(name + " " + wanted->ToString());
        const auto reader = ReaderOf(wanted, batches);
        const auto report = WriteFile(*reader, {.path = Path(name)});
        ASSERT_TRUE(report.ok()) << report.status();
        const auto read = ReadTable(Path(name));
        ASSERT_TRUE(read.ok()) << read.status();
        EXPECT_TRUE((*read)->schema()->Equals(*wanted, false)) << (*read)->schema()->ToString();
        EXPECT_EQ((*read)->num_rows(), 0);
      }
    }
  }
  for (const auto& [name, text] : std::vector<std::pair<std::string, std::string>>{
           {"x.csv", "\"i\",\"d\",\"b\",\"s\",\"t\"\n"}, {"x.ndjson", ""}, {"x.json", "[]\n"}}) {
    const auto reader = ReaderOf(schema, {});
    ASSERT_TRUE(WriteFile(*reader, {.path = Path(name)}).ok());
    EXPECT_EQ(ReadText(Path(name)).ValueOrDie(), text);
  }
}

TEST_F(FileSink, RowsWithoutColumnsAreRefusedWhereTheyWouldBeLost) {
  const auto rows =
      arrow::RecordBatch::Make(arrow::schema(arrow::FieldVector{}), 3, arrow::ArrayVector{});
  EXPECT_EQ(CodeOf(Write({rows}, {.path = Path("x.parquet")}).status()), ErrorCode::kTypeMismatch);
  ASSERT_TRUE(Write({rows}, {.path = Path("x.arrow")}).ok());
  EXPECT_THAT(Names(), ElementsAre("x.arrow"));
}

TEST_F(FileSink, BatchesAreCutAndGathered) {
  arrow::RecordBatchVector batches = {SampleBatch(2500)};
  for (uint32_t i = 0; i < 500; ++i) batches.push_back(SampleBatch(1, i));
  const auto table = TableOf(batches);
  ASSERT_TRUE(
      Write(batches, {.path = Path("x.parquet"), .parquet = {.row_group_rows = 1000}}).ok());
  EXPECT_THAT(ShapeOf(Path("x.parquet"))->row_group_rows, ElementsAre(1000, 1000, 1000));
  EXPECT_TRUE(SameRows(**ReadTable(Path("x.parquet")), *table));

  ASSERT_TRUE(Write(batches, {.path = Path("x.arrow"), .record_batch_rows = 1000}).ok());
  const auto read = ReadTable(Path("x.arrow")).ValueOrDie();
  EXPECT_EQ(read->column(0)->num_chunks(), 3);
  EXPECT_TRUE(SameRows(*read, *table));
}

RC_GTEST_FIXTURE_PROP(FileSink, AnyBatchesReadBackEqual, ()) {
  const auto sizes = *rc::gen::container<std::vector<int64_t>>(rc::gen::inRange<int64_t>(0, 60));
  const auto group = *rc::gen::inRange<int64_t>(1, 200);
  const auto compression = *rc::gen::elementOf(std::vector<FileCompression>{
      FileCompression::kNone, FileCompression::kZstd, FileCompression::kLz4});
  arrow::RecordBatchVector batches = {SampleBatch(1)};
  for (const int64_t rows : sizes) {
    // A slice, so that offsets and bits do not begin at 0.
    batches.push_back(SampleBatch(rows + 3, static_cast<uint32_t>(rows))->Slice(3));
  }
  for (const std::string name : {"p.parquet", "p.arrow", "p.arrows"}) {
    const auto report = Write(batches, {.path = Path(name),
                                        .compression = compression,
                                        .parquet = {.row_group_rows = group},
                                        .record_batch_rows = group,
                                        .sync = false});
    RC_ASSERT(report.ok());
    RC_ASSERT(SameRows(**ReadTable(Path(name)), *TableOf(batches)));
  }
}

TEST_F(FileSink, OptionsAreChecked) {
  const auto code = [&](FileSinkOptions options) {
    if (options.path.empty()) options.path = Path("x.parquet");
    return CodeOf(Write({SampleBatch(3)}, options).status());
  };
  EXPECT_EQ(code({.path = Path("x.txt")}), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code({.path = Path("x")}), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code({.path = Path("x.parquet.gz")}), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code({.compression = FileCompression::kSnappy, .compression_level = 3}),
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(code({.compression_level = 1000}), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code({.path = Path("x.csv"), .compression = FileCompression::kSnappy}),
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(code({.parquet = {.row_group_rows = 0}}), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code({.parquet = {.bloom_filter_columns = {"none"}}}), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code({.parquet = {.bloom_filter_columns = {"b"}}}), ErrorCode::kTypeMismatch);
  EXPECT_EQ(code({.memory_limit_bytes = 1000}), ErrorCode::kInvalidArgument);
  EXPECT_THAT(Names(), IsEmpty());
}

TEST_F(FileSink, AFileIsReplacedUnlessThatIsForbidden) {
  WriteText(Path("x.csv"), "before");
  EXPECT_EQ(CodeOf(Write({SampleBatch(3)}, {.path = Path("x.csv"), .overwrite = false}).status()),
            ErrorCode::kNameExists);
  EXPECT_EQ(*ReadText(Path("x.csv")), "before");
  ::chmod(Path("x.csv").c_str(), 0640);
  ASSERT_TRUE(Write({SampleBatch(3)}, {.path = Path("x.csv")}).ok());
  EXPECT_NE(*ReadText(Path("x.csv")), "before");
  struct stat info = {};
  ASSERT_EQ(::stat(Path("x.csv").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0640U);
  ASSERT_TRUE(Write({SampleBatch(3)}, {.path = Path("y.csv"), .overwrite = false}).ok());
  EXPECT_THAT(Names(), ElementsAre("x.csv", "y.csv"));
}

TEST_F(FileSink, ALinkIsFollowed) {
  WriteText(Path("real.csv"), "before");
  std::filesystem::create_symlink("real.csv", Path("link.csv"));
  ASSERT_TRUE(Write({SampleBatch(3)}, {.path = Path("link.csv")}).ok());
  EXPECT_TRUE(std::filesystem::is_symlink(Path("link.csv")));
  EXPECT_NE(*ReadText(Path("real.csv")), "before");
}

TEST_F(FileSink, AFailingReaderLeavesWhatWasThere) {
  for (const std::string name : {"x.parquet", "x.arrow", "x.arrows", "x.csv.gz", "x.json"}) {
    SCOPED_TRACE(name);
    WriteText(Path(name), "before");
    const auto report =
        Write({SampleBatch(5000)}, {.path = Path(name), .parquet = {.row_group_rows = 100}},
              MakeError(ErrorCode::kCorruptFile, "the source is damaged"));
    EXPECT_EQ(CodeOf(report.status()), ErrorCode::kCorruptFile);
    std::ifstream file(Path(name));
    EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), "before");
  }
  EXPECT_EQ(Names().size(), 5U);
}

TEST_F(FileSink, StopsWhenAsked) {
  for (const std::string name : {"x.parquet", "x.ndjson"}) {
    std::stop_source source;
    int64_t calls = 0;
    FileSinkOptions options = {.path = Path(name), .stop = source.get_token()};
    options.on_progress = [&](const FileSinkProgress& progress) {
      EXPECT_EQ(progress.rows, ++calls * 10);
      if (calls == 3) source.request_stop();
    };
    const auto report = Write(arrow::RecordBatchVector(5, SampleBatch(10)), options);
    EXPECT_EQ(CodeOf(report.status()), ErrorCode::kCancelled);
    EXPECT_EQ(calls, 3);
  }
  EXPECT_THAT(Names(), IsEmpty());
}

TEST_F(FileSink, FailuresOfTheFileSystemNameThePath) {
  const auto failing = [&](const std::string& path) {
    const auto status = Write({SampleBatch(100'000)}, {.path = path}).status();
    EXPECT_THAT(status.message(), ::testing::HasSubstr(path));
    return CodeOf(status);
  };
  EXPECT_EQ(failing(Path("none/x.parquet")), ErrorCode::kIOError);
  std::filesystem::create_directory(Path("d.parquet"));
  EXPECT_EQ(failing(Path("d.parquet")), ErrorCode::kIOError);
  WriteText(Path("file"), "");
  EXPECT_EQ(failing(Path("file/x.csv")), ErrorCode::kIOError);
  if (::geteuid() != 0) {
    std::filesystem::create_directory(Path("locked"));
    ::chmod(Path("locked").c_str(), 0500);
    EXPECT_EQ(failing(Path("locked/x.csv")), ErrorCode::kIOError);
  }
}

// A limit on the size of files is what a full disk is, without one.
TEST_F(FileSink, AFullDiskLeavesWhatWasThere) {
  rlimit before = {};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  for (const std::string name : {"x.parquet", "x.arrow", "x.arrows", "x.csv", "x.ndjson.zst"}) {
    SCOPED_TRACE(name);
    WriteText(Path(name), "before");
    const rlimit small = {.rlim_cur = 10'000, .rlim_max = before.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
    const auto report = Write({SampleBatch(100'000)}, {.path = Path(name)});
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
    EXPECT_EQ(CodeOf(report.status()), ErrorCode::kIOError) << report.status();
    EXPECT_THAT(report.status().message(), ::testing::HasSubstr(name));
    EXPECT_EQ(std::filesystem::file_size(Path(name)), 6U);
  }
  std::signal(SIGXFSZ, handler);
  EXPECT_EQ(Names().size(), 5U);
}

TEST_F(FileSink, DevicesAreWrittenAsTheyAre) {
  const auto to = [&](const std::string& path, Format format) {
    return Write({SampleBatch(10'000)}, {.path = path, .format = format});
  };
  ASSERT_TRUE(to("/dev/null", Format::kParquet).ok());
  EXPECT_TRUE(std::filesystem::is_character_file("/dev/null"));
  EXPECT_EQ(CodeOf(to("/dev/full", Format::kCsv).status()), ErrorCode::kIOError);
  EXPECT_EQ(CodeOf(to("/dev/full", Format::kParquet).status()), ErrorCode::kIOError);
}

TEST_F(FileSink, AStreamGetsTheSameBytes) {
  const auto batch = SampleBatch(1000);
  for (const Format format : {Format::kParquet, Format::kArrowFile, Format::kCsv}) {
    const auto stream = arrow::io::BufferOutputStream::Create().ValueOrDie();
    const auto reader = ReaderOf(batch->schema(), {batch});
    const auto report = WriteToStream(*reader, *stream, {.format = format});
    ASSERT_TRUE(report.ok()) << report.status();
    EXPECT_FALSE(stream->closed());
    const auto bytes = stream->Finish().ValueOrDie();
    EXPECT_EQ(report->bytes, bytes->size());
    const std::string name = "x" + ExtensionOf({format, FileCompression::kNone});
    ASSERT_TRUE(Write({batch}, {.path = Path(name)}).ok());
    EXPECT_EQ(*ReadText(Path(name)), bytes->ToString());
  }
}

}  // namespace
}  // namespace headrace::codec
