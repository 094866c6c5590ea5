#include <memory>
#include <random>
#include <string>

#include <arrow/array.h>
#include <arrow/array/builder_binary.h>
#include <arrow/buffer.h>
#include <arrow/buffer_builder.h>
#include <arrow/compute/cast.h>
#include <arrow/compute/initialize.h>
#include <arrow/csv/writer.h>
#include <arrow/io/memory.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "codec/random_columns.h"
#include "codec/row_writer.h"
#include "codec/sample_batch.h"
#include "codec/written_files.h"
#include "headrace/error_code.h"

namespace headrace::codec {
namespace {

std::string Ours(const arrow::RecordBatch& batch, char delimiter = ',') {
  arrow::BufferBuilder text;
  const Status status = MakeCsvRowWriter(delimiter, nullptr)->Write(batch, &text);
  if (!status.ok()) return status.ToString();
  return CsvHeader(*batch.schema(), delimiter) +
         std::string(reinterpret_cast<const char*>(text.data()),
                     static_cast<size_t>(text.length()));
}

/// What Arrow's writer makes of it; dictionaries are given to it decoded.
std::string Arrows(const arrow::RecordBatch& batch, char delimiter = ',') {
  EXPECT_TRUE(arrow::compute::Initialize().ok());
  auto options = arrow::csv::WriteOptions::Defaults();
  options.delimiter = delimiter;
  arrow::FieldVector fields;
  arrow::ArrayVector columns;
  for (int i = 0; i < batch.num_columns(); ++i) {
    auto column = batch.column(i);
    if (column->type_id() == arrow::Type::DICTIONARY) {
      const auto& type = static_cast<const arrow::DictionaryType&>(*column->type());
      column = arrow::compute::Cast(*column, type.value_type()).ValueOrDie();
    }
    fields.push_back(batch.schema()->field(i)->WithType(column->type()));
    columns.push_back(column);
  }
  const auto plain = arrow::RecordBatch::Make(arrow::schema(fields), batch.num_rows(), columns);
  const auto stream = arrow::io::BufferOutputStream::Create().ValueOrDie();
  const Status status = arrow::csv::WriteCSV(*plain, options, stream.get());
  return status.ok() ? stream->Finish().ValueOrDie()->ToString() : status.ToString();
}

TEST(CsvRowWriterTest, EveryTypeIsWrittenAsArrowWritesIt) {
  EXPECT_TRUE(rc::check("random columns", [](uint32_t seed) {
    std::mt19937_64 random(seed);
    const auto rows = static_cast<int64_t>(random() % 40);
    for (const auto& type : CsvTypes()) {
      const auto batch = RandomBatch({type}, rows, &random);
      const std::string expected = Arrows(*batch);
      RC_LOG() << type->ToString() << "\n" << expected << "\n";
      RC_ASSERT(Ours(*batch) == expected);
    }
  }));
}

TEST(CsvRowWriterTest, ManyColumnsAreWrittenAsArrowWritesThem) {
  EXPECT_TRUE(rc::check("random batches", [](uint32_t seed) {
    std::mt19937_64 random(seed);
    const auto batch = RandomBatch(CsvTypes(), static_cast<int64_t>(random() % 100), &random);
    RC_ASSERT(Ours(*batch, ';') == Arrows(*batch, ';'));
    const auto first = static_cast<int64_t>(random() % 10);
    if (first > batch->num_rows()) return;
    const auto cut = batch->Slice(first, 20);
    RC_ASSERT(Ours(*cut) == Arrows(*cut));
  }));
}

TEST(CsvRowWriterTest, DictionariesAreWrittenAsTheirValues) {
  EXPECT_TRUE(rc::check("random dictionaries", [](uint32_t seed) {
    std::mt19937_64 random(seed);
    for (const auto& value : {arrow::utf8(), arrow::int64(), arrow::float64(), arrow::date32(),
                              arrow::decimal128(9, 2)}) {
      // Fewer rows than values, and more.
      for (const int64_t rows : {0, 3, 50}) {
        const auto batch =
            RandomBatch({arrow::dictionary(arrow::int8(), value), arrow::utf8()}, rows, &random);
        RC_ASSERT(Ours(*batch) == Arrows(*batch));
      }
    }
  }));
}

TEST(CsvRowWriterTest, AWriterTakesDictionariesThatChange) {
  std::mt19937_64 random(5);
  const auto type = arrow::dictionary(arrow::int8(), arrow::utf8());
  const auto writer = MakeCsvRowWriter(',', nullptr);
  for (int i = 0; i < 20; ++i) {
    const auto batch = RandomBatch({type, type}, 30, &random);
    arrow::BufferBuilder text;
    for (const auto& part : {batch->Slice(0, 12), batch->Slice(12, 2), batch->Slice(14)}) {
      ASSERT_TRUE(writer->Write(*part, &text).ok());
    }
    EXPECT_EQ(CsvHeader(*batch->schema(), ',') + text.Finish().ValueOrDie()->ToString(),
              Arrows(*batch));
  }
}

TEST(CsvRowWriterTest, ViewsAreText) {
  const auto batch = BatchOf(FromJson(arrow::utf8_view(), R"(["a\"b", null, ""])"));
  EXPECT_EQ(Ours(*batch), "\"x\"\n\"a\"\"b\"\n\n\"\"\n");
}

TEST(CsvRowWriterTest, WhatHasNoFieldIsNamed) {
  const auto code = [](const std::shared_ptr<arrow::Array>& column) {
    arrow::BufferBuilder text;
    return MakeCsvRowWriter(',', nullptr)->Write(*BatchOf(column), &text);
  };
  for (const auto& column : {FromJson(arrow::list(arrow::int64()), "[[1]]"),
                             FromJson(arrow::struct_({arrow::field("a", arrow::int8())}), "[{}]"),
                             FromJson(arrow::month_day_nano_interval(), "[[1, 2, 3]]")}) {
    const Status status = code(column);
    EXPECT_EQ(CodeOf(status), ErrorCode::kNotImplemented) << status;
    EXPECT_THAT(LocationOf(status), ::testing::ElementsAre("x"));
  }
}

TEST(CsvRowWriterTest, BytesThatAreNoTextAreRefused) {
  arrow::BinaryBuilder builder;
  ASSERT_TRUE(builder.Append("\xFF").ok());
  arrow::BufferBuilder text;
  EXPECT_FALSE(
      MakeCsvRowWriter(',', nullptr)->Write(*BatchOf(builder.Finish().ValueOrDie()), &text).ok());
}

}  // namespace
}  // namespace headrace::codec
