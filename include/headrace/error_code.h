#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "headrace/status.h"

namespace headrace {

/// Each kind of failure that a caller may want to tell apart. The order is that of the table in
/// error_code.cc; names and numbers on the wire come from that table only.
enum class ErrorCode {
  kInvalidArgument,       ///< a value that breaks a documented rule (window 0, unknown field, ...)
  kMalformedBody,         ///< bytes that do not parse at all
  kTypeMismatch,          ///< a value whose type does not fit its column
  kUnknownName,           ///< no buffer, table or column of that name
  kNameExists,            ///< the name is taken
  kUnknownRoute,          ///< no such path
  kMethodNotAllowed,      ///< the path exists, this method does not
  kNotAcceptable,         ///< none of the asked formats can be made
  kUnsupportedMediaType,  ///< the body's content type is not read here
  kTooLarge,              ///< an input is over one of its limits
  kMemoryLimit,           ///< the memory budget refuses; the message says who holds what
  kUnavailable,           ///< stopping, or too many connections
  kTimeout,               ///< a deadline passed
  kCancelled,             ///< the caller left or cancelled
  kIOError,               ///< a file or a socket failed
  kCorruptFile,           ///< a file's bytes are not what its format says; place in the location
  kAddressInUse,          ///< a port cannot be bound
  kBadConfig,             ///< an option, variable or configuration file is wrong
  kSyntaxError,           ///< SQL that does not parse; line and column in the location
  kUnknownColumn,         ///< SQL that names a column which is not there
  kConstraintViolation,   ///< a row that breaks a key, a check or NOT NULL
  kConflict,              ///< another transaction changed the same rows
  kPermissionDenied,      ///< what SQL may not do here: files, extensions, settings, writes
  kNotImplemented,        ///< a documented limit of Headrace itself
  kInternal,              ///< a defect in Headrace
};

/// One row of the table: how a kind of failure is called wherever it surfaces.
struct ErrorKind {
  ErrorCode code;
  std::string_view name;              ///< stable, `snake_case`, part of the API
  int http_status;                    ///< 400 to 599
  std::string_view sqlstate;          ///< five characters
  std::string_view flight_code;       ///< arrow::flight::FlightStatusCode by name
  std::string_view python_exception;  ///< class name in `headrace`
  int exit_code;                      ///< of the command line
};

/// All rows, in the order of ErrorCode. Static lifetime.
std::span<const ErrorKind> ErrorKinds() noexcept;

const ErrorKind& Describe(ErrorCode code) noexcept;

/// A failed Status that carries `code`. `location` says where in the input the fault lies,
/// outermost first ("body", "data", "3", "temperature"); empty when the message alone says it.
Status MakeError(ErrorCode code, std::string message, std::vector<std::string> location = {});

/// The code of a failed status; statuses that Arrow made are mapped by their own kind.
/// Requires: !status.ok().
ErrorCode CodeOf(const Status& status) noexcept;

/// Where the fault lies; empty if unknown.
std::span<const std::string> LocationOf(const Status& status) noexcept;

}  // namespace headrace
