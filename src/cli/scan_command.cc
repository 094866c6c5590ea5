#include "cli/scan_command.h"

#include <atomic>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <arrow/record_batch.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/interruption.h"
#include "cli/progress_line.h"
#include "cli/standard_output.h"
#include "cli/table_preview.h"
#include "codec/file_sink.h"
#include "delivery/table_request.h"
#include "headrace/error_code.h"
#include "headrace/memory_budget.h"
#include "headrace/scan.h"

namespace headrace::cli {
namespace {

using Reader = std::shared_ptr<arrow::RecordBatchReader>;

constexpr int kUsualWidth = 80;

int TerminalColumns() {
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  return kUsualWidth;
}

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

Status ShowTable(arrow::RecordBatchReader& reader, const ScanCommandOptions& command,
                 const std::function<void()>& before_text) {
  const bool terminal = isatty(STDOUT_FILENO) != 0;
  TablePreview table(reader.schema(), {.rows = command.rows_shown,
                                       .width = TerminalColumns(),
                                       .style = terminal && std::getenv("NO_COLOR") == nullptr});
  std::shared_ptr<arrow::RecordBatch> batch;
  for (;;) {
    ARROW_RETURN_NOT_OK(reader.ReadNext(&batch));
    if (batch == nullptr) break;
    ARROW_RETURN_NOT_OK(table.Add(*batch));
  }
  before_text();
  return WriteToStdout(table.Text());
}

/// Rows into a pipe or a file. That the reader of a pipe leaves is how `| head` ends.
Status WriteRows(Reader reader, const ScanCommandOptions& command, bool to_pipe,
                 arrow::MemoryPool* pool) {
  codec::FileSinkOptions sink{.path = command.output,
                              .format = command.format,
                              .compression = command.compression,
                              .partition_by = command.partition_by,
                              .pool = pool};
  if (to_pipe && !sink.format) sink.format = codec::Format::kCsv;
  const Status status = to_pipe ? codec::WriteToDescriptor(*reader, STDOUT_FILENO, sink).status()
                                : codec::WriteFile(*reader, sink).status();
  if (!status.ok() && to_pipe && CodeOf(status) == ErrorCode::kCancelled) return Status::OK();
  return status;
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
  const bool to_pipe = command.output.empty();
  const bool table = command.table || (to_pipe && !command.format && isatty(STDOUT_FILENO) != 0);
  ARROW_ASSIGN_OR_RAISE(auto scan, Scan::Open(OptionsOf(command, !table, budget), budget));
  const delivery::TableRequest request = RequestOf(command);
  if (command.explain) return Explain(*scan, request);
  ARROW_ASSIGN_OR_RAISE(Reader reader, delivery::OpenTable(*scan, request, budget));
  const auto passed = std::make_shared<PassedRows>();
  reader = CountRows(std::move(reader), passed);
  // A file in the making has to be taken away: the scan is stopped, and all goes its way to the
  // end. Where nothing is left behind the process just ends, even if it waits for a full pipe.
  std::atomic<bool> stopped = false;
  if (!to_pipe) {
    interruption.Stop([reader, &stopped] {
      stopped = true;
      (void)reader->Close();
    });
  }
  std::optional<ProgressLine> line;
  if (isatty(STDERR_FILENO) != 0) {
    line.emplace(STDERR_FILENO, [=, all_rows = KnownRows(*scan, command)] {
      return Progress{.rows = passed->rows,
                      .bytes = passed->bytes,
                      .all_rows = all_rows,
                      .used_bytes = budget->used_bytes(),
                      .limit_bytes = budget->limit_bytes()};
    });
    interruption.Tidy([&line] { line->Clear(); });
  }
  const auto clear = [&line] {
    if (line) line->Clear();
  };
  const Status status =
      table ? ShowTable(*reader, command, clear) : WriteRows(reader, command, to_pipe, budget);
  clear();
  interruption.Tidy(nullptr);
  interruption.Stop(nullptr);
  if (stopped) return MakeError(ErrorCode::kCancelled, "stopped");
  return status;
}

}  // namespace headrace::cli
