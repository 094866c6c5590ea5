#include "delivery/body_reader.h"

#include <arrow/api.h>
#include <arrow/io/memory.h>
#include <arrow/ipc/writer.h>
#include <gtest/gtest.h>
#include <parquet/arrow/writer.h>
#include <rapidcheck.h>

#include "headrace/error_code.h"
#include "headrace/memory_budget.h"

namespace headrace::delivery {
namespace {

using codec::Format;

std::shared_ptr<arrow::Table> Numbers(int64_t rows) {
  arrow::DoubleBuilder x;
  arrow::StringBuilder s;
  for (int64_t i = 0; i < rows; ++i) {
    EXPECT_TRUE(x.Append(static_cast<double>(i) / 2).ok());
    EXPECT_TRUE(s.Append("row " + std::to_string(i)).ok());
  }
  return arrow::Table::Make(
      arrow::schema({arrow::field("x", arrow::float64()), arrow::field("s", arrow::utf8())}),
      {*x.Finish(), *s.Finish()});
}

std::string Encode(Format format, const arrow::Table& table) {
  auto sink = *arrow::io::BufferOutputStream::Create();
  if (format == Format::kParquet) {
    EXPECT_TRUE(
        parquet::arrow::WriteTable(table, arrow::default_memory_pool(), sink, 1 << 20).ok());
  } else {
    auto writer = format == Format::kArrowFile
                      ? *arrow::ipc::MakeFileWriter(sink, table.schema())
                      : *arrow::ipc::MakeStreamWriter(sink, table.schema());
    EXPECT_TRUE(writer->WriteTable(table, 7).ok());
    EXPECT_TRUE(writer->Close().ok());
  }
  return (*sink->Finish())->ToString();
}

Result<std::shared_ptr<arrow::Table>> Decode(Format format, std::string_view bytes,
                                             arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(auto reader, OpenBody(format, bytes, pool));
  return reader->ToTable();
}

class BodyReaderTest : public ::testing::TestWithParam<Format> {
 protected:
  MemoryBudget budget_{64 << 20};
};

TEST_P(BodyReaderTest, GivesWhatWasWritten) {
  ASSERT_TRUE(CanOpenBody(GetParam()));
  const auto table = Numbers(20);
  const std::string bytes = Encode(GetParam(), *table);
  auto decoded = Decode(GetParam(), bytes, &budget_);
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_TRUE((*decoded)->Equals(*table)) << (*decoded)->ToString();
}

TEST_P(BodyReaderTest, RefusesOtherBytes) {
  for (std::string bytes : {std::string(), std::string("hello"), std::string(1000, '\xff')}) {
    EXPECT_EQ(CodeOf(Decode(GetParam(), bytes, &budget_).status()), ErrorCode::kMalformedBody);
  }
}

TEST_P(BodyReaderTest, RefusesWhatTheBudgetCannotHold) {
  if (GetParam() != Format::kParquet) GTEST_SKIP() << "Arrow's bytes are used where they are";
  MemoryBudget small(64 << 10);
  const std::string bytes = Encode(GetParam(), *Numbers(100'000));
  EXPECT_EQ(CodeOf(Decode(GetParam(), bytes, &small).status()), ErrorCode::kMemoryLimit);
}

// Bytes that were tampered with are refused or read as other rows; they break nothing.
TEST_P(BodyReaderTest, SurvivesTampering) {
  const std::string good = Encode(GetParam(), *Numbers(20));
  EXPECT_TRUE(rc::check([&] {
    std::string bytes = good;
    const auto changes = *rc::gen::inRange(1, 4);
    for (int i = 0; i < changes; ++i) {
      bytes[*rc::gen::inRange<size_t>(0, bytes.size())] = *rc::gen::arbitrary<char>();
    }
    bytes.resize(*rc::gen::element(bytes.size(), *rc::gen::inRange<size_t>(0, bytes.size())));
    auto decoded = Decode(GetParam(), bytes, &budget_);
    if (decoded.ok()) RC_ASSERT((*decoded)->ValidateFull().ok());
  }));
}

INSTANTIATE_TEST_SUITE_P(Formats, BodyReaderTest,
                         ::testing::Values(Format::kArrowStream, Format::kArrowFile,
                                           Format::kParquet),
                         [](const auto& param_info) -> std::string {
                           switch (param_info.param) {
                             case Format::kArrowStream: return "ArrowStream";
                             case Format::kArrowFile: return "ArrowFile";
                             default: return "Parquet";
                           }
                         });

TEST(BodyReader, DoesNotReadText) {
  MemoryBudget budget(1 << 20);
  EXPECT_FALSE(CanOpenBody(Format::kCsv));
  EXPECT_EQ(CodeOf(OpenBody(Format::kCsv, "a,b", &budget).status()), ErrorCode::kNotImplemented);
}

}  // namespace
}  // namespace headrace::delivery
