#include "sql/duck_error.h"

#include <array>
#include <string>
#include <utility>

#include "headrace/error_code.h"
#include "sql/duck.h"

namespace headrace::sql {
namespace {

using enum ErrorCode;

struct Kind {
  duckdb_error_type type;
  std::string_view prefix;
  ErrorCode code;
};

constexpr std::array kKinds = {
    Kind{DUCKDB_ERROR_PARSER, "Parser Error", kSyntaxError},
    Kind{DUCKDB_ERROR_SYNTAX, "Syntax Error", kSyntaxError},
    Kind{DUCKDB_ERROR_CATALOG, "Catalog Error", kUnknownName},
    Kind{DUCKDB_ERROR_BINDER, "Binder Error", kInvalidArgument},
    Kind{DUCKDB_ERROR_CONVERSION, "Conversion Error", kTypeMismatch},
    Kind{DUCKDB_ERROR_MISMATCH_TYPE, "Mismatch Type Error", kTypeMismatch},
    Kind{DUCKDB_ERROR_CONSTRAINT, "Constraint Error", kConstraintViolation},
    Kind{DUCKDB_ERROR_TRANSACTION, "TransactionContext Error", kConflict},
    Kind{DUCKDB_ERROR_INTERRUPT, "INTERRUPT Error", kCancelled},
    Kind{DUCKDB_ERROR_OUT_OF_MEMORY, "Out of Memory Error", kMemoryLimit},
    Kind{DUCKDB_ERROR_PERMISSION, "Permission Error", kPermissionDenied},
    Kind{DUCKDB_ERROR_NOT_IMPLEMENTED, "Not implemented Error", kNotImplemented},
    Kind{DUCKDB_ERROR_IO, "IO Error", kIOError},
    Kind{DUCKDB_ERROR_OUT_OF_RANGE, "Out of Range Error", kInvalidArgument},
    Kind{DUCKDB_ERROR_INVALID_INPUT, "Invalid Input Error", kInvalidArgument},
    Kind{DUCKDB_ERROR_PARAMETER_NOT_RESOLVED, "Parameter Not Resolved Error", kInvalidArgument},
    Kind{DUCKDB_ERROR_FATAL, "FATAL Error", kInternal},
    Kind{DUCKDB_ERROR_INTERNAL, "INTERNAL Error", kInternal},
};

bool Has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

/// Kinds that DuckDB tells by its words alone.
ErrorCode Refine(ErrorCode code, std::string_view message) {
  if (code == kInvalidArgument && Has(message, "Referenced column")) return kUnknownColumn;
  if (code == kInvalidArgument && Has(message, "does not have a column named")) {
    return kUnknownColumn;
  }
  if (code == kUnknownName && Has(message, "already exists")) return kNameExists;
  if (code == kInvalidArgument && Has(message, "read-only")) return kPermissionDenied;
  if (code == kInvalidArgument && Has(message, "configuration has been locked")) {
    return kPermissionDenied;
  }
  return code;
}

Status Failure(ErrorCode code, std::string_view message) {
  std::vector<std::string> location;
  // "LINE 1: SELEC 1\n         ^": DuckDB underlines the place.
  const size_t line = message.find("\nLINE ");
  const size_t caret = message.rfind('^');
  if (line != std::string_view::npos && caret != std::string_view::npos && caret > line) {
    const size_t text = line + 1;
    const size_t colon = message.find(": ", text);
    const size_t last_line = message.rfind('\n', caret) + 1;
    if (colon != std::string_view::npos && colon < last_line) {
      const size_t indent = colon + 2 - text;
      const size_t column = caret - last_line;
      if (column >= indent) {
        location = {"sql", std::string(message.substr(text + 5, colon - text - 5)),
                    std::to_string(column - indent + 1)};
      }
    }
  }
  return MakeError(Refine(code, message), std::string(message), std::move(location));
}

}  // namespace

Status DuckFailure(duckdb_error_type type, std::string_view message) {
  for (const Kind& kind : kKinds) {
    if (kind.type == type) return Failure(kind.code, message);
  }
  return DuckFailure(message);
}

Status DuckFailure(std::string_view message) {
  for (const Kind& kind : kKinds) {
    if (message.starts_with(kind.prefix)) return Failure(kind.code, message);
  }
  return Failure(kInvalidArgument, message);
}

Status CheckDuck(duckdb_error_data error) {
  const DuckError owned(error);
  if (error == nullptr || !duckdb_error_data_has_error(error)) return Status::OK();
  return DuckFailure(duckdb_error_data_error_type(error), duckdb_error_data_message(error));
}

}  // namespace headrace::sql
