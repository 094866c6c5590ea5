#include "server/websocket/live_roster.h"

#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace headrace::server {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

LiveName Named(std::string id) {
  return {.peer = "127.0.0.1:1", .id = std::move(id), .table = "buffers.w", .rate = 30};
}

std::vector<std::string> Ids(const LiveRoster& roster, size_t most) {
  std::vector<std::string> ids;
  for (const LiveRoster::Entry& entry : roster.Slowest(most)) ids.push_back(entry.name.id);
  return ids;
}

TEST(LiveRosterTest, HasWhoIsThere) {
  LiveRoster roster;
  EXPECT_THAT(Ids(roster, 9), IsEmpty());
  LiveRoster::Place first(&roster, Named("1"));
  {
    const LiveRoster::Place second(&roster, Named("2"));
    EXPECT_THAT(Ids(roster, 9), ElementsAre("1", "2"));
  }
  EXPECT_THAT(Ids(roster, 9), ElementsAre("1"));
  first.Leave();
  EXPECT_THAT(Ids(roster, 9), IsEmpty());
}

TEST(LiveRosterTest, TheSlowestComeFirst) {
  LiveRoster roster;
  LiveRoster::Place quick(&roster, Named("quick"));
  LiveRoster::Place queues(&roster, Named("queues"));
  LiveRoster::Place queues_more(&roster, Named("queues more"));
  LiveRoster::Place skipped(&roster, Named("skipped"));
  LiveRoster::Place slow(&roster, Named("slow"));
  LiveRoster::Place as_quick(&roster, Named("as quick"));
  quick.rows_sent = 9;
  queues.queued_bytes = 8;
  queues_more.queued_bytes = 9;
  skipped.rows_skipped = 1;
  slow.slow = true;
  const std::vector<std::string> all = {"slow",   "skipped", "queues more",
                                        "queues", "quick",   "as quick"};
  for (size_t most = 0; most <= all.size(); ++most) {
    EXPECT_EQ(Ids(roster, most), std::vector(all.begin(), all.begin() + most)) << most;
  }
}

TEST(LiveRosterTest, HasTheFigures) {
  LiveRoster roster;
  LiveRoster::Place place(&roster, Named("1"));
  place.slow = true;
  place.queued_bytes = 1;
  place.rows_sent = 2;
  place.rows_skipped = 3;
  const auto entries = roster.Slowest(1);
  ASSERT_EQ(entries.size(), 1);
  EXPECT_EQ(entries[0].name.table, "buffers.w");
  EXPECT_TRUE(entries[0].progress.slow);
  EXPECT_EQ(entries[0].progress.queued_bytes, 1);
  EXPECT_EQ(entries[0].progress.rows_sent, 2);
  EXPECT_EQ(entries[0].progress.rows_skipped, 3);
}

// For the thread sanitizer: subscriptions come, count and go on other threads than who looks.
TEST(LiveRosterTest, LooksWhileOthersComeAndGo) {
  LiveRoster roster;
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 1000; ++n) {
        LiveRoster::Place place(&roster, Named("1"));
        place.rows_skipped += n;
      }
    });
  }
  for (int n = 0; n < 1000; ++n) ASSERT_LE(roster.Slowest(9).size(), 3);
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(roster.Slowest(9), IsEmpty());
}

}  // namespace
}  // namespace headrace::server
