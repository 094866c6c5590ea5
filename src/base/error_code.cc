#include "headrace/error_code.h"

#include <array>
#include <memory>
#include <utility>

namespace headrace {
namespace {

using enum ErrorCode;

constexpr std::array kKinds = {
    // code, name, HTTP, SQLSTATE, Flight, Python, exit
    ErrorKind{kInvalidArgument, "invalid_argument", 422, "22023", "Failed", "InvalidArgument", 2},
    ErrorKind{kMalformedBody, "malformed_body", 400, "22P02", "Failed", "MalformedBody", 3},
    ErrorKind{kTypeMismatch, "type_mismatch", 422, "42804", "Failed", "TypeMismatch", 3},
    ErrorKind{kUnknownName, "unknown_name", 404, "42P01", "Failed", "UnknownName", 4},
    ErrorKind{kNameExists, "name_exists", 409, "42P07", "Failed", "NameExists", 4},
    ErrorKind{kUnknownRoute, "unknown_route", 404, "42883", "Failed", "UnknownName", 4},
    ErrorKind{kMethodNotAllowed, "method_not_allowed", 405, "0A000", "Failed", "HeadraceError", 2},
    ErrorKind{kNotAcceptable, "not_acceptable", 406, "0A000", "Failed", "HeadraceError", 2},
    ErrorKind{kUnsupportedMediaType, "unsupported_media_type", 415, "0A000", "Failed",
              "HeadraceError", 2},
    ErrorKind{kTooLarge, "too_large", 413, "54000", "Failed", "TooLarge", 5},
    ErrorKind{kMemoryLimit, "memory_limit", 507, "53200", "Unavailable", "MemoryLimit", 5},
    ErrorKind{kUnavailable, "unavailable", 503, "57P03", "Unavailable", "Unavailable", 6},
    ErrorKind{kTimeout, "timeout", 408, "57014", "TimedOut", "Timeout", 6},
    ErrorKind{kCancelled, "cancelled", 499, "57014", "Cancelled", "Cancelled", 130},
    ErrorKind{kIOError, "io_error", 500, "58030", "Internal", "HeadraceIOError", 7},
    ErrorKind{kCorruptFile, "corrupt_file", 422, "XX001", "Failed", "CorruptFile", 3},
    ErrorKind{kAddressInUse, "address_in_use", 500, "58000", "Internal", "HeadraceIOError", 7},
    ErrorKind{kBadConfig, "bad_config", 500, "F0000", "Internal", "InvalidArgument", 2},
    ErrorKind{kSyntaxError, "syntax_error", 400, "42601", "Failed", "SqlSyntaxError", 3},
    ErrorKind{kUnknownColumn, "unknown_column", 422, "42703", "Failed", "UnknownName", 4},
    ErrorKind{kConstraintViolation, "constraint_violation", 409, "23505", "Failed",
              "ConstraintViolation", 3},
    ErrorKind{kConflict, "conflict", 409, "40001", "Failed", "Conflict", 6},
    ErrorKind{kPermissionDenied, "permission_denied", 403, "42501", "Unauthorized",
              "PermissionDenied", 2},
    ErrorKind{kNotImplemented, "not_implemented", 501, "0A000", "Failed", "HeadraceError", 8},
    ErrorKind{kInternal, "internal", 500, "XX000", "Internal", "HeadraceError", 70},
};

constexpr bool InOrder() {
  for (size_t i = 0; i < kKinds.size(); ++i) {
    if (kKinds[i].code != static_cast<ErrorCode>(i)) return false;
  }
  return kKinds.size() == static_cast<size_t>(kInternal) + 1;
}
static_assert(InOrder(), "one row for each ErrorCode, in its order");

class CodedDetail final : public arrow::StatusDetail {
 public:
  CodedDetail(ErrorCode code, std::vector<std::string> location)
      : code_(code), location_(std::move(location)) {}
  const char* type_id() const override { return kTypeId; }
  std::string ToString() const override { return std::string(Describe(code_).name); }

  ErrorCode code() const noexcept { return code_; }
  std::span<const std::string> location() const noexcept { return location_; }

  static const CodedDetail* Of(const Status& status) noexcept {
    const auto& detail = status.detail();
    if (detail == nullptr || std::string_view(detail->type_id()) != kTypeId) return nullptr;
    return static_cast<const CodedDetail*>(detail.get());
  }

 private:
  static constexpr const char* kTypeId = "headrace::CodedDetail";
  ErrorCode code_;
  std::vector<std::string> location_;
};

arrow::StatusCode ArrowCodeOf(ErrorCode code) noexcept {
  switch (code) {
    case kTypeMismatch: return arrow::StatusCode::TypeError;
    case kUnknownColumn:
    case kUnknownName: return arrow::StatusCode::KeyError;
    case kNameExists: return arrow::StatusCode::AlreadyExists;
    case kMemoryLimit: return arrow::StatusCode::OutOfMemory;
    case kTooLarge: return arrow::StatusCode::CapacityError;
    case kCancelled:
    case kTimeout: return arrow::StatusCode::Cancelled;
    case kIOError:
    case kAddressInUse: return arrow::StatusCode::IOError;
    case kNotImplemented: return arrow::StatusCode::NotImplemented;
    case kInternal: return arrow::StatusCode::UnknownError;
    default: return arrow::StatusCode::Invalid;
  }
}

}  // namespace

std::span<const ErrorKind> ErrorKinds() noexcept { return kKinds; }

const ErrorKind& Describe(ErrorCode code) noexcept { return kKinds[static_cast<size_t>(code)]; }

Status MakeError(ErrorCode code, std::string message, std::vector<std::string> location) {
  return Status(ArrowCodeOf(code), std::move(message),
                std::make_shared<CodedDetail>(code, std::move(location)));
}

ErrorCode CodeOf(const Status& status) noexcept {
  if (const auto* detail = CodedDetail::Of(status)) return detail->code();
  switch (status.code()) {
    case arrow::StatusCode::OutOfMemory: return kMemoryLimit;
    case arrow::StatusCode::KeyError: return kUnknownName;
    case arrow::StatusCode::TypeError: return kTypeMismatch;
    case arrow::StatusCode::Invalid:
    case arrow::StatusCode::IndexError: return kInvalidArgument;
    case arrow::StatusCode::SerializationError: return kMalformedBody;
    case arrow::StatusCode::CapacityError: return kTooLarge;
    case arrow::StatusCode::Cancelled: return kCancelled;
    case arrow::StatusCode::AlreadyExists: return kNameExists;
    case arrow::StatusCode::IOError: return kIOError;
    case arrow::StatusCode::NotImplemented: return kNotImplemented;
    default: return kInternal;
  }
}

std::span<const std::string> LocationOf(const Status& status) noexcept {
  const auto* detail = CodedDetail::Of(status);
  return detail ? detail->location() : std::span<const std::string>{};
}

}  // namespace headrace
