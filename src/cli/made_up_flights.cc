#include "cli/made_up_flights.h"

#include <atomic>
#include <filesystem>

#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/io/file.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <parquet/arrow/writer.h>
#include <unistd.h>

#include "headrace/status.h"

namespace headrace::cli::testing {
namespace {

Result<std::shared_ptr<arrow::Table>> MakeTable(const std::vector<int64_t>& times_us) {
  arrow::TimestampBuilder dates(arrow::timestamp(arrow::TimeUnit::MICRO),
                                arrow::default_memory_pool());
  arrow::Int64Builder delays;
  arrow::LargeStringBuilder origins;
  for (size_t i = 0; i < times_us.size(); ++i) {
    ARROW_RETURN_NOT_OK(times_us[i] == MadeUpFlights::kNull ? dates.AppendNull()
                                                            : dates.Append(times_us[i]));
    ARROW_RETURN_NOT_OK(delays.Append(static_cast<int64_t>(i)));
    ARROW_RETURN_NOT_OK(origins.Append(i % 2 == 0 ? "SEA" : "LAX"));
  }
  ARROW_ASSIGN_OR_RAISE(auto date, dates.Finish());
  ARROW_ASSIGN_OR_RAISE(auto delay, delays.Finish());
  ARROW_ASSIGN_OR_RAISE(auto origin, origins.Finish());
  return arrow::Table::Make(
      arrow::schema({arrow::field("date", date->type()), arrow::field("delay", delay->type()),
                     arrow::field("origin", origin->type())}),
      {date, delay, origin});
}

Status Write(const std::vector<int64_t>& times_us, int64_t rows_per_group,
             const std::string& path) {
  ARROW_ASSIGN_OR_RAISE(auto table, MakeTable(times_us));
  ARROW_ASSIGN_OR_RAISE(auto file, arrow::io::FileOutputStream::Open(path));
  ARROW_RETURN_NOT_OK(
      parquet::arrow::WriteTable(*table, arrow::default_memory_pool(), file, rows_per_group));
  return file->Close();
}

}  // namespace

MadeUpFlights::MadeUpFlights(const std::vector<int64_t>& times_us, int64_t rows_per_group) {
  static std::atomic<int> files{0};
  path_ = std::filesystem::temp_directory_path() /
          fmt::format("headrace-flights-{}-{}.parquet", getpid(), files++);
  const Status status = Write(times_us, rows_per_group, path_);
  EXPECT_TRUE(status.ok()) << status;
}

MadeUpFlights::~MadeUpFlights() {
  std::error_code ignored;
  std::filesystem::remove(path_, ignored);
}

}  // namespace headrace::cli::testing
