#include "codec/encoder.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <arrow/array.h>
#include <arrow/buffer.h>
#include <arrow/memory_pool.h>
#include <arrow/record_batch.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <gtest/gtest.h>

#include "codec/arrow_rows.h"
#include "codec/json_rows.h"
#include "codec/sample_batch.h"
#include "headrace/error_code.h"
#include "testing/batches.h"

namespace headrace::codec {
namespace {

using Batches = std::vector<std::shared_ptr<arrow::RecordBatch>>;

std::shared_ptr<arrow::Schema> SampleSchema() { return SampleBatch(0)->schema(); }

/// Ways to cut the same and other rows into batches; slices begin and end at odd places.
std::vector<Batches> Shapes() {
  const auto whole = SampleBatch(1000);
  return {
      {},
      {SampleBatch(0)},
      {SampleBatch(1)},
      {whole},
      {SampleBatch(0), SampleBatch(3), SampleBatch(0), SampleBatch(2, 2), SampleBatch(0)},
      {whole->Slice(0, 7), whole->Slice(7, 9), whole->Slice(16, 1), whole->Slice(17, 983)},
      {whole->Slice(0, 1), whole->Slice(333, 333)},
  };
}

std::shared_ptr<arrow::Table> TableOf(const Batches& batches) {
  return arrow::Table::FromRecordBatches(SampleSchema(), batches).ValueOrDie();
}

std::string EncodeOrFail(Format format, const Batches& batches, const EncodeOptions& options = {}) {
  auto text = Encode(format, ReaderOf(SampleSchema(), batches), options);
  EXPECT_TRUE(text.ok()) << Describe(format).name << ": " << text.status();
  return text.ok() ? *std::move(text) : "";
}

void ExpectEqual(const arrow::Table& actual, const arrow::Table& expected, std::string_view what) {
  EXPECT_TRUE(actual.schema()->Equals(*expected.schema(), /*check_metadata=*/false)) << what;
  EXPECT_TRUE(actual.Equals(expected, arrow::EqualOptions::Defaults().nans_equal(true)))
      << what << "\n"
      << actual.ToString() << "\nexpected\n"
      << expected.ToString();
}

TEST(EncoderTest, ArrowFormatsAndParquetReadBackTheSame) {
  for (const Batches& batches : Shapes()) {
    for (const Format format : {Format::kArrowStream, Format::kArrowFile, Format::kParquet}) {
      const auto body = arrow::Buffer::FromString(EncodeOrFail(format, batches));
      auto reader =
          format == Format::kParquet ? OpenParquetBody(body) : OpenArrowBody(body, format);
      ASSERT_TRUE(reader.ok()) << reader.status();
      const auto table = (*reader)->ToTable();
      ASSERT_TRUE(table.ok()) << table.status();
      ExpectEqual(**table, *TableOf(batches), Describe(format).name);
    }
  }
}

TEST(EncoderTest, CsvReadsBackTheSame) {
  for (const Batches& batches : Shapes()) {
    const std::string text = EncodeOrFail(Format::kCsv, batches);
    const auto expected = TableOf(batches);
    EXPECT_TRUE(text.starts_with("\"i\",\"d\",\"b\",\"s\",\"t\"\n")) << text.substr(0, 40);
    if (expected->num_rows() == 0) {
      EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1);
      continue;
    }
    auto reader = OpenCsvBody(arrow::Buffer::FromString(text));
    ASSERT_TRUE(reader.ok()) << reader.status();
    const auto table = (*reader)->ToTable();
    ASSERT_TRUE(table.ok()) << table.status();
    ExpectEqual(**table, *expected, text.substr(0, 2000));
  }
}

/// NDJSON and JSON rows hold what WriteJsonRows writes of each batch (whose cells json_fuzz_test
/// compares).
TEST(EncoderTest, JsonFormatsHoldTheRowsOfAllBatches) {
  for (const Batches& batches : Shapes()) {
    std::string list;
    for (const auto& batch : batches) {
      std::string rows;
      ASSERT_TRUE(WriteJsonRows(*batch, &rows).ok());
      if (rows.size() > 2) list += (list.empty() ? "" : ",") + rows.substr(1, rows.size() - 2);
    }
    EXPECT_EQ(EncodeOrFail(Format::kJsonRows, batches), "[" + list + "]");
    std::string lines = EncodeOrFail(Format::kNdjson, batches);
    RowBatch rows;
    JsonRowsParser parser;
    ASSERT_TRUE(parser.ParseNdjson(lines, &rows).ok());
    EXPECT_EQ(rows.num_rows(), TableOf(batches)->num_rows());
    if (!lines.empty()) {
      EXPECT_EQ(lines.back(), '\n');
      lines.pop_back();
    }
    std::replace(lines.begin(), lines.end(), '\n', ',');
    EXPECT_EQ(lines, list);
  }
}

TEST(EncoderTest, JsonColumnsHoldAListForEachColumn) {
  const auto batch = testing::Numbers(1, 3);
  const auto text = [](const arrow::RecordBatchVector& batches) {
    return *Encode(Format::kJsonColumns, ReaderOf(batches.front()->schema(), batches));
  };
  EXPECT_EQ(text({batch}), R"({"a":[1,2,3],"b":[0.5,1.0,null]})");
  EXPECT_EQ(text({batch->Slice(0, 1), batch->Slice(1, 0), batch->Slice(1, 2)}), text({batch}));
  EXPECT_EQ(text({batch->Slice(0, 0)}), R"({"a":[],"b":[]})");
  EXPECT_EQ(text({*batch->SelectColumns({})}), "{}");
}

TEST(EncoderTest, ArrowBuffersArePackedOnRequest) {
  const Batches batches = {SampleBatch(5000)};
  for (const Format format : {Format::kArrowStream, Format::kArrowFile}) {
    const std::string plain = EncodeOrFail(format, batches);
    for (const auto packing : {IpcCompression::kZstd, IpcCompression::kLz4}) {
      const std::string packed = EncodeOrFail(format, batches, {.ipc_compression = packing});
      EXPECT_LT(packed.size(), plain.size());
      const auto read = OpenArrowBody(arrow::Buffer::FromString(packed), format);
      ExpectEqual(**(*read)->ToTable(), *TableOf(batches), Describe(format).name);
    }
  }
}

TEST(EncoderTest, TheSizeOfChunksChangesNoByte) {
  const auto batch = SampleBatch(500);
  for (const FormatInfo& format : Formats()) {
    const std::string whole = EncodeOrFail(format.format, {batch, batch});
    for (const int64_t target : {int64_t{0}, int64_t{1}, int64_t{1000}, int64_t{1} << 30}) {
      EXPECT_EQ(EncodeOrFail(format.format, {batch, batch}, {.target_chunk_bytes = target}), whole)
          << format.name << " in chunks of " << target;
    }
  }
}

TEST(EncoderTest, TextComesInChunksOfAboutTheTarget) {
  constexpr int64_t kTarget = 100'000;
  for (const Format format : {Format::kCsv, Format::kNdjson, Format::kJsonRows}) {
    const auto batch = FeatureBatch(5000, 20);
    const auto encoder =
        MakeEncoder(format, ReaderOf(batch->schema(), {batch}), {.target_chunk_bytes = kTarget})
            .ValueOrDie();
    int chunks = 0;
    while (true) {
      const int64_t bytes = ChunkBytes(encoder->Next().ValueOrDie());
      if (bytes == 0) break;
      EXPECT_LT(bytes, 2 * kTarget);
      ++chunks;
    }
    EXPECT_GT(chunks, 10) << Describe(format).name;
  }
}

/// Whether the buffer's bytes are those of the column at `row`, not a copy.
bool LiesIn(const Chunk& chunk, const arrow::Array& column, int64_t row) {
  const uint8_t* const values = column.data()->buffers[1]->data() + (column.offset() + row) * 8;
  return std::any_of(chunk.begin(), chunk.end(),
                     [&](const auto& buffer) { return buffer->data() == values; });
}

TEST(EncoderTest, ArrowFormatsCopyNoColumnOfEightBytesEvenOfASlice) {
  const auto whole = SampleBatch(4096);
  for (const Format format : {Format::kArrowStream, Format::kArrowFile}) {
    for (const auto& batch : {whole, whole->Slice(1, 4001), whole->Slice(1029)}) {
      const auto encoder = MakeEncoder(format, ReaderOf(batch->schema(), {batch})).ValueOrDie();
      const Chunk chunk = encoder->Next().ValueOrDie();
      for (const int column : {0, 1, 4}) {
        EXPECT_TRUE(LiesIn(chunk, *batch->column(column), 0)) << column;
      }
      EXPECT_GE(ChunkBytes(chunk), 3 * 8 * batch->num_rows());
    }
  }
}

TEST(EncoderTest, AChunkOutlivesItsEncoderAndBatch) {
  auto batch = SampleBatch(4096);
  auto encoder = MakeEncoder(Format::kArrowStream, ReaderOf(batch->schema(), {batch})).ValueOrDie();
  const std::string expected = EncodeOrFail(Format::kArrowStream, {batch});
  const Chunk chunk = encoder->Next().ValueOrDie();
  encoder.reset();
  batch.reset();
  std::string bytes;
  for (const auto& buffer : chunk) {
    bytes += buffer->ToString();
  }
  EXPECT_TRUE(expected.starts_with(bytes));
}

TEST(EncoderTest, ChunksComeBeforeTheReaderIsExhausted) {
  for (const FormatInfo& format : Formats()) {
    // These hold a row group back, and all rows.
    if (format.format == Format::kParquet || format.format == Format::kJsonColumns) continue;
    int reads = 0;
    const Batches batches(10, SampleBatch(200));
    const auto encoder = MakeEncoder(format.format, ReaderOf(SampleSchema(), batches, {}, &reads),
                                     {.target_chunk_bytes = 1000})
                             .ValueOrDie();
    EXPECT_EQ(reads, 0) << format.name;
    EXPECT_GT(ChunkBytes(encoder->Next().ValueOrDie()), 0) << format.name;
    EXPECT_EQ(reads, 1) << format.name;
    ASSERT_TRUE(Drain(encoder.get()).ok());
    EXPECT_EQ(reads, 11) << format.name;
    EXPECT_TRUE(encoder->Next().ValueOrDie().empty()) << format.name;
    EXPECT_EQ(reads, 11) << format.name << " reads on after the end";
  }
}

TEST(EncoderTest, AnErrorOfTheReaderSurfacesAndStays) {
  const Status fault = MakeError(ErrorCode::kCancelled, "the reader gave up");
  for (const FormatInfo& format : Formats()) {
    for (const Batches& batches :
         {Batches{}, Batches{SampleBatch(5)}, Batches(3, SampleBatch(900))}) {
      const auto encoder =
          MakeEncoder(format.format, ReaderOf(SampleSchema(), batches, fault)).ValueOrDie();
      const auto all = Drain(encoder.get());
      ASSERT_FALSE(all.ok()) << format.name;
      EXPECT_EQ(CodeOf(all.status()), ErrorCode::kCancelled) << format.name;
      EXPECT_EQ(CodeOf(encoder->Next().status()), ErrorCode::kCancelled) << format.name;
    }
  }
}

TEST(EncoderTest, AReaderThatFailsAtOnceGivesNoByte) {
  for (const FormatInfo& format : Formats()) {
    const auto encoder =
        MakeEncoder(format.format, ReaderOf(SampleSchema(), {}, Status::IOError("no")))
            .ValueOrDie();
    EXPECT_FALSE(encoder->Next().ok()) << format.name;
  }
}

TEST(EncoderTest, MemoryIsThatOfThePoolAndAllOfItComesBack) {
  for (const FormatInfo& format : Formats()) {
    arrow::ProxyMemoryPool pool(arrow::default_memory_pool());
    {
      const auto all =
          Encode(format.format, ReaderOf(SampleSchema(), {SampleBatch(2000)}), {.pool = &pool});
      ASSERT_TRUE(all.ok()) << format.name << ": " << all.status();
    }
    EXPECT_GT(pool.max_memory(), 0) << format.name;
    EXPECT_EQ(pool.bytes_allocated(), 0) << format.name;
  }
}

TEST(EncoderTest, ARefusedAllocationIsAnError) {
  for (const Format format : {Format::kCsv, Format::kNdjson, Format::kJsonRows}) {
    arrow::CappedMemoryPool pool(arrow::default_memory_pool(), 10'000);
    const auto all = Encode(format, ReaderOf(SampleSchema(), {SampleBatch(2000)}), {.pool = &pool});
    ASSERT_FALSE(all.ok()) << Describe(format).name;
    EXPECT_EQ(CodeOf(all.status()), ErrorCode::kMemoryLimit) << all.status();
  }
}

}  // namespace
}  // namespace headrace::codec
