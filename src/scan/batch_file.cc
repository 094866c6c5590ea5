#include "scan/batch_file.h"

#include "headrace/error_code.h"
#include "scan/csv_file.h"
#include "scan/ipc_file.h"
#include "scan/ndjson_file.h"
#include "scan/parquet_border.h"

namespace headrace::scan {
namespace {

struct Opener {
  FileFormat format;
  Result<std::shared_ptr<const BatchFile>> (*open)(const DataFile& file, MemoryBudget* pool);
};

constexpr Opener kOpeners[] = {
    {FileFormat::kArrowFile, OpenIpcFile},
    {FileFormat::kArrowStream, OpenIpcFile},
    {FileFormat::kCsv, OpenCsvFile},
    {FileFormat::kNdjson, OpenNdjsonFile},
};

}  // namespace

Result<std::shared_ptr<const BatchFile>> BatchFile::Open(const DataFile& file, MemoryBudget* pool) {
  for (const Opener& opener : kOpeners) {
    if (opener.format != file.kind.format) continue;
    return AtParquetBorder(FilePlace{.path = file.path}, [&] { return opener.open(file, pool); });
  }
  return ErrorAt(ErrorCode::kInternal, {.path = file.path}, "there is no reader for this format");
}

}  // namespace headrace::scan
