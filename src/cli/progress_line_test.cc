#include "cli/progress_line.h"

#include <gtest/gtest.h>

#include "testing/batches.h"

namespace headrace::cli {
namespace {

TEST(ProgressLine, SaysHowFarItIs) {
  const Progress progress{.rows = 2'500'000,
                          .bytes = 3 << 20,
                          .all_rows = 10'000'000,
                          .used_bytes = 1 << 20,
                          .limit_bytes = 256 << 20};
  EXPECT_EQ(ProgressText(progress, std::chrono::seconds(2)),
            "2.5 M rows · 3.0 MiB · 1.2 M rows/s · 6 s left · memory 1.0 MiB of 256.0 MiB");
  EXPECT_EQ(ProgressText({.rows = 10, .limit_bytes = 1 << 20}, std::chrono::seconds(1)),
            "10 rows · 0 B · 10 rows/s · memory 0 B of 1.0 MiB");
}

TEST(ProgressLine, CountsWhatPasses) {
  const auto passed = std::make_shared<PassedRows>();
  const auto reader =
      CountRows(testing::ReaderOf({testing::Numbers(0, 5), testing::Numbers(5, 2)}), passed);
  EXPECT_EQ(reader->ToTable().ValueOrDie()->num_rows(), 7);
  EXPECT_EQ(passed->rows, 7);
  EXPECT_GT(passed->bytes, 7 * 8);
}

}  // namespace
}  // namespace headrace::cli
