#include "codec/ipc_messages.h"

#include <arrow/api.h>
#include <arrow/io/memory.h>
#include <arrow/ipc/reader.h>
#include <gtest/gtest.h>

#include "headrace/memory_budget.h"

namespace headrace::codec {
namespace {

std::shared_ptr<arrow::RecordBatch> ReadBack(const arrow::RecordBatch& batch,
                                             MemoryBudget* budget) {
  const auto schema = *EncodeSchemaMessage(*batch.schema(), budget);
  const auto rows = *EncodeBatchMessages(batch, budget);
  EXPECT_EQ(schema->size() % 8, 0);
  EXPECT_EQ(rows->size() % 8, 0);
  const auto whole = *arrow::ConcatenateBuffers({schema, rows});
  const auto reader =
      *arrow::ipc::RecordBatchStreamReader::Open(std::make_shared<arrow::io::BufferReader>(whole));
  std::shared_ptr<arrow::RecordBatch> back;
  EXPECT_TRUE(reader->ReadNext(&back).ok());
  return back;
}

TEST(IpcMessages, SchemaAndAnyBatchAreAStream) {
  MemoryBudget budget(64 << 20);
  arrow::Int64Builder ints;
  arrow::StringDictionaryBuilder words;
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE((i % 7 == 0 ? ints.AppendNull() : ints.Append(i)).ok());
    ASSERT_TRUE(words.Append(i % 3 == 0 ? "three" : "other").ok());
  }
  const auto numbers = *ints.Finish();
  const auto texts = *words.Finish();
  const auto plain =
      arrow::RecordBatch::Make(arrow::schema({arrow::field("n", arrow::int64())}), 100, {numbers})
          ->Slice(13, 40);
  EXPECT_TRUE(ReadBack(*plain, &budget)->Equals(*plain));
  const auto mixed = arrow::RecordBatch::Make(
      arrow::schema({arrow::field("n", arrow::int64()), arrow::field("w", texts->type())}), 100,
      {numbers, texts});
  EXPECT_TRUE(ReadBack(*mixed, &budget)->Equals(*mixed));
  EXPECT_EQ(budget.bytes_allocated(), 0);
}

}  // namespace
}  // namespace headrace::codec
