#include "codec/text_encoder.h"

#include <atomic>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <arrow/array.h>
#include <arrow/buffer.h>
#include <arrow/memory_pool.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "codec/random_columns.h"
#include "codec/sample_batch.h"
#include "headrace/error_code.h"
#include "headrace/memory_budget.h"

namespace headrace::codec {
namespace {

constexpr Format kTexts[] = {Format::kCsv, Format::kNdjson, Format::kJsonRows};

/// Types that both CSV and JSON take.
arrow::DataTypeVector Types() {
  return {arrow::timestamp(arrow::TimeUnit::NANO, "UTC"),
          arrow::int64(),
          arrow::float64(),
          arrow::utf8(),
          arrow::dictionary(arrow::int8(), arrow::utf8()),
          arrow::decimal128(9, 2),
          arrow::boolean()};
}

arrow::RecordBatchVector RandomBatches(std::mt19937_64* random) {
  arrow::RecordBatchVector batches;
  for (uint64_t i = (*random)() % 4; i > 0; --i) {
    const auto rows = static_cast<int64_t>((*random)() % 3 == 0 ? 0 : (*random)() % 300);
    batches.push_back(RandomBatch(Types(), rows, random));
  }
  return batches;
}

std::shared_ptr<arrow::Schema> SchemaOf(const arrow::RecordBatchVector& batches) {
  std::mt19937_64 random(0);
  return batches.empty() ? RandomBatch(Types(), 0, &random)->schema() : batches[0]->schema();
}

TEST(TextEncoderTest, ThreadsAndPartsChangeNoByte) {
  EXPECT_TRUE(rc::check("random batches", [](uint32_t seed) {
    std::mt19937_64 random(seed);
    const auto batches = RandomBatches(&random);
    const auto schema = SchemaOf(batches);
    for (const Format format : kTexts) {
      const auto expected = Encode(format, ReaderOf(schema, batches),
                                   {.target_chunk_bytes = 400, .use_threads = false});
      RC_ASSERT(expected.ok());
      for (const int64_t target : {int64_t{3000}, int64_t{1} << 20}) {
        for (const bool use_threads : {false, true}) {
          const auto text = Encode(format, ReaderOf(schema, batches),
                                   {.target_chunk_bytes = target, .use_threads = use_threads});
          RC_ASSERT(text.ok());
          RC_ASSERT(*text == *expected);
        }
      }
    }
  }));
}

TEST(TextEncoderTest, RowsBeforeAFailureComeFirst) {
  const auto batch = SampleBatch(3000);
  for (const Format format : kTexts) {
    const auto whole = Encode(format, ReaderOf(batch->schema(), {batch})).ValueOrDie();
    const auto encoder =
        MakeEncoder(format,
                    ReaderOf(batch->schema(), {batch}, MakeError(ErrorCode::kCancelled, "gone")),
                    {.target_chunk_bytes = 10'000})
            .ValueOrDie();
    int64_t bytes = 0;
    auto chunk = encoder->Next();
    for (; chunk.ok(); chunk = encoder->Next()) bytes += ChunkBytes(*chunk);
    EXPECT_EQ(CodeOf(chunk.status()), ErrorCode::kCancelled);
    // All rows, without what closes a list.
    EXPECT_EQ(bytes, static_cast<int64_t>(whole.size()) - (format == Format::kJsonRows ? 1 : 0));
  }
}

TEST(TextEncoderTest, AnEncoderLeftInTheMiddleLeavesNothingBehind) {
  const arrow::RecordBatchVector batches(4, FeatureBatch(20'000, 10));
  for (const Format format : kTexts) {
    MemoryBudget budget(256 << 20);
    for (int chunks = 0; chunks < 5; ++chunks) {
      const auto encoder =
          MakeEncoder(format, ReaderOf(batches[0]->schema(), batches), {.pool = &budget})
              .ValueOrDie();
      for (int i = 0; i < chunks; ++i) ASSERT_GT(ChunkBytes(encoder->Next().ValueOrDie()), 0);
    }
    EXPECT_EQ(budget.used_bytes(), 0);
    // One chunk is held at a time, and what is made ahead of it.
    EXPECT_LT(budget.peak_bytes(), (4 + 2 * OrderedTasks::Threads()) * (512 << 10));
  }
}

TEST(TextEncoderTest, ARefusalInTheMiddleIsAnErrorAndFreesAll) {
  const auto batch = FeatureBatch(50'000, 10);
  for (const Format format : kTexts) {
    MemoryBudget budget(300 << 10);
    const auto encoder =
        MakeEncoder(format, ReaderOf(batch->schema(), {batch}), {.pool = &budget}).ValueOrDie();
    Status status;
    std::vector<Chunk> held;
    while (status.ok()) {
      auto chunk = encoder->Next();
      status = chunk.status();
      if (chunk.ok()) {
        ASSERT_FALSE(chunk->empty());
        held.push_back(*std::move(chunk));
      }
    }
    EXPECT_EQ(CodeOf(status), ErrorCode::kMemoryLimit) << status;
    EXPECT_EQ(CodeOf(encoder->Next().status()), ErrorCode::kMemoryLimit);
  }
}

TEST(TextEncoderTest, AColumnThatHasNoTextIsRefusedEvenWithoutRows) {
  const auto schema = arrow::schema({arrow::field("x", arrow::list(arrow::int64()))});
  const auto none = arrow::RecordBatch::MakeEmpty(schema).ValueOrDie();
  for (const Format format : kTexts) {
    const auto text = Encode(format, ReaderOf(schema, {none}));
    EXPECT_EQ(CodeOf(text.status()), ErrorCode::kNotImplemented) << Describe(format).name;
  }
}

OrderedTasks::Output Text(std::string text) { return arrow::Buffer::FromString(std::move(text)); }

TEST(OrderedTasksTest, OutputsComeInOrder) {
  for (const bool use_threads : {false, true}) {
    OrderedTasks tasks(use_threads);
    int added = 0;
    for (int taken = 0; taken < 1000; ++taken) {
      while (tasks.size() < 7) {
        tasks.Add([number = added++] { return Text(std::to_string(number)); });
      }
      EXPECT_EQ((*tasks.Take())->ToString(), std::to_string(taken));
    }
  }
}

TEST(OrderedTasksTest, WhatNobodyBeganNeverRuns) {
  std::atomic<int> ran = 0;
  {
    OrderedTasks tasks(false);
    for (int i = 0; i < 10; ++i) tasks.Add([&] { return Text(std::to_string(++ran)); });
    EXPECT_EQ((*tasks.Take())->ToString(), "1");
  }
  EXPECT_EQ(ran, 1);
}

TEST(OrderedTasksTest, ATaskThatThrowsFails) {
  OrderedTasks tasks(true);
  for (int i = 0; i < 3; ++i) {
    tasks.Add([]() -> OrderedTasks::Output { throw std::length_error("too long"); });
  }
  for (int i = 0; i < 3; ++i) EXPECT_EQ(CodeOf(tasks.Take().status()), ErrorCode::kInternal);
}

}  // namespace
}  // namespace headrace::codec
