#include "server/pgwire/sql_report.h"

#include <array>
#include <charconv>
#include <string>

#include "headrace/error_code.h"

namespace headrace::server::pgwire {
namespace {

using enum ErrorCode;

struct Finer {
  ErrorCode code;
  std::string_view words;  // in the message
  std::string_view sqlstate;
};

constexpr std::array kFiner = {
    Finer{kConstraintViolation, "NOT NULL constraint", "23502"},
    Finer{kConstraintViolation, "foreign key", "23503"},
    Finer{kConstraintViolation, "CHECK constraint", "23514"},
    Finer{kUnknownName, "Function with name", "42883"},
    Finer{kUnknownName, "unrecognized configuration parameter", "42704"},
    Finer{kUnknownName, "Schema with name", "3F000"},
    Finer{kUnknownName, "Type with name", "42704"},
    Finer{kInvalidArgument, "No function matches", "42883"},
    Finer{kInvalidArgument, "unrecognized configuration parameter", "42704"},
    Finer{kInvalidArgument, "prepared statement \"", "26000"},
    Finer{kInvalidArgument, "portal \"", "34000"},
    Finer{kInvalidArgument, "must appear in the GROUP BY", "42803"},
    Finer{kInvalidArgument, "Ambiguous reference", "42702"},
    Finer{kInvalidArgument, "Out of Range Error", "22003"},
    Finer{kInvalidArgument, "Binder Error", "42P10"},
    Finer{kInvalidArgument, "too many clients", "53300"},
    Finer{kNameExists, "Schema with name", "42P06"},
    Finer{kTypeMismatch, "Conversion Error", "22P02"},
    Finer{kTypeMismatch, "invalid input syntax", "22P02"},
    Finer{kTypeMismatch, "out of range", "22003"},
    Finer{kConflict, "Current transaction is aborted", "25P02"},
    Finer{kPermissionDenied, "read only", "25006"},
    Finer{kPermissionDenied, "read-only", "25006"},
};

std::string_view SqlStateOf(ErrorCode code, std::string_view message) {
  for (const Finer& finer : kFiner) {
    if (finer.code == code && message.find(finer.words) != std::string_view::npos) {
      return finer.sqlstate;
    }
  }
  return Describe(code).sqlstate;
}

/// Characters, not bytes, up to `end`.
size_t CountCharacters(std::string_view text) {
  size_t count = 0;
  for (const char c : text) count += (static_cast<unsigned char>(c) & 0xC0) != 0x80 ? 1 : 0;
  return count;
}

/// "\nLINE 2: ...x FROM t...\n          ^": the line, a part of it, and how far the caret stands
/// from its beginning.
struct Drawing {
  size_t line = 0;
  std::string_view part;
  size_t offset = 0;
};
bool ReadDrawing(std::string_view drawing, Drawing* out) {
  constexpr std::string_view kLine = "LINE ";
  const char* const end = drawing.data() + drawing.size();
  if (!drawing.starts_with(kLine)) return false;
  const auto [rest, error] = std::from_chars(drawing.data() + kLine.size(), end, out->line);
  const auto text = static_cast<size_t>(rest - drawing.data()) + 2;
  const size_t newline = drawing.find('\n');
  const size_t caret = drawing.rfind('^');
  if (error != std::errc{} || newline == std::string_view::npos || text > newline ||
      caret == std::string_view::npos || caret < newline + 1 + text) {
    return false;
  }
  out->part = drawing.substr(text, newline - text);
  out->offset = caret - newline - 1 - text;
  constexpr std::string_view kDots = "...";
  if (out->part.starts_with(kDots)) {
    if (out->offset < kDots.size()) return false;
    out->part.remove_prefix(kDots.size());
    out->offset -= kDots.size();
  }
  if (out->part.ends_with(kDots)) out->part.remove_suffix(kDots.size());
  return out->offset <= out->part.size();
}

/// The byte in `statement` that is drawn; npos: not to be told.
size_t PlaceOf(const Drawing& drawing, std::string_view statement) {
  size_t begin = 0;
  for (size_t line = 1; line < drawing.line; ++line) {
    begin = statement.find('\n', begin);
    if (begin == std::string_view::npos) return begin;
    ++begin;
  }
  const size_t part = statement.find(drawing.part, begin);
  return part == std::string_view::npos ? part : part + drawing.offset;
}

}  // namespace

Report ReportOf(const Status& status, std::string_view query, std::string_view statement) {
  const std::string_view message = status.message();
  const size_t drawing = message.find("LINE ") == std::string_view::npos ? std::string_view::npos
                                                                         : message.find("\nLINE ");
  std::string_view words = message.substr(0, drawing);
  while (words.ends_with('\n')) words.remove_suffix(1);
  Report report{.sqlstate = SqlStateOf(CodeOf(status), message),
                .message = std::string(words),
                .detail = {},
                .position = 0};
  if (CodeOf(status) == kMalformedBody) report.sqlstate = "08P01";
  Drawing drawn;
  if (drawing == std::string_view::npos || statement.data() == nullptr ||
      !ReadDrawing(message.substr(drawing + 1), &drawn)) {
    return report;
  }
  const size_t place = PlaceOf(drawn, statement);
  if (place == std::string_view::npos) return report;
  const auto before = static_cast<size_t>(statement.data() - query.data());
  report.position = CountCharacters(query.substr(0, before + place)) + 1;
  return report;
}

}  // namespace headrace::server::pgwire
