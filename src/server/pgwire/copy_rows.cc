#include "server/pgwire/copy_rows.h"

#include <utility>

#include "headrace/error_code.h"

namespace headrace::server::pgwire {
namespace {

struct Escape {
  char letter;
  char byte;
};
constexpr Escape kEscapes[] = {{'b', '\b'}, {'f', '\f'}, {'n', '\n'},
                               {'r', '\r'}, {'t', '\t'}, {'v', '\v'}};

char Unescaped(char letter) {
  for (const Escape& escape : kEscapes) {
    if (escape.letter == letter) return escape.byte;
  }
  return letter;
}

void WriteText(char delimiter, std::string_view value, std::string* out) {
  for (const char c : value) {
    char letter = c == '\\' || c == delimiter ? c : '\0';
    for (const Escape& escape : kEscapes) {
      if (escape.byte == c) letter = escape.letter;
    }
    if (letter != '\0') out->push_back('\\');
    out->push_back(letter != '\0' ? letter : c);
  }
}

}  // namespace

void WriteCopyField(const CopyRequest& format, std::string_view value, std::string* out) {
  if (format.format == CopyRequest::kText) return WriteText(format.delimiter, value, out);
  bool needs_quotes = value == format.null || value == "\\.";
  for (const char c : value) {
    needs_quotes =
        needs_quotes || c == format.delimiter || c == format.quote || c == '\n' || c == '\r';
  }
  if (!needs_quotes) {
    out->append(value);
    return;
  }
  out->push_back(format.quote);
  for (const char c : value) {
    if (c == format.quote || c == format.escape) out->push_back(format.escape);
    out->push_back(c);
  }
  out->push_back(format.quote);
}

size_t CopyParser::EndOfRow(bool end) const {
  bool quoted = false;
  for (size_t i = at_; i < rest_.size(); ++i) {
    const char c = rest_[i];
    if (format_.format == CopyRequest::kText && c == '\\') {
      ++i;  // what it escapes may be a line's end
    } else if (format_.format == CopyRequest::kCsv && quoted && c == format_.escape &&
               format_.escape != format_.quote) {
      ++i;
    } else if (format_.format == CopyRequest::kCsv && c == format_.quote) {
      quoted = !quoted;
    } else if (c == '\n' && !quoted) {
      return i + 1;
    }
  }
  return end && !quoted && at_ < rest_.size() ? rest_.size() : std::string::npos;
}

Result<std::optional<CopyParser::Row>> CopyParser::Next(bool end) {
  while (!ended_) {
    const size_t behind = EndOfRow(end);
    if (behind == std::string::npos) {
      if (end && at_ < rest_.size()) {
        return MakeError(ErrorCode::kTypeMismatch, "unterminated CSV quoted field");
      }
      rest_.erase(0, at_);
      at_ = 0;
      return std::nullopt;
    }
    std::string_view line = std::string_view(rest_).substr(at_, behind - at_);
    at_ = behind;
    if (line.ends_with('\n')) line.remove_suffix(1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line == "\\.") {
      ended_ = true;
      break;
    }
    if (format_.header && !std::exchange(header_seen_, true)) continue;
    return format_.format == CopyRequest::kCsv ? SplitCsv(line) : Split(line);
  }
  return std::nullopt;
}

CopyParser::Row CopyParser::Split(std::string_view line) const {
  Row row;
  size_t begin = 0;
  std::string value;
  for (size_t i = 0; i <= line.size(); ++i) {
    if (i == line.size() || line[i] == format_.delimiter) {
      const bool is_null = line.substr(begin, i - begin) == format_.null;
      row.push_back(is_null ? std::nullopt : std::optional(std::exchange(value, {})));
      value.clear();
      begin = i + 1;
    } else if (line[i] == '\\' && i + 1 < line.size()) {
      value += Unescaped(line[++i]);
    } else {
      value += line[i];
    }
  }
  return row;
}

CopyParser::Row CopyParser::SplitCsv(std::string_view line) const {
  Row row;
  std::string value;
  bool quoted = false;
  bool was_quoted = false;
  for (size_t i = 0; i <= line.size(); ++i) {
    if (i == line.size() || (!quoted && line[i] == format_.delimiter)) {
      const bool is_null = !was_quoted && value == format_.null;
      row.push_back(is_null ? std::nullopt : std::optional(std::exchange(value, {})));
      value.clear();
      was_quoted = false;
    } else if (quoted && line[i] == format_.escape && i + 1 < line.size() &&
               (line[i + 1] == format_.quote || line[i + 1] == format_.escape)) {
      value += line[++i];
    } else if (line[i] == format_.quote) {
      quoted = !quoted;
      was_quoted = true;
    } else {
      value += line[i];
    }
  }
  return row;
}

}  // namespace headrace::server::pgwire
