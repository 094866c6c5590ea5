#include "cli/bars_command.h"

#include <array>
#include <cstdio>
#include <memory>
#include <optional>
#include <utility>

#include <CLI/CLI.hpp>
#include <arrow/record_batch.h>
#include <fmt/format.h>

#include "cli/bar_values.h"
#include "cli/interruption.h"
#include "cli/option_values.h"
#include "cli/row_output.h"
#include "delivery/table_request.h"
#include "headrace/error_code.h"
#include "headrace/memory_budget.h"
#include "headrace/scan.h"

namespace headrace::cli {
namespace {

constexpr const char* kFooter = R"(
Ticks come in the order of time, each at most --watermark behind the newest. Bars are left-closed
and begin where the clock of the zone shows it: those of a day and longer at its midnight, those of
a session at its opening. What is left out is counted on stderr.

  headrace bars ticks.parquet --every 5m --zone America/New_York --output bars.parquet
  headrace bars 'ticks/*.parquet' --every 1m --by symbol --price last --volume size
  headrace bars ticks.csv --every 1d --zone America/New_York --session 09:30-16:00
  headrace bars ticks.parquet --every 1h --gaps previous --where "symbol = 'ES'"

Exit status: 130 after Ctrl-C; 2 for options and filters, 3 for damaged files and types, 4 for what
is not there, 5 for memory, 7 for files that cannot be read or written.)";

Result<GapFill> ReadGaps(const std::string& text) {
  if (text.empty() || text == "absent") return GapFill::kAbsent;
  if (text == "null") return GapFill::kNull;
  if (text == "previous") return GapFill::kPrevious;
  return BadOption("--gaps", text, "one of absent, null and previous");
}

Result<bool> ReadLabel(const std::string& text) {
  if (text.empty() || text == "left") return false;
  if (text == "right") return true;
  return BadOption("--label", text, "left or right");
}

/// Only what bars are made of is read.
std::vector<std::string> ColumnsOf(const bars::TicksToBarsOptions& options) {
  std::vector<std::string> columns = {options.names.time, options.names.price,
                                      options.names.volume};
  if (!options.symbol_column.empty()) columns.push_back(options.symbol_column);
  return columns;
}

/// "headrace: 3 of 100 ticks are in no bar: 2 late, 1 invalid".
void TellWhatIsLeftOut(const BarAppendResult& counts) {
  const std::array<std::pair<const char*, int64_t>, 4> kinds = {
      {{"late (--watermark takes them)", counts.late},
       {"invalid", counts.invalid},
       {"outside the session", counts.out_of_session},
       {"before 1900 or after 2199", counts.out_of_range}}};
  int64_t left_out = 0;
  std::string text;
  for (const auto& [name, count] : kinds) {
    left_out += count;
    if (count > 0) text += fmt::format("{} {} {}", text.empty() ? ":" : ",", count, name);
  }
  if (left_out == 0) return;
  fmt::print(stderr, "headrace: {} of {} ticks are in no bar{}\n", left_out,
             left_out + counts.appended, text);
}

}  // namespace

struct BarsArguments::Texts {
  BarsCommandOptions options;
  std::vector<std::string> where;
  std::string every;
  std::string session;
  std::string gaps;
  std::string label;
  std::string watermark;
  std::string memory;
  RowOutputTexts output;
  bool ended = false;
};

BarsArguments::BarsArguments(CLI::App* app)
    : command_(app->add_subcommand("bars", "make bars of files of ticks")),
      texts_(std::make_unique<Texts>()) {
  Texts* const t = texts_.get();
  bars::TicksToBarsOptions* const bars = &t->options.bars;
  command_->allow_extras();
  command_->footer(kFooter);
  command_->add_option("paths", t->options.paths, "files, directories and globs of ticks")
      ->option_text("PATH ...");
  AddText(command_, "--every", &t->every, "TIMEFRAME",
          "how long a bar is: 30s, 5m, 1h, 1d, 1w, 1mo; default 1m");
  AddText(command_, "--zone", &bars->zone, "ZONE", "by whose clock, default UTC");
  AddText(command_, "--session", &t->session, "OPEN-CLOSE",
          "of Monday to Friday, in the zone; what trades outside is in no bar");
  AddText(command_, "--time", &bars->names.time, "COLUMN", "of the ticks, default ts");
  AddText(command_, "--price", &bars->names.price, "COLUMN", "default price");
  AddText(command_, "--volume", &bars->names.volume, "COLUMN", "default volume");
  AddText(command_, "--by", &bars->symbol_column, "COLUMN",
          "bars of each symbol that this column names");
  AddList(command_, "--where", &t->where, "FILTER",
          "only ticks for which this holds; several all have to");
  AddText(command_, "--gaps", &t->gaps, "FILL",
          "bars without a tick: absent, null or previous; default absent");
  AddText(command_, "--label", &t->label, "SIDE",
          "ts is a bar's start (left, default) or its end (right)");
  AddText(command_, "--watermark", &t->watermark, "DURATION",
          "how late a tick may come: 250ms, 10s, 2m; default 0");
  command_->add_flag("--ended", t->ended,
                     "without each symbol's last bar, which later ticks could change");
  AddText(command_, "--memory", &t->memory, "SIZE",
          "hold at most this much, such as 256MB or 1GiB");
  AddRowOutput(command_, &t->output);
}

BarsArguments::~BarsArguments() = default;

Result<BarsCommandOptions> BarsArguments::Read() const {
  const Texts& t = *texts_;
  BarsCommandOptions options = t.options;
  if (options.paths.empty()) {
    return MakeError(ErrorCode::kBadConfig,
                     "give files of ticks: headrace bars ticks.parquet --every 5m");
  }
  options.filter = JoinFilters(t.where);
  if (!t.every.empty()) {
    const auto every = ParseTimeframe(t.every);
    if (!every.ok()) {
      return MakeError(ErrorCode::kBadConfig, "--every: " + every.status().message());
    }
    options.bars.every = *every;
  }
  if (!t.session.empty()) {
    const auto session = ParseSession(t.session);
    if (!session) return BadOption("--session", t.session, kSessionRule);
    options.bars.session = *session;
  }
  ARROW_ASSIGN_OR_RAISE(options.bars.gaps, ReadGaps(t.gaps));
  ARROW_ASSIGN_OR_RAISE(options.bars.label_end, ReadLabel(t.label));
  if (!t.watermark.empty()) {
    const auto watermark = ParseDuration(t.watermark);
    if (!watermark) return BadOption("--watermark", t.watermark, kDurationRule);
    options.bars.watermark_ns = *watermark;
  }
  options.bars.last_bar = !t.ended;
  ARROW_ASSIGN_OR_RAISE(options.memory_limit_bytes, ReadMemory(t.memory));
  ARROW_ASSIGN_OR_RAISE(options.output, ReadRowOutput(t.output));
  return options;
}

Status RunBars(const BarsCommandOptions& command, StopSignal* stop) {
  Interruption interruption(stop);
  MemoryBudget* const budget = MemoryBudget::Process();
  if (command.memory_limit_bytes > 0) budget->set_limit_bytes(command.memory_limit_bytes);
  const int64_t limit = budget->limit_bytes();
  // Half is for what reads the ticks, a quarter for the bars, the rest for what writes them.
  ARROW_ASSIGN_OR_RAISE(
      auto scan, Scan::Open({.paths = command.paths, .memory_limit_bytes = limit / 2}, budget));
  delivery::TableRequest request;
  request.filter = command.filter;
  request.columns = ColumnsOf(command.bars);
  ARROW_ASSIGN_OR_RAISE(auto ticks, delivery::OpenTable(*scan, request, budget));
  bars::TicksToBarsOptions options = command.bars;
  options.memory_cap_bytes = std::min(options.memory_cap_bytes, limit / 4);
  ARROW_ASSIGN_OR_RAISE(const auto reader,
                        bars::TicksToBars::Make(std::move(ticks), std::move(options), budget));
  ARROW_RETURN_NOT_OK(GiveRows(reader, command.output, std::nullopt, interruption, budget));
  TellWhatIsLeftOut(reader->counts());
  return Status::OK();
}

}  // namespace headrace::cli
