#include "window/options.h"

#include <arrow/type.h>
#include <fmt/format.h>

#include "headrace/error_code.h"
#include "headrace/names.h"

namespace headrace::window {
namespace {

Result<ColumnType> WindowType(const arrow::Field& field) {
  switch (field.type()->id()) {
    case arrow::Type::INT64: return ColumnType::kInt64;
    case arrow::Type::DOUBLE: return ColumnType::kDouble;
    case arrow::Type::BOOL: return ColumnType::kBool;
    case arrow::Type::STRING: return ColumnType::kString;
    case arrow::Type::TIMESTAMP: return ColumnType::kTimestamp;
    default:
      return MakeError(ErrorCode::kInvalidArgument,
                       fmt::format("column '{}' cannot be {}; a live window holds int64, double, "
                                   "bool, string and timestamp",
                                   field.name(), field.type()->ToString()),
                       {"schema", field.name()});
  }
}

}  // namespace

Result<std::vector<PlannedColumn>> PlanSchema(const LiveWindowOptions& options) {
  std::vector<PlannedColumn> columns;
  if (options.schema == nullptr) return columns;
  for (const auto& field : options.schema->fields()) {
    ARROW_ASSIGN_OR_RAISE(const ColumnType type, WindowType(*field));
    for (const PlannedColumn& other : columns) {
      if (other.name == field->name()) {
        return MakeError(ErrorCode::kInvalidArgument,
                         fmt::format("column '{}' occurs twice", field->name()),
                         {"schema", field->name()});
      }
    }
    columns.push_back({field->name(), type});
  }
  if (columns.empty() || static_cast<int64_t>(columns.size()) > options.max_columns) {
    return MakeError(
        ErrorCode::kInvalidArgument,
        fmt::format("a schema has 1 to {} columns, not {}", options.max_columns, columns.size()),
        {"schema"});
  }
  return columns;
}

Status ValidateOptions(const LiveWindowOptions& options) {
  ARROW_RETURN_NOT_OK(ValidateName(options.name, "buffer_id"));
  if (options.window_size < 1 || options.window_size > LiveWindowOptions::kMaxWindowSize) {
    return MakeError(ErrorCode::kInvalidArgument,
                     fmt::format("window_size is {}; it must be 1 to {}", options.window_size,
                                 LiveWindowOptions::kMaxWindowSize),
                     {"window_size"});
  }
  if (options.history_rows < 0 || options.history_rows > LiveWindowOptions::kMaxWindowSize) {
    return MakeError(ErrorCode::kInvalidArgument,
                     fmt::format("history_rows is {}; it must be 0 to {}", options.history_rows,
                                 LiveWindowOptions::kMaxWindowSize),
                     {"history_rows"});
  }
  return Status::OK();
}

Status ValidateTail(std::optional<int64_t> tail) {
  if (!tail || *tail >= 1) return Status::OK();
  return MakeError(ErrorCode::kInvalidArgument,
                   fmt::format("tail is {}; it must be 1 or more", *tail), {"tail"});
}

}  // namespace headrace::window
