#include "codec/shared_rows.h"

#include <cstring>
#include <random>

#include <arrow/api.h>
#include <arrow/device.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/shared_memory.h"
#include "codec/sample_batch.h"
#include "headrace/error_code.h"
#include "headrace/memory_budget.h"

namespace headrace::codec {
namespace {

using base::SharedMemory;

class SharedRowsTest : public ::testing::Test {
 protected:
  SharedRowsTest() : memory_(*SharedMemory::Make(&budget_, "tables")) {}

  std::shared_ptr<arrow::RecordBatch> Share(const arrow::RecordBatch& batch) {
    return *batch.CopyTo(arrow::CPUDevice::memory_manager(memory_.get()));
  }

  std::shared_ptr<arrow::Buffer> Encode(const arrow::RecordBatchVector& batches) {
    return *EncodeSharedRows(*batches.at(0)->schema(), batches, *memory_, &budget_);
  }

  Result<SharedRows> Decode(std::shared_ptr<arrow::Buffer> messages) {
    return DecodeSharedRows(std::move(messages), *base::MapSharedMemory(memory_->descriptor()));
  }

  MemoryBudget budget_{256 << 20};
  std::shared_ptr<SharedMemory> memory_;
};

bool Same(const arrow::RecordBatch& a, const arrow::RecordBatch& b) {
  return a.Equals(b, true, arrow::EqualOptions::Defaults().nans_equal(true));
}

std::shared_ptr<arrow::RecordBatch> NestedBatch() {
  const auto pool = arrow::default_memory_pool();
  auto words = std::make_shared<arrow::StringBuilder>(pool);
  arrow::ListBuilder lists(pool, words);
  arrow::StringDictionaryBuilder labels;
  arrow::BooleanBuilder flags;
  arrow::NullBuilder nothing;
  for (int i = 0; i < 1000; ++i) {
    EXPECT_TRUE(i % 7 == 0 ? lists.AppendNull().ok() : lists.Append().ok());
    for (int j = 0; i % 7 != 0 && j < i % 4; ++j) EXPECT_TRUE(words->Append("w").ok());
    EXPECT_TRUE((i % 5 == 0 ? labels.AppendNull() : labels.Append(i % 2 ? "odd" : "even")).ok());
    EXPECT_TRUE((i % 3 == 0 ? flags.AppendNull() : flags.Append(i % 2 == 0)).ok());
    EXPECT_TRUE(nothing.AppendNull().ok());
  }
  const auto list = *lists.Finish();
  const auto label = *labels.Finish();
  const auto flag = *flags.Finish();
  const auto null = *nothing.Finish();
  const auto both = *arrow::StructArray::Make(arrow::ArrayVector{list, flag},
                                              std::vector<std::string>{"list", "flag"});
  return arrow::RecordBatch::Make(
      arrow::schema({arrow::field("list", list->type()), arrow::field("label", label->type()),
                     arrow::field("flag", flag->type()), arrow::field("null", null->type()),
                     arrow::field("both", both->type())}),
      1000, {list, label, flag, null, both});
}

TEST_F(SharedRowsTest, RowsComeBackFromTheMemoryItself) {
  for (const auto& batch : {SampleBatch(1000), NestedBatch(), SampleBatch(1)}) {
    const auto shared = Share(*batch);
    const auto messages = Encode({shared, shared});
    ASSERT_NE(messages, nullptr);
    const auto memory = *base::MapSharedMemory(memory_->descriptor());
    const auto rows = *DecodeSharedRows(messages, memory);
    ASSERT_EQ(rows.batches.size(), 2);
    ASSERT_TRUE(Same(*rows.batches[1], *batch)) << rows.batches[1]->ToString();
    ASSERT_TRUE(rows.batches[1]->ValidateFull().ok());
    const auto& values = rows.batches[0]->column_data(0)->buffers.back();
    EXPECT_GE(values->data(), memory->data());
    EXPECT_LE(values->data() + values->size(), memory->data() + memory->size());
  }
}

RC_GTEST_FIXTURE_PROP(SharedRowsTest, AnySliceComesBack, ()) {
  const auto batch = Share(*(*rc::gen::arbitrary<bool>() ? SampleBatch(257) : NestedBatch()));
  arrow::RecordBatchVector slices;
  for (int i = 0; i < 3; ++i) {
    const auto first = *rc::gen::inRange<int64_t>(0, batch->num_rows());
    const auto count = *rc::gen::inRange<int64_t>(0, batch->num_rows() - first + 1);
    if (count > 0) slices.push_back(batch->Slice(first, count));
  }
  RC_PRE(!slices.empty());
  const auto messages = Encode(slices);
  RC_ASSERT(messages != nullptr);
  const auto rows = *Decode(messages);
  RC_ASSERT(rows.batches.size() == slices.size());
  for (size_t i = 0; i < slices.size(); ++i) RC_ASSERT(Same(*rows.batches[i], *slices[i]));
}

TEST_F(SharedRowsTest, RowsThatLieElsewhereAreNotShared) {
  EXPECT_EQ(Encode({SampleBatch(1000)}), nullptr);
  EXPECT_EQ(Encode({Share(*SampleBatch(10)), SampleBatch(10)}), nullptr);
}

TEST_F(SharedRowsTest, NoRowsAreASchema) {
  const auto schema = SampleBatch(0)->schema();
  const auto messages = *EncodeSharedRows(*schema, {}, *memory_, &budget_);
  const auto rows = *Decode(messages);
  EXPECT_TRUE(rows.schema->Equals(*schema));
  EXPECT_TRUE(rows.batches.empty());
}

TEST_F(SharedRowsTest, DamageIsAnErrorAndNeverReadsBeyondTheMemory) {
  const auto messages = Encode({Share(*SampleBatch(100)), Share(*NestedBatch())});
  EXPECT_EQ(CodeOf(Decode(arrow::Buffer::FromString("x")).status()), ErrorCode::kMalformedBody);
  std::mt19937 random(7);
  for (int round = 0; round < 2000; ++round) {
    std::string damaged = messages->ToString();
    const auto flips = 1 + random() % 4;
    for (size_t i = 0; i < flips; ++i)
      damaged[random() % damaged.size()] = static_cast<char>(random());
    if (random() % 4 == 0) damaged.resize(random() % damaged.size());
    const auto rows = Decode(arrow::Buffer::FromString(damaged));
    if (rows.ok()) {
      for (const auto& batch : rows->batches) (void)batch->ValidateFull();
    } else {
      EXPECT_EQ(CodeOf(rows.status()), ErrorCode::kMalformedBody);
    }
  }
}

}  // namespace
}  // namespace headrace::codec
