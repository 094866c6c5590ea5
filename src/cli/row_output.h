#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <arrow/type_fwd.h>

#include "cli/scan_options.h"
#include "headrace/status.h"

namespace headrace {
class MemoryBudget;
}

namespace headrace::cli {

class Interruption;

/// The options of where rows go, while the command line is read.
struct RowOutputTexts {
  std::string rows;
  std::string output;
  std::string format;
  std::string compression;
  std::string partition_by;
};
void AddRowOutput(CLI::App* command, RowOutputTexts* texts);
/// kBadConfig, naming the option, for a value that breaks a rule.
Result<RowOutputOptions> ReadRowOutput(const RowOutputTexts& texts);

/// Whether the rows become a table for people: asked for, or by default on a terminal.
bool IsTable(const RowOutputOptions& options);

/// Writes the rows to where they go, with a line of progress where stderr is a terminal; `all_rows`
/// is their number, if known. A file in the making is taken away if a signal stops it (kCancelled);
/// a reader of stdout that leaves is no failure.
Status GiveRows(std::shared_ptr<arrow::RecordBatchReader> reader, const RowOutputOptions& options,
                std::optional<int64_t> all_rows, Interruption& interruption, MemoryBudget* budget);

}  // namespace headrace::cli
