#include "cli/scan_options.h"

#include <charconv>
#include <filesystem>
#include <limits>
#include <utility>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/option_values.h"
#include "cli/row_output.h"
#include "headrace/error_code.h"

namespace headrace::cli {
namespace {

constexpr const char* kScanFooter = R"(
To a terminal the rows are a table, first and last; into a pipe they are CSV, all of them. An
--output file is written under a temporary name and has its own when it is whole.

  headrace scan 'data/*.parquet' --select ts,fare --where "fare > 50" --limit 10
  headrace scan data/ --where "vendor in ('A','B') and ts >= timestamp '2024-01-01'" --explain
  headrace scan big.parquet --memory 256MB --where "fare > 50" --output expensive.parquet
  headrace scan big.parquet --group-by vendor --agg "mean(fare), count(*) as trips"
  headrace scan trips.parquet --downsample minmaxlttb --x ts --y fare --points 500 --by vendor
  headrace scan trips.parquet --order-by -fare,ts --limit 10
  headrace scan big.parquet --format ndjson | head

Exit status: 0 also where the reader of a pipe left; 130 after Ctrl-C; 2 for options and filters,
3 for damaged files and types, 4 for what is not there, 5 for memory, 7 for files that cannot be
read or written.)";
constexpr const char* kInspectFooter = R"(
  headrace inspect trips.parquet
  headrace inspect trips.parquet --pages
  headrace inspect trips.parquet --json | jq '.columns[0]')";

/// "0.01": a number from 0 to 1.
Result<double> ReadFraction(const std::string& text) {
  double value = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || rest != end || !(value >= 0 && value <= 1)) {
    return BadOption("--fraction", text, "a number from 0 to 1");
  }
  return value;
}

Result<uint64_t> ReadSeed(const std::string& text) {
  uint64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || rest != end) {
    return BadOption("--seed", text, "a whole number, at least 0");
  }
  return value;
}

std::optional<std::string> Given(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional(text);
}

}  // namespace

struct ScanArguments::Texts {
  std::vector<std::string> paths;
  std::vector<std::string> select;
  std::vector<std::string> where;
  std::vector<std::string> group_by;
  std::vector<std::string> aggregates;
  std::vector<std::string> order_by;
  std::string downsample;
  std::string x;
  std::vector<std::string> y;
  std::string points;
  std::string from;
  std::string to;
  std::string by;
  std::string sample;
  std::string fraction;
  std::string seed;
  std::string stratify;
  std::string offset;
  std::string limit;
  std::string memory;
  std::string threads;
  std::string source_file;
  RowOutputTexts output;
  bool unordered = false;
  bool explain = false;
};

namespace {

/// The options that choose rows, as delivery::TableRequest has them.
Status ReadChoice(const ScanArguments::Texts& t, ScanCommandOptions* options) {
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  delivery::SampleRequest& sample = options->sample;
  delivery::DownsampleRequest& chart = options->downsample;
  if (!t.sample.empty()) {
    ARROW_ASSIGN_OR_RAISE(sample.rows, ReadNumber("--sample", t.sample, 0, kMost));
  }
  if (!t.fraction.empty()) {
    ARROW_ASSIGN_OR_RAISE(sample.fraction, ReadFraction(t.fraction));
  }
  if (!t.seed.empty()) {
    ARROW_ASSIGN_OR_RAISE(sample.seed, ReadSeed(t.seed));
  }
  if (!t.points.empty()) {
    ARROW_ASSIGN_OR_RAISE(chart.points, ReadNumber("--points", t.points, 2, kMost));
  }
  sample.stratify = Given(t.stratify);
  chart.method = t.downsample;
  chart.x = t.x;
  for (const std::string& names : t.y) {
    for (std::string& name : SplitNames(names)) chart.y.push_back(std::move(name));
  }
  chart.from = Given(t.from);
  chart.to = Given(t.to);
  chart.by = Given(t.by);
  const Status valid = delivery::Validate(sample, chart);
  if (valid.ok()) return valid;
  return MakeError(ErrorCode::kBadConfig,
                   fmt::format("--{}: {}", LocationOf(valid)[0], valid.message()));
}

}  // namespace

ScanArguments::ScanArguments(CLI::App* app)
    : command_(app->add_subcommand("scan", "read files bigger than memory as one table")),
      texts_(std::make_unique<Texts>()) {
  Texts* const t = texts_.get();
  command_->allow_extras();
  command_->footer(kScanFooter);
  command_->add_option("paths", t->paths, "files, directories and globs, read in this order")
      ->option_text("PATH ...");
  AddList(command_, "--select", &t->select, "COLUMNS", "only these columns, in this order: a,b");
  AddList(command_, "--where", &t->where, "FILTER",
          "only rows for which this holds; several all have to");
  AddList(command_, "--group-by", &t->group_by, "COLUMNS",
          "one row for each group of equal values: a,b");
  AddList(command_, "--agg", &t->aggregates, "AGGREGATES",
          "of each group, or of all: mean(a), count(*) as n");
  AddList(command_, "--order-by", &t->order_by, "COLUMNS",
          "in this order: -fare,ts is fare from above, then ts");
  AddText(command_, "--offset", &t->offset, "ROWS", "pass over the first rows");
  AddText(command_, "--limit", &t->limit, "ROWS", "so many rows at most");
  AddText(command_, "--sample", &t->sample, "ROWS", "so many rows at random");
  AddText(command_, "--fraction", &t->fraction, "SHARE", "each row with this chance, 0 to 1");
  AddText(command_, "--seed", &t->seed, "N",
          "of --sample and --fraction: the same one gives the same rows");
  AddText(command_, "--stratify", &t->stratify, "COLUMN", "a sample of each value of this column");
  AddText(command_, "--downsample", &t->downsample, "METHOD",
          "rows for a chart: minmaxlttb, lttb, minmax or m4");
  AddText(command_, "--x", &t->x, "COLUMN", "the axis of the chart");
  AddList(command_, "--y", &t->y, "COLUMNS", "what it draws: a,b");
  AddText(command_, "--points", &t->points, "N", "points of each line, default 2000");
  AddText(command_, "--from", &t->from, "VALUE", "only from this x on");
  AddText(command_, "--to", &t->to, "VALUE", "only up to this x, without it");
  AddText(command_, "--by", &t->by, "COLUMN", "a line for each value of this column");
  AddText(command_, "--memory", &t->memory, "SIZE",
          "hold at most this much, such as 256MB or 1GiB");
  AddText(command_, "--threads", &t->threads, "N", "threads that read; 0 takes one per core");
  command_->add_flag("--unordered", t->unordered, "rows in any order, which may be quicker");
  command_->add_flag("--explain", t->explain, "say what would be read, and read no rows");
  AddText(command_, "--source-file", &t->source_file, "COLUMN",
          "a column in front that names a row's file");
  AddRowOutput(command_, &t->output);
}

ScanArguments::~ScanArguments() = default;

Result<ScanCommandOptions> ScanArguments::Read() const {
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  const Texts& t = *texts_;
  ScanCommandOptions options{.paths = t.paths,
                             .ordered = !t.unordered,
                             .explain = t.explain,
                             .source_file_column = t.source_file};
  if (t.paths.empty()) {
    return MakeError(ErrorCode::kBadConfig, "give files to scan: headrace scan 'data/*.parquet'");
  }
  for (const std::string& names : t.select) {
    if (!options.columns) options.columns.emplace();
    for (std::string& name : SplitNames(names)) options.columns->push_back(std::move(name));
  }
  options.filter = JoinFilters(t.where);
  for (const std::string& names : t.group_by) {
    for (std::string& name : SplitNames(names)) options.group_by.push_back(std::move(name));
  }
  options.aggregates = fmt::format("{}", fmt::join(t.aggregates, ", "));
  options.order_by = fmt::format("{}", fmt::join(t.order_by, ", "));
  ARROW_RETURN_NOT_OK(ReadChoice(t, &options));
  if (!t.offset.empty()) {
    ARROW_ASSIGN_OR_RAISE(options.offset, ReadNumber("--offset", t.offset, 0, kMost));
  }
  if (!t.limit.empty()) {
    ARROW_ASSIGN_OR_RAISE(options.limit, ReadNumber("--limit", t.limit, 0, kMost));
  }
  if (!t.threads.empty()) {
    ARROW_ASSIGN_OR_RAISE(const int64_t threads, ReadNumber("--threads", t.threads, 0, 1024));
    options.threads = static_cast<int>(threads);
  }
  ARROW_ASSIGN_OR_RAISE(options.memory_limit_bytes, ReadMemory(t.memory));
  ARROW_ASSIGN_OR_RAISE(options.output, ReadRowOutput(t.output));
  return options;
}

InspectArguments::InspectArguments(CLI::App* app)
    : command_(app->add_subcommand("inspect", "show how a Parquet file is made")) {
  command_->allow_extras();
  command_->footer(kInspectFooter);
  command_->add_option("path", options_.path, "the file")->option_text("FILE");
  command_->add_flag("--pages", options_.pages, "every page of every column, which reads the file");
  command_->add_flag("--json", options_.json, "as one JSON object");
}

Result<InspectCommandOptions> InspectArguments::Read() const {
  if (!options_.path.empty()) return options_;
  return MakeError(ErrorCode::kBadConfig, "give a file to inspect: headrace inspect FILE");
}

}  // namespace headrace::cli
