#include "cli/scan_options.h"

#include <gtest/gtest.h>

#include "cli/command_line.h"
#include "headrace/error_code.h"

namespace headrace::cli {
namespace {

ScanCommandOptions Scan(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "scan");
  const auto read = ReadInvocation(arguments, {});
  EXPECT_TRUE(read.ok()) << read.status();
  if (!read.ok()) return {};
  EXPECT_EQ(read->kind, Invocation::Kind::kScan);
  return read->scan;
}

std::string RefusalOf(const std::vector<std::string>& arguments) {
  const auto read = ReadInvocation(arguments, {});
  if (read.ok()) return "not refused";
  EXPECT_EQ(CodeOf(read.status()), ErrorCode::kBadConfig);
  return read.status().message();
}

TEST(ScanOptions, ReadsAll) {
  const auto options =
      Scan({"a.parquet", "--select",  "x,\"y,z\"", "--select",    "w",         "--where",
            "x > 3",     "--offset",  "2",         "--limit",     "10",        "--memory",
            "256MB",     "--threads", "4",         "--unordered", "--explain", "--source-file",
            "file",      "--output",  "out.arrow", "--rows",      "7",         "b/*.parquet"});
  EXPECT_EQ(options.paths, (std::vector<std::string>{"a.parquet", "b/*.parquet"}));
  EXPECT_EQ(options.columns, (std::vector<std::string>{"x", "y,z", "w"}));
  EXPECT_EQ(options.filter, "x > 3");
  EXPECT_EQ(options.offset, 2);
  EXPECT_EQ(options.limit, 10);
  EXPECT_EQ(options.memory_limit_bytes, 256'000'000);
  EXPECT_EQ(options.threads, 4);
  EXPECT_FALSE(options.ordered);
  EXPECT_TRUE(options.explain);
  EXPECT_EQ(options.source_file_column, "file");
  EXPECT_EQ(options.output.format, codec::Format::kArrowFile);
  EXPECT_EQ(options.output.rows_shown, 7);
}

TEST(ScanOptions, HasDefaults) {
  const auto options = Scan({"a.parquet"});
  EXPECT_FALSE(options.columns);
  EXPECT_FALSE(options.limit);
  EXPECT_TRUE(options.ordered);
  EXPECT_FALSE(options.output.format);
  EXPECT_EQ(options.output.rows_shown, 40);
}

TEST(ScanOptions, SeveralFiltersAllHold) {
  EXPECT_EQ(Scan({"a", "--where", "x or y", "--where", "z"}).filter, "(x or y) and (z)");
}

TEST(ScanOptions, KeysAndAggregatesAddUp) {
  const auto options = Scan({"a", "--group-by", "x,\"y,z\"", "--group-by", "w", "--agg",
                             "mean(x), count(*)", "--agg", "max(w) as m"});
  EXPECT_EQ(options.group_by, (std::vector<std::string>{"x", "y,z", "w"}));
  EXPECT_EQ(options.aggregates, "mean(x), count(*), max(w) as m");
}

TEST(ScanOptions, RowsAreOrderedAndChosen) {
  const auto chart = Scan({"a", "--downsample", "m4", "--x", "ts", "--y", "v,\"odd,y\"", "--y", "w",
                           "--points", "500", "--from", "-5", "--to", "2024-01-31", "--by", "s"})
                         .downsample;
  EXPECT_EQ(chart.method, "m4");
  EXPECT_EQ(chart.x, "ts");
  EXPECT_EQ(chart.y, (std::vector<std::string>{"v", "odd,y", "w"}));
  EXPECT_EQ(chart.points, 500);
  EXPECT_EQ(chart.from, "-5");
  EXPECT_EQ(chart.to, "2024-01-31");
  EXPECT_EQ(chart.by, "s");
  const auto options = Scan({"a", "--order-by", "-fare,ts", "--order-by", "x desc", "--fraction",
                             "0.25", "--seed", "18446744073709551615", "--stratify", "s"});
  EXPECT_EQ(options.order_by, "-fare,ts, x desc");
  EXPECT_EQ(options.sample.fraction, 0.25);
  EXPECT_EQ(options.sample.seed, 18446744073709551615U);
  EXPECT_EQ(options.sample.stratify, "s");
  EXPECT_EQ(Scan({"a", "--sample", "10"}).sample.rows, 10);
}

TEST(ScanOptions, RefusesChoicesThatContradict) {
  EXPECT_NE(RefusalOf({"scan", "a", "--x", "ts"}).find("--x:"), std::string::npos);
  EXPECT_NE(RefusalOf({"scan", "a", "--seed", "3"}).find("--seed:"), std::string::npos);
  EXPECT_NE(RefusalOf({"scan", "a", "--fraction", "2"}).find("--fraction: '2'"), std::string::npos);
  EXPECT_NE(RefusalOf({"scan", "a", "--sample", "x"}).find("--sample: 'x'"), std::string::npos);
  EXPECT_NE(RefusalOf({"scan", "a", "--sample", "3", "--seed", "-1"}).find("--seed: '-1'"),
            std::string::npos);
}

TEST(ScanOptions, AFormatComesBeforeTheExtension) {
  EXPECT_EQ(Scan({"a", "-o", "x.csv", "-f", "ndjson"}).output.format, codec::Format::kNdjson);
  EXPECT_EQ(Scan({"a", "-o", "x.csv"}).output.format, codec::Format::kCsv);
  EXPECT_TRUE(Scan({"a", "--format", "table"}).output.table);
}

TEST(ScanOptions, RefusesMistakes) {
  EXPECT_NE(RefusalOf({"scan"}).find("give files"), std::string::npos);
  EXPECT_NE(RefusalOf({"scan", "a", "--limt", "3"}).find("'--limit'"), std::string::npos);
  EXPECT_NE(RefusalOf({"scan", "a", "--limit", "x"}).find("--limit: 'x'"), std::string::npos);
  EXPECT_NE(RefusalOf({"scan", "a", "--limit", "-1"}).find("--limit"), std::string::npos);
  EXPECT_NE(RefusalOf({"scan", "a", "--memory", "lots"}).find("--memory: 'lots'"),
            std::string::npos);
  EXPECT_NE(RefusalOf({"scan", "a", "--format", "xls"}).find("table, arrows"), std::string::npos);
  EXPECT_NE(RefusalOf({"scan", "a", "-o", "out"}).find("--output: 'out'"), std::string::npos);
  EXPECT_NE(RefusalOf({"scan", "a", "-o", "out.csv", "-f", "table"}), "not refused");
  EXPECT_NE(RefusalOf({"scn", "a"}).find("'scan'"), std::string::npos);
  EXPECT_NE(RefusalOf({"inspect"}).find("give a file"), std::string::npos);
  EXPECT_NE(RefusalOf({"inspect", "a", "b"}).find("unknown argument 'b'"), std::string::npos);
}

}  // namespace
}  // namespace headrace::cli
