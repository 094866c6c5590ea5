#include "server/websocket/live_queue.h"

#include <arrow/buffer.h>
#include <gtest/gtest.h>

namespace headrace::server {
namespace {

std::shared_ptr<arrow::Buffer> Rows(size_t bytes) {
  return arrow::Buffer::FromString(std::string(bytes, 'r'));
}

TEST(LiveQueue, CountsWhatWaits) {
  LiveCounters counters;
  {
    LiveQueue queue(&counters);
    queue.PushText("hello");
    queue.PushBinary(3, kSchemaFlag, Rows(16));
    queue.PushBinary(3, 0, Rows(100));
    EXPECT_EQ(queue.bytes(), 5 + 24 + 108);
    EXPECT_EQ(queue.text_bytes(), 5);
    EXPECT_EQ(counters.queued_bytes, queue.bytes());
    EXPECT_EQ(queue.Pop().text, "hello");
    const auto schema = queue.Pop();
    EXPECT_EQ(schema.text, std::string("\3\0\0\0\1\0\0\0", 8));
    EXPECT_EQ(schema.subscription, 0u);  // not rows
    EXPECT_EQ(queue.front().subscription, 3u);
  }
  EXPECT_EQ(counters.queued_bytes, 0);
}

TEST(LiveQueue, ForgetsButNotWhatIsOnItsWay) {
  LiveCounters counters;
  LiveQueue queue(&counters);
  for (uint32_t number : {1u, 2u, 1u, 2u}) queue.PushBinary(number, 0, Rows(8));
  queue.PushText("t");
  queue.Forget(1, true);
  EXPECT_EQ(queue.bytes(), 3 * 16 + 1);
  queue.Forget(1, false);
  EXPECT_EQ(queue.bytes(), 2 * 16 + 1);
  EXPECT_EQ(queue.front().subscription, 2u);
  queue.Clear(true);
  EXPECT_EQ(queue.bytes(), 16);
  queue.Clear(false);
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(counters.queued_bytes, 0);
}

}  // namespace
}  // namespace headrace::server
