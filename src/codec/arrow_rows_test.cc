#include "codec/arrow_rows.h"

#include <cstring>
#include <random>
#include <string>
#include <vector>

#include <arrow/array.h>
#include <arrow/buffer.h>
#include <arrow/memory_pool.h>
#include <arrow/record_batch.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <gtest/gtest.h>

#include "codec/sample_batch.h"
#include "headrace/error_code.h"

namespace headrace::codec {
namespace {

using Batches = std::vector<std::shared_ptr<arrow::RecordBatch>>;

std::string BodyOf(Format format, const Batches& batches) {
  return Encode(format, ReaderOf(SampleBatch(0)->schema(), batches)).ValueOrDie();
}

Result<std::shared_ptr<arrow::RecordBatchReader>> Open(Format format,
                                                       std::shared_ptr<arrow::Buffer> body,
                                                       arrow::MemoryPool* pool) {
  switch (format) {
    case Format::kParquet: return OpenParquetBody(std::move(body), pool);
    case Format::kCsv: return OpenCsvBody(std::move(body), pool);
    case Format::kNdjson: return OpenNdjsonBody(std::move(body), pool);
    default: return OpenArrowBody(std::move(body), format, pool);
  }
}

Result<std::shared_ptr<arrow::RecordBatchReader>> Open(Format format, const std::string& bytes,
                                                       arrow::MemoryPool* pool = nullptr) {
  // A copy of its own, so that a sanitizer sees a read past the end.
  return Open(format, arrow::Buffer::FromString(bytes), pool);
}

Result<std::shared_ptr<arrow::Table>> ReadAll(Format format, const std::string& bytes) {
  ARROW_ASSIGN_OR_RAISE(const auto reader, Open(format, bytes));
  return reader->ToTable();
}

bool IsBodyFault(const Status& status) {
  const ErrorCode code = CodeOf(status);
  return code == ErrorCode::kMalformedBody || code == ErrorCode::kMemoryLimit;
}

TEST(ArrowRowsTest, ABodyIsNotCopied) {
  const auto body = arrow::Buffer::FromString(BodyOf(Format::kArrowStream, {SampleBatch(1000)}));
  const auto reader = OpenArrowBody(body, Format::kArrowStream).ValueOrDie();
  const auto batch = reader->Next().ValueOrDie();
  const uint8_t* const values = batch->column(1)->data()->buffers[1]->data();
  EXPECT_GE(values, body->data());
  EXPECT_LT(values, body->data() + body->size());
}

TEST(ArrowRowsTest, AMisalignedBodyIsReadAligned) {
  const std::string bytes = "x" + BodyOf(Format::kArrowStream, {SampleBatch(100)});
  const auto body = arrow::SliceBuffer(arrow::Buffer::FromString(bytes), 1);
  const auto reader = OpenArrowBody(body, Format::kArrowStream).ValueOrDie();
  const auto batch = reader->Next().ValueOrDie();
  EXPECT_EQ(reinterpret_cast<uintptr_t>(batch->column(1)->data()->buffers[1]->data()) % 8, 0);
  EXPECT_TRUE(
      batch->Equals(*SampleBatch(100), false, arrow::EqualOptions::Defaults().nans_equal(true)));
}

TEST(ArrowRowsTest, GarbageIsMalformed) {
  for (const Format format : {Format::kArrowStream, Format::kArrowFile, Format::kParquet}) {
    for (const std::string& bytes :
         {std::string("x"), std::string("{\"a\":1}"), std::string(1000, '\xFF'),
          std::string(1000, '\0'), std::string("ARROW1"), std::string("PAR1PAR1PAR1")}) {
      const auto table = ReadAll(format, bytes);
      if (table.ok()) {
        // Zeros are an end mark: a stream without a schema is refused, whatever follows.
        ADD_FAILURE() << Describe(format).name << " of " << bytes.size() << " bytes";
        continue;
      }
      EXPECT_EQ(CodeOf(table.status()), ErrorCode::kMalformedBody)
          << Describe(format).name << ": " << table.status();
    }
    EXPECT_EQ(CodeOf(ReadAll(format, "").status()), ErrorCode::kMalformedBody);
  }
  EXPECT_EQ(CodeOf(ReadAll(Format::kCsv, "").status()), ErrorCode::kMalformedBody);
  EXPECT_EQ(CodeOf(ReadAll(Format::kCsv, "a,b\n1\n").status()), ErrorCode::kMalformedBody);
}

TEST(ArrowRowsTest, ATruncatedStreamIsMalformedOrEndsBetweenMessages) {
  const auto first = SampleBatch(3);
  const auto second = SampleBatch(2, 2);
  const std::string bytes = BodyOf(Format::kArrowStream, {first, second});
  int whole = 0;
  for (size_t size = 0; size < bytes.size(); ++size) {
    const auto table = ReadAll(Format::kArrowStream, bytes.substr(0, size));
    if (!table.ok()) {
      EXPECT_EQ(CodeOf(table.status()), ErrorCode::kMalformedBody) << size << table.status();
      continue;
    }
    const int64_t rows = (*table)->num_rows();
    EXPECT_TRUE(rows == 0 || rows == 3 || rows == 5) << size;
    ++whole;
  }
  EXPECT_GE(whole, 3);   // after the schema and after each batch
  EXPECT_LE(whole, 27);  // and inside the mark that follows there
}

TEST(ArrowRowsTest, ATruncatedFileIsMalformed) {
  for (const Format format : {Format::kArrowFile, Format::kParquet}) {
    const std::string bytes = BodyOf(format, {SampleBatch(3)});
    for (size_t size = 0; size < bytes.size(); ++size) {
      const auto table = ReadAll(format, bytes.substr(0, size));
      ASSERT_FALSE(table.ok()) << Describe(format).name << " at " << size;
      EXPECT_EQ(CodeOf(table.status()), ErrorCode::kMalformedBody) << size << table.status();
    }
  }
}

/// What is read of changed bytes may be anything, but not a crash, nor a batch that is not sound.
TEST(ArrowRowsTest, ChangedBytesGiveSoundBatchesOrAFault) {
  std::mt19937 random(20240601);
  for (const Format format :
       {Format::kArrowStream, Format::kArrowFile, Format::kParquet, Format::kCsv}) {
    const std::string bytes = BodyOf(format, {SampleBatch(20), SampleBatch(9, 2)});
    for (int round = 0; round < 1500; ++round) {
      std::string changed = bytes;
      for (unsigned flips = 1 + random() % 3; flips > 0; --flips) {
        changed[random() % changed.size()] = static_cast<char>(random());
      }
      arrow::CappedMemoryPool pool(arrow::default_memory_pool(), 64 << 20);
      const auto reader = Open(format, changed, &pool);
      if (!reader.ok()) {
        EXPECT_TRUE(IsBodyFault(reader.status())) << reader.status();
        continue;
      }
      while (true) {
        const auto batch = (*reader)->Next();
        if (!batch.ok()) {
          EXPECT_TRUE(IsBodyFault(batch.status())) << batch.status();
        }
        if (!batch.ok() || *batch == nullptr) break;
        ASSERT_TRUE((*batch)->ValidateFull().ok());
      }
    }
  }
}

/// A string column whose offsets or bytes lie, written without the writer's checks.
std::shared_ptr<arrow::RecordBatch> StringBatch(std::vector<int32_t> offsets, std::string text) {
  const auto rows = static_cast<int64_t>(offsets.size()) - 1;
  const auto data = arrow::ArrayData::Make(
      arrow::utf8(), rows,
      {nullptr, arrow::Buffer::FromVector(std::move(offsets)), arrow::Buffer::FromString(text)}, 0);
  return arrow::RecordBatch::Make(arrow::schema({arrow::field("s", arrow::utf8())}), rows,
                                  {arrow::MakeArray(data)});
}

TEST(ArrowRowsTest, OffsetsAndTextAreCheckedBeforeAnybodyReadsThem) {
  const auto code_of = [](const std::shared_ptr<arrow::RecordBatch>& batch) {
    const auto bytes =
        Encode(Format::kArrowStream, ReaderOf(batch->schema(), {batch})).ValueOrDie();
    const auto reader = Open(Format::kArrowStream, bytes).ValueOrDie();
    const auto read = reader->Next();
    return read.ok() ? std::string("fine") : std::string(Describe(CodeOf(read.status())).name);
  };
  EXPECT_EQ(code_of(StringBatch({0, 1, 3}, "abc")), "fine");
  EXPECT_EQ(code_of(StringBatch({0, 1, 3}, "a\xFFz")), "malformed_body");
  EXPECT_EQ(code_of(StringBatch({0, 900, 3}, "abc")), "malformed_body");
  EXPECT_EQ(code_of(StringBatch({0, 2, 1, 3}, "abc")), "malformed_body");
}

TEST(ArrowRowsTest, CsvTypesAreTakenFromTheText) {
  const auto table = ReadAll(Format::kCsv,
                             "i,d,b,s,t\n"
                             "1,1.5,true,NA,2024-01-02T03:04:05Z\n"
                             ",nan,,\"\",\n")
                         .ValueOrDie();
  EXPECT_EQ(table->schema()->field(0)->type()->ToString(), "int64");
  EXPECT_EQ(table->schema()->field(1)->type()->ToString(), "double");
  EXPECT_EQ(table->schema()->field(2)->type()->ToString(), "bool");
  EXPECT_EQ(table->schema()->field(3)->type()->ToString(), "string");
  EXPECT_EQ(table->schema()->field(4)->type()->id(), arrow::Type::TIMESTAMP);
  EXPECT_EQ(table->column(0)->null_count(), 1);
  EXPECT_EQ(table->column(1)->null_count(), 0);
  EXPECT_EQ(table->column(3)->null_count(), 0);
}

// A thread that read ahead must not hold anything of a pool that may be gone by then.
TEST(ArrowRowsTest, NothingIsHeldOnceAReaderIsGone) {
  for (const Format format : {Format::kArrowStream, Format::kArrowFile, Format::kParquet,
                              Format::kCsv, Format::kNdjson}) {
    const auto body = arrow::Buffer::FromString(BodyOf(format, {SampleBatch(100)}));
    for (int round = 0; round < 100; ++round) {
      arrow::ProxyMemoryPool pool(arrow::default_memory_pool());
      ASSERT_GT(Open(format, body, &pool).ValueOrDie()->ToTable().ValueOrDie()->num_rows(), 0);
      ASSERT_EQ(pool.bytes_allocated(), 0) << static_cast<int>(format);
      ASSERT_EQ(body.use_count(), 1) << static_cast<int>(format);
    }
  }
}

}  // namespace
}  // namespace headrace::codec
