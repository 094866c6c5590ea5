#include <gtest/gtest.h>

#include "headrace/error_code.h"
#include "headrace/memory_budget.h"

namespace headrace {
namespace {

TEST(ByteSize, ReadsNumbersWithUnits) {
  EXPECT_EQ(*ParseByteSize("2000000"), 2'000'000);
  EXPECT_EQ(*ParseByteSize("512MB"), 512'000'000);
  EXPECT_EQ(*ParseByteSize(" 1.5 GiB "), 1'610'612'736);
  EXPECT_EQ(*ParseByteSize("64k"), 65'536);
  EXPECT_EQ(*ParseByteSize("1tb"), 1'000'000'000'000);
}

TEST(ByteSize, RefusesEverythingElse) {
  for (const char* wrong : {"", " ", "MB", "-1", "0", "0.2", "1e3", "1 XB", "1MB2", "nan", "inf",
                            "99999999999999TB", "1,5GB"}) {
    const auto size = ParseByteSize(wrong);
    ASSERT_FALSE(size.ok()) << wrong;
    EXPECT_EQ(CodeOf(size.status()), ErrorCode::kInvalidArgument) << wrong;
  }
}

TEST(ByteSize, Formats) {
  EXPECT_EQ(FormatByteSize(0), "0 B");
  EXPECT_EQ(FormatByteSize(1023), "1023 B");
  EXPECT_EQ(FormatByteSize(1536), "1.5 KiB");
  EXPECT_EQ(FormatByteSize(int64_t{3} << 40), "3.0 TiB");
}

TEST(ByteSize, FormatsWhatSuffices) {
  EXPECT_EQ(FormatByteSizeUp(1023), "1023 B");
  EXPECT_EQ(FormatByteSizeUp(1536), "1.5 KiB");
  EXPECT_EQ(FormatByteSizeUp(1537), "1.6 KiB");
  for (int64_t bytes = 1; bytes < int64_t{1} << 42; bytes = bytes * 3 + 7) {
    EXPECT_GE(*ParseByteSize(FormatByteSizeUp(bytes)), bytes);
  }
}

}  // namespace
}  // namespace headrace
