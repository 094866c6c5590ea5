#include "cli/inspect_command.h"

#include "headrace/memory_budget.h"
#include "scan/parquet_inspection.h"

namespace headrace::cli {

Result<std::string> RunInspect(const InspectCommandOptions& options) {
  ARROW_ASSIGN_OR_RAISE(const auto inspected,
                        scan::InspectParquet(options.path, options.pages, MemoryBudget::Process()));
  return options.json ? InspectionJson(options.path, inspected)
                      : InspectionText(options.path, inspected);
}

}  // namespace headrace::cli
