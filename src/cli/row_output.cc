#include "cli/row_output.h"

#include <atomic>
#include <cstdlib>
#include <functional>
#include <utility>

#include <arrow/record_batch.h>
#include <fmt/format.h>
#include <unistd.h>

#include "cli/interruption.h"
#include "cli/option_values.h"
#include "cli/progress_line.h"
#include "cli/standard_output.h"
#include "cli/table_preview.h"
#include "cli/terminal_text.h"
#include "codec/file_sink.h"
#include "headrace/error_code.h"
#include "headrace/memory_budget.h"

namespace headrace::cli {
namespace {

using Reader = std::shared_ptr<arrow::RecordBatchReader>;

Status ShowTable(arrow::RecordBatchReader& reader, const RowOutputOptions& options,
                 const std::function<void()>& before_text) {
  const bool terminal = isatty(STDOUT_FILENO) != 0;
  TablePreview table(reader.schema(), {.rows = options.rows_shown,
                                       .width = WidthOfTerminal(STDOUT_FILENO),
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
Status WriteRows(Reader reader, const RowOutputOptions& options, bool to_pipe,
                 arrow::MemoryPool* pool) {
  codec::FileSinkOptions sink{.path = options.path,
                              .format = options.format,
                              .compression = options.compression,
                              .partition_by = options.partition_by,
                              .pool = pool};
  if (to_pipe && !sink.format) sink.format = codec::Format::kCsv;
  const Status status = to_pipe ? codec::WriteToDescriptor(*reader, STDOUT_FILENO, sink).status()
                                : codec::WriteFile(*reader, sink).status();
  if (!status.ok() && to_pipe && CodeOf(status) == ErrorCode::kCancelled) return Status::OK();
  return status;
}

std::string FormatNames() {
  std::string names;
  for (const codec::FormatInfo& info : codec::FileFormats()) {
    names += fmt::format("{}{}", names.empty() ? "" : ", ", info.name);
  }
  return names;
}

std::optional<codec::Format> FormatCalled(std::string_view name) {
  for (const codec::FormatInfo& info : codec::FileFormats()) {
    if (info.name == name) return info.format;
  }
  return std::nullopt;
}

Status ReadFormat(const std::string& name, RowOutputOptions* options) {
  if (!name.empty()) {
    options->format = FormatCalled(name);
    options->table = name == "table";
    if (options->table && !options->path.empty()) {
      return BadOption("--format", name, "a format of files: give one of " + FormatNames());
    }
    if (!options->format && !options->table) {
      return BadOption("--format", name, "one of table, " + FormatNames());
    }
    return Status::OK();
  }
  if (options->path.empty() || !options->partition_by.empty()) return Status::OK();
  const auto encoding = codec::EncodingOfFile(options->path, std::nullopt, options->compression);
  if (!encoding.ok()) {
    return MakeError(ErrorCode::kBadConfig,
                     fmt::format("--output: '{}': {}", options->path, encoding.status().message()));
  }
  options->format = encoding->format;
  return Status::OK();
}

}  // namespace

void AddRowOutput(CLI::App* command, RowOutputTexts* texts) {
  AddText(command, "-o,--output", &texts->output, "FILE", "write this file instead of stdout");
  AddText(command, "-f,--format", &texts->format, "FORMAT",
          "table, parquet, arrow, arrows, csv, ndjson or json");
  AddText(command, "--compression", &texts->compression, "CODEC",
          "of the file: zstd, lz4, snappy, gzip, brotli or none; default by its format");
  AddText(command, "--partition-by", &texts->partition_by, "COLUMNS",
          "make --output a folder with a folder for each value of these columns");
  AddText(command, "--rows", &texts->rows, "N", "rows of the table that are shown, default 40");
}

Result<RowOutputOptions> ReadRowOutput(const RowOutputTexts& texts) {
  RowOutputOptions options{.path = texts.output};
  if (!texts.rows.empty()) {
    ARROW_ASSIGN_OR_RAISE(options.rows_shown, ReadNumber("--rows", texts.rows, 1, 100'000));
  }
  if (!texts.compression.empty()) {
    const auto compression = codec::ParseFileCompression(texts.compression);
    if (!compression.ok()) {
      return MakeError(ErrorCode::kBadConfig, "--compression: " + compression.status().message());
    }
    options.compression = *compression;
  }
  if (!texts.partition_by.empty()) options.partition_by = SplitNames(texts.partition_by);
  if (options.path.empty() && (options.compression || !options.partition_by.empty())) {
    return MakeError(ErrorCode::kBadConfig, "--compression and --partition-by go with --output");
  }
  ARROW_RETURN_NOT_OK(ReadFormat(texts.format, &options));
  return options;
}

bool IsTable(const RowOutputOptions& options) {
  return options.table || (options.path.empty() && !options.format && isatty(STDOUT_FILENO) != 0);
}

Status GiveRows(Reader reader, const RowOutputOptions& options, std::optional<int64_t> all_rows,
                Interruption& interruption, MemoryBudget* budget) {
  const bool to_pipe = options.path.empty();
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
    line.emplace(STDERR_FILENO, [=] {
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
  const Status status = IsTable(options) ? ShowTable(*reader, options, clear)
                                         : WriteRows(reader, options, to_pipe, budget);
  clear();
  interruption.Tidy(nullptr);
  interruption.Stop(nullptr);
  if (stopped) return MakeError(ErrorCode::kCancelled, "stopped");
  return status;
}

}  // namespace headrace::cli
