#include "cli/scan_command.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <arrow/record_batch.h>

#include "cli/interruption.h"
#include "cli/row_output.h"
#include "cli/standard_output.h"
#include "delivery/table_request.h"
#include "headrace/memory_budget.h"
#include "headrace/scan.h"

namespace headrace::cli {
namespace {

ScanOptions OptionsOf(const ScanCommandOptions& command, bool encodes, MemoryBudget* budget) {
  ScanOptions options{.paths = command.paths,
                      .max_concurrent = command.threads,
                      .source_file_column = command.source_file_column};
  // The rest of the limit is for what writes the rows.
  const int64_t limit = budget->limit_bytes();
  options.memory_limit_bytes = encodes ? limit - limit / 4 : limit;
  return options;
}

delivery::TableRequest RequestOf(const ScanCommandOptions& command) {
  delivery::TableRequest request;
  request.filter = command.filter;
  request.group_by = command.group_by;
  request.aggregates = command.aggregates;
  request.order_by = command.order_by;
  request.offset = command.offset;
  request.limit = command.limit;
  request.sample = command.sample;
  request.downsample = command.downsample;
  request.columns = command.columns;
  request.ordered = command.ordered;
  return request;
}

/// Rows that will come out, if that is known without reading.
std::optional<int64_t> KnownRows(const Scan& scan, const ScanCommandOptions& command) {
  const delivery::TableRequest request = RequestOf(command);
  if (!command.filter.empty() || delivery::Groups(request) || delivery::Chooses(request)) {
    return std::nullopt;
  }
  auto rows = scan.statistics().num_rows;
  if (rows) rows = std::max<int64_t>(0, *rows - command.offset);
  if (rows && command.limit) rows = std::min(*rows, *command.limit);
  return rows;
}

Status Explain(const Scan& scan, const delivery::TableRequest& request) {
  ARROW_ASSIGN_OR_RAISE(const auto pushed, delivery::PushDown(request, *scan.schema()));
  ARROW_ASSIGN_OR_RAISE(const auto explained, scan.Explain(pushed));
  return WriteToStdout(explained.ToString());
}

}  // namespace

Status RunScan(const ScanCommandOptions& command, StopSignal* stop) {
  Interruption interruption(stop);
  MemoryBudget* const budget = MemoryBudget::Process();
  if (command.memory_limit_bytes > 0) budget->set_limit_bytes(command.memory_limit_bytes);
  const bool encodes = !IsTable(command.output);
  ARROW_ASSIGN_OR_RAISE(auto scan, Scan::Open(OptionsOf(command, encodes, budget), budget));
  const delivery::TableRequest request = RequestOf(command);
  if (command.explain) return Explain(*scan, request);
  ARROW_ASSIGN_OR_RAISE(auto reader, delivery::OpenTable(*scan, request, budget));
  return GiveRows(std::move(reader), command.output, KnownRows(*scan, command), interruption,
                  budget);
}

}  // namespace headrace::cli
