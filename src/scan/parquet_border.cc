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

Status ErrorAt(ErrorCode code, const FilePlace& place, const std::string& message) {
  return MakeError(code, fmt::format("{}: {}", Describe(place), message), Location(place));
}

Status PlacedError(const FilePlace& place, const Status& error) {
  const auto known = LocationOf(error);
  if (!known.empty() && known.front() == place.path) return error;  // it says where already
  ErrorCode code = CodeOf(error);
  // parquet::arrow calls all that it cannot make sense of an IOError; one of the system says which.
  if (code == ErrorCode::kIOError && error.detail() == nullptr) code = ErrorCode::kCorruptFile;
  switch (code) {
    case ErrorCode::kCancelled: return error;
    case ErrorCode::kMemoryLimit:
    case ErrorCode::kIOError:
    case ErrorCode::kUnknownName:
    case ErrorCode::kNotImplemented: return ErrorAt(code, place, error.message());
    default:
      return ErrorAt(ErrorCode::kCorruptFile, place, "the file is damaged: " + error.message());
  }
}

Status PlacedError(const FilePlace& place, const std::exception& error) {
  if (dynamic_cast<const std::bad_alloc*>(&error) != nullptr) {
    return ErrorAt(ErrorCode::kMemoryLimit, place, "out of memory");
  }
  if (const auto* wrapped = dynamic_cast<const parquet::ParquetStatusException*>(&error)) {
    return PlacedError(place, wrapped->status());
  }
  return PlacedError(place, Status::Invalid(error.what()));
}

}  // namespace headrace::scan
