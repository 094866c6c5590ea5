#include <cstdlib>
#include <fstream>
#include <numeric>
#include <string>
#include <vector>

#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "codec/file_sink.h"
#include "codec/sample_batch.h"
#include "codec/written_files.h"
#include "headrace/error_code.h"
#include "headrace/memory_budget.h"

namespace headrace::codec {
namespace {

constexpr int64_t kMiB = 1 << 20;
constexpr int64_t kLimitBytes = 64 * kMiB;

// Values that do not compress, so that what is encoded is as large as what is held.
uint64_t Noise(uint64_t x) {
  x += 0x9E3779B97F4A7C15;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
  return x ^ (x >> 31);
}

std::string NoiseText(uint64_t seed, int64_t bytes) {
  std::string text(static_cast<size_t>(bytes), ' ');
  uint64_t bits = 0;
  for (size_t i = 0; i < text.size(); ++i, bits >>= 8) {
    if (i % 8 == 0) bits = Noise(seed + i);
    text[i] = static_cast<char>(' ' + (bits & 63));
  }
  return text;
}

std::shared_ptr<arrow::RecordBatch> TextBatch(int64_t batch, int64_t rows, int64_t text_bytes) {
  arrow::StringBuilder texts;
  for (int64_t row = 0; row < rows; ++row) {
    EXPECT_TRUE(
        texts.Append(NoiseText(static_cast<uint64_t>(batch * rows + row) << 32, text_bytes)).ok());
  }
  return BatchOf(texts.Finish().ValueOrDie());
}

std::shared_ptr<arrow::RecordBatch> NumberBatch(int64_t batch, int64_t rows, int columns) {
  arrow::FieldVector fields;
  arrow::ArrayVector arrays;
  for (int column = 0; column < columns; ++column) {
    arrow::Int64Builder builder;
    EXPECT_TRUE(builder.Reserve(rows).ok());
    for (int64_t row = 0; row < rows; ++row) {
      builder.UnsafeAppend(static_cast<int64_t>(
          Noise(static_cast<uint64_t>((batch * rows + row) * columns + column))));
    }
    fields.push_back(arrow::field("c" + std::to_string(column), arrow::int64()));
    arrays.push_back(builder.Finish().ValueOrDie());
  }
  return arrow::RecordBatch::Make(arrow::schema(fields), rows, arrays);
}

struct Load {
  const char* name;
  int64_t batches;
  int64_t rows_per_batch;
  int64_t text_bytes;  // 0: numbers
  int columns;
  int64_t scale;  // what runs in a test on every change, as a part of that in the child process

  std::shared_ptr<arrow::RecordBatchReader> Reader(int64_t count) const {
    const auto make = [load = *this](int64_t batch) {
      return load.text_bytes > 0 ? TextBatch(batch, load.rows_per_batch, load.text_bytes)
                                 : NumberBatch(batch, load.rows_per_batch, load.columns);
    };
    return GeneratedReader(make(0)->schema(), count, make);
  }
};

constexpr Load kLoads[] = {
    {"long strings", 300, 1, kMiB, 1, 2},
    {"a batch of long strings", 3, 40, kMiB, 1, 1},
    {"a thousand columns", 60, 500, 0, 1000, 3},
    {"ten million narrow rows", 160, 62'500, 0, 2, 4},
};
const std::vector<std::string> kNames = {"x.parquet", "x.arrow",  "x.arrows",
                                         "x.csv",     "x.ndjson", "x.csv.zst"};

class FileSinkMemory : public FileSinkFixture {};

TEST_F(FileSinkMemory, StaysWithinItsLimit) {
  for (const Load& load : kLoads) {
    for (const std::string& name : kNames) {
      for (const auto compression : {FileCompression::kNone, FileCompression::kZstd}) {
        if (name.starts_with("x.csv.") ||
            (compression != FileCompression::kNone && name.size() < 7))
          continue;
        SCOPED_TRACE(std::string(load.name) + " " + name + " " + std::string(NameOf(compression)));
        MemoryBudget budget(kLimitBytes);
        const auto reader = load.Reader(load.batches / load.scale / 4 + 1);
        FileSinkOptions options = {
            .path = Path(name), .sync = false, .pool = &budget, .memory_limit_bytes = kLimitBytes};
        if (!name.ends_with(".csv") && !name.ends_with(".ndjson"))
          options.compression = compression;
        const auto report = WriteFile(*reader, options);
        ASSERT_TRUE(report.ok()) << report.status();
        EXPECT_LE(report->peak_bytes, kLimitBytes);
        EXPECT_LE(budget.peak_bytes(), kLimitBytes);
        EXPECT_EQ(budget.used_bytes(), 0);
        RecordProperty(std::string(load.name) + name, static_cast<int>(report->peak_bytes / kMiB));
      }
    }
  }
}

TEST_F(FileSinkMemory, RowGroupsAreClosedEarlyAndPagesKeepTheirSize) {
  MemoryBudget budget(kLimitBytes);
  const auto reader = kLoads[1].Reader(3);
  ASSERT_TRUE(
      WriteFile(*reader,
                {.path = Path("x.parquet"), .pool = &budget, .memory_limit_bytes = kLimitBytes})
          .ok());
  const auto shape = ShapeOf(Path("x.parquet")).ValueOrDie();
  EXPECT_EQ(std::accumulate(shape.row_group_rows.begin(), shape.row_group_rows.end(), int64_t{0}),
            120);
  EXPECT_GT(shape.row_group_rows.size(), 3U);
  EXPECT_LE(shape.largest_page_bytes, 3 * kMiB);
}

TEST_F(FileSinkMemory, AFooterThatGrowsOverTheLimitIsRefused) {
  MemoryBudget budget(4 * kMiB);
  const Load wide = {"", 0, 50, 0, 300, 1};
  const auto reader = wide.Reader(200);
  const auto report = WriteFile(*reader, {.path = Path("x.parquet"),
                                          .parquet = {.row_group_rows = 50},
                                          .pool = &budget,
                                          .memory_limit_bytes = 4 * kMiB});
  EXPECT_EQ(CodeOf(report.status()), ErrorCode::kMemoryLimit);
  EXPECT_EQ(budget.used_bytes(), 0);
  EXPECT_TRUE(Names().empty());
}

TEST_F(FileSinkMemory, ManyPartitionsStayWithinTheLimit) {
  MemoryBudget budget(16 * kMiB);
  const auto make = [](int64_t batch) {
    const auto numbers = NumberBatch(batch, 20'000, 3);
    arrow::Int64Builder keys;
    for (int64_t row = 0; row < numbers->num_rows(); ++row) {
      EXPECT_TRUE(keys.Append(static_cast<int64_t>(Noise(batch * 20'000 + row) % 500)).ok());
    }
    return numbers->AddColumn(0, "k", keys.Finish().ValueOrDie()).ValueOrDie();
  };
  const auto reader = GeneratedReader(make(0)->schema(), 50, make);
  const auto report = WriteFile(*reader, {.path = Path("out"),
                                          .sync = false,
                                          .partition_by = {"k"},
                                          .max_open_files = 16,
                                          .pool = &budget,
                                          .memory_limit_bytes = 16 * kMiB});
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->partitions, 500);
  EXPECT_EQ(report->rows, 1'000'000);
  EXPECT_LE(report->peak_bytes, 16 * kMiB);
  EXPECT_LT(report->files, 20'000);
  EXPECT_EQ(budget.used_bytes(), 0);
}

TEST_F(FileSinkMemory, ARowThatDoesNotFitIsRefused) {
  for (const std::string& name : kNames) {
    if (name == "x.arrow" || name == "x.arrows") continue;  // written from where they lie
    SCOPED_TRACE(name);
    MemoryBudget budget(4 * kMiB);
    const auto batch = TextBatch(0, 1, 8 * kMiB);
    const auto reader = ReaderOf(batch->schema(), {batch});
    const auto report =
        WriteFile(*reader, {.path = Path(name), .pool = &budget, .memory_limit_bytes = 4 * kMiB});
    EXPECT_EQ(CodeOf(report.status()), ErrorCode::kMemoryLimit) << report.status();
    EXPECT_EQ(budget.used_bytes(), 0);
  }
  EXPECT_TRUE(Names().empty());
}

RC_GTEST_FIXTURE_PROP(FileSinkMemory, AnyShapeStaysWithinItsLimit, ()) {
  const auto text_bytes = *rc::gen::inRange<int64_t>(0, 100'000);
  const auto columns = *rc::gen::inRange(1, 200);
  const auto rows = *rc::gen::inRange<int64_t>(1, text_bytes > 0 ? 100 : 20'000 / columns + 1);
  const Load load = {"", 0, rows, text_bytes, columns, 1};
  const int64_t limit = *rc::gen::elementOf(std::vector<int64_t>{4 * kMiB, 8 * kMiB, 16 * kMiB});
  const std::string name = *rc::gen::elementOf(kNames);
  MemoryBudget budget(limit);
  const auto reader = load.Reader(*rc::gen::inRange<int64_t>(1, 20));
  const auto report = WriteFile(
      *reader, {.path = Path(name), .sync = false, .pool = &budget, .memory_limit_bytes = limit});
  // What a codec holds for a stream may not fit; that is said and not done.
  if (!report.ok() && name == "x.csv.zst") {
    RC_ASSERT(CodeOf(report.status()) == ErrorCode::kMemoryLimit);
    return;
  }
  if (!report.ok()) RC_FAIL(report.status().ToString());
  RC_ASSERT(budget.peak_bytes() <= limit);
  RC_ASSERT(budget.used_bytes() == 0);
}

#ifndef HEADRACE_SANITIZED

constexpr const char* kLoadVariable = "HEADRACE_SINK_LOAD";
constexpr const char* kNameVariable = "HEADRACE_SINK_NAME";

int64_t PeakResidentBytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) return std::stoll(line.substr(6)) * 1024;
  }
  return -1;
}

// The child of the test below; by itself it does nothing.
TEST_F(FileSinkMemory, InAProcessOfItsOwn) {
  const char* const load = std::getenv(kLoadVariable);
  const char* const path = std::getenv(kNameVariable);
  if (load == nullptr || path == nullptr) GTEST_SKIP() << "run by PeakResidentMemory";
  const Load& chosen = kLoads[std::stoi(load)];
  const auto reader = chosen.Reader(chosen.batches);
  MemoryBudget budget(kLimitBytes);
  const auto report = WriteFile(
      *reader, {.path = path, .sync = false, .pool = &budget, .memory_limit_bytes = kLimitBytes});
  ASSERT_TRUE(report.ok()) << report.status();
  WriteText(std::string(path) + ".peak", std::to_string(PeakResidentBytes()));
}

TEST_F(FileSinkMemory, PeakResidentMemory) {
  for (size_t load = 0; load < std::size(kLoads); ++load) {
    for (const std::string name : {"x.parquet", "x.arrow", "x.ndjson"}) {
      if (load > 1 && name != "x.parquet") continue;
      SCOPED_TRACE(std::string(kLoads[load].name) + " " + name);
      std::vector<std::string> variables = {kLoadVariable + ("=" + std::to_string(load)),
                                            kNameVariable + ("=" + Path(name))};
      std::vector<char*> environment;
      for (char** variable = environ; *variable != nullptr; ++variable) {
        environment.push_back(*variable);
      }
      for (std::string& variable : variables) environment.push_back(variable.data());
      environment.push_back(nullptr);
      std::string program = "/proc/self/exe";
      std::string filter = "--gtest_filter=FileSinkMemory.InAProcessOfItsOwn";
      char* const arguments[] = {program.data(), filter.data(), nullptr};
      pid_t child = 0;
      ASSERT_EQ(
          ::posix_spawn(&child, program.c_str(), nullptr, nullptr, arguments, environment.data()),
          0);
      int status = 0;
      ASSERT_EQ(::waitpid(child, &status, 0), child);
      ASSERT_EQ(status, 0);
      const int64_t peak_bytes = std::stoll(ReadText(Path(name) + ".peak").ValueOrDie());
      // The reader's batch, and the one it is made from, are no part of the writer's share.
      const int64_t reader_bytes = kLoads[load].text_bytes > 0
                                       ? 3 * kLoads[load].rows_per_batch * kLoads[load].text_bytes
                                       : 16 * kMiB;
      EXPECT_LE(peak_bytes, kLimitBytes + 96 * kMiB + reader_bytes);
      RecordProperty(std::string(kLoads[load].name) + name, static_cast<int>(peak_bytes / kMiB));
    }
  }
}

#endif  // HEADRACE_SANITIZED

}  // namespace
}  // namespace headrace::codec
