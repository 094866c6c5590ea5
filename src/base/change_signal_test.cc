#include "headrace/change_signal.h"

#include <atomic>
#include <thread>

#include <gtest/gtest.h>

namespace headrace {
namespace {

class Counter final : public ChangeListener {
 public:
  void OnChange(int64_t position) noexcept override {
    ++calls;
    last = position;
  }
  std::atomic<int64_t> calls = 0;
  std::atomic<int64_t> last = -1;
};

TEST(ChangeSignal, TellsListenersUntilTheyLeave) {
  ChangeSignal signal;
  signal.Notify(3);
  EXPECT_EQ(signal.position(), 3);
  Counter one;
  Counter other;
  signal.Add(&one);
  signal.Add(&other);
  signal.Notify(2);
  signal.Remove(&one);
  signal.Notify(0);
  EXPECT_EQ(one.calls, 1);
  EXPECT_EQ(one.last, 5);
  EXPECT_EQ(other.calls, 2);
  EXPECT_EQ(signal.position(), 6);
  EXPECT_FALSE(signal.ended());
  signal.End();
  EXPECT_TRUE(signal.ended());
  EXPECT_EQ(other.calls, 3);
  signal.Remove(&other);
}

// A change is in what is read after Add(), or is told.
TEST(ChangeSignal, MissesNothing) {
  for (int round = 0; round < 200; ++round) {
    ChangeSignal signal;
    Counter counter;
    std::thread writer([&] { signal.Notify(1); });
    signal.Add(&counter);
    const bool seen = signal.position() == 1;
    writer.join();
    EXPECT_TRUE(seen || counter.calls == 1);
    signal.Remove(&counter);
  }
}

}  // namespace
}  // namespace headrace
