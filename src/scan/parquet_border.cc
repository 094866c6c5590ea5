#include "scan/parquet_border.h"

#include <new>

#include <fmt/format.h>
#include <parquet/exception.h>

#include "headrace/error_code.h"

namespace headrace::scan {
namespace {

std::string Describe(const FilePlace& place) {
  std::string text = place.path;
  if (place.row_group >= 0) text += fmt::format(", row group {}", place.row_group);
  if (!place.column.empty()) text += fmt::format(", column '{}'", place.column);
  return text;
}

std::vector<std::string> Location(const FilePlace& place) {
  std::vector<std::string> location = {place.path};
  if (place.row_group >= 0) location.push_back(std::to_string(place.row_group));
  if (!place.column.empty()) location.push_back(place.column);
  return location;
}

}  // namespace

Status PlacedError(const FilePlace& place, const Status& error) {
  ErrorCode code = CodeOf(error);
  // parquet::arrow calls all that it cannot make sense of an IOError; one of the system says which.
  if (code == ErrorCode::kIOError && error.detail() == nullptr) code = ErrorCode::kCorruptFile;
  switch (code) {
    case ErrorCode::kCancelled: return error;
    case ErrorCode::kCorruptFile:
      if (CodeOf(error) == code) return error;  // has its place already
      break;
    case ErrorCode::kMemoryLimit:
    case ErrorCode::kIOError:
    case ErrorCode::kUnknownName:
    case ErrorCode::kNotImplemented:
      return MakeError(code, fmt::format("{}: {}", Describe(place), error.message()),
                       Location(place));
    default: break;
  }
  return MakeError(ErrorCode::kCorruptFile,
                   fmt::format("{}: the file is damaged: {}", Describe(place), error.message()),
                   Location(place));
}

Status PlacedError(const FilePlace& place, const std::exception& error) {
  if (dynamic_cast<const std::bad_alloc*>(&error) != nullptr) {
    return MakeError(ErrorCode::kMemoryLimit, Describe(place) + ": out of memory", Location(place));
  }
  if (const auto* wrapped = dynamic_cast<const parquet::ParquetStatusException*>(&error)) {
    return PlacedError(place, wrapped->status());
  }
  return PlacedError(place, Status::Invalid(error.what()));
}

}  // namespace headrace::scan
