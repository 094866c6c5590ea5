#include "base/cgroup_limit.h"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

namespace headrace::base {
namespace {

class CgroupLimit : public testing::Test {
 protected:
  void SetUp() override {
    root_ = testing::TempDir() + "/cgroup-" +
            testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(root_);
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  void Write(const std::string& path, const std::string& text) {
    const std::filesystem::path file = root_ + path;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text << "\n";
  }

  std::string root_;
};

TEST_F(CgroupLimit, NoneWithoutCgroups) { EXPECT_EQ(CgroupMemoryLimitBytes(root_), std::nullopt); }

TEST_F(CgroupLimit, V2TakesTheSmallestAncestor) {
  Write("/proc/self/cgroup", "0::/a/b");
  Write("/sys/fs/cgroup/a/b/memory.max", "max");
  EXPECT_EQ(CgroupMemoryLimitBytes(root_), std::nullopt);
  Write("/sys/fs/cgroup/a/memory.max", "1000000");
  EXPECT_EQ(CgroupMemoryLimitBytes(root_), 1'000'000);
  Write("/sys/fs/cgroup/a/b/memory.max", "700");
  EXPECT_EQ(CgroupMemoryLimitBytes(root_), 700);
}

TEST_F(CgroupLimit, V2InAContainerReadsTheMount) {
  Write("/proc/self/cgroup", "0::/outside/the/mount");
  Write("/sys/fs/cgroup/memory.max", "4096");
  EXPECT_EQ(CgroupMemoryLimitBytes(root_), 4096);
}

TEST_F(CgroupLimit, V1KnowsItsUnlimited) {
  Write("/proc/self/cgroup", "5:cpu,cpuacct:/x\n4:memory:/docker/1");
  Write("/sys/fs/cgroup/memory/docker/1/memory.limit_in_bytes", "9223372036854771712");
  EXPECT_EQ(CgroupMemoryLimitBytes(root_), std::nullopt);
  Write("/sys/fs/cgroup/memory/memory.limit_in_bytes", "123456");
  EXPECT_EQ(CgroupMemoryLimitBytes(root_), 123'456);
}

TEST_F(CgroupLimit, GarbageIsNoLimit) {
  Write("/proc/self/cgroup", "garbage\n0::/");
  Write("/sys/fs/cgroup/memory.max", "lots");
  EXPECT_EQ(CgroupMemoryLimitBytes(root_), std::nullopt);
}

TEST(PhysicalMemory, IsPositive) { EXPECT_GT(PhysicalMemoryBytes(), 0); }

}  // namespace
}  // namespace headrace::base
