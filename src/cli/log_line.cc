#include "cli/log_line.h"

#include <charconv>
#include <cmath>
#include <ctime>
#include <iterator>
#include <utility>

#include <fmt/format.h>

namespace headrace::cli {
namespace {

std::string TimeText(int64_t since_epoch_ms) {
  const std::time_t seconds = since_epoch_ms / 1000;
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", utc.tm_year + 1900,
                     utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec,
                     since_epoch_ms % 1000);
}

/// Quotes as JSON does, which readers of logfmt take as well.
void AppendQuoted(std::string_view text, std::string* out) {
  *out += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    switch (c) {
      case '"': *out += "\\\""; break;
      case '\\': *out += "\\\\"; break;
      case '\n': *out += "\\n"; break;
      case '\r': *out += "\\r"; break;
      case '\t': *out += "\\t"; break;
      default:
        if (byte < 0x20 || byte == 0x7f) {
          fmt::format_to(std::back_inserter(*out), "\\u{:04x}", byte);
        } else {
          *out += c;
        }
    }
  }
  *out += '"';
}

bool IsBareWord(std::string_view text) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || byte == 0x7f || c == '"' || c == '=' || c == '\\') return false;
  }
  return !text.empty();
}

bool IsJsonNumber(std::string_view text) {
  double number = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{} || rest != end || !std::isfinite(number)) return false;
  // from_chars also takes ".5", "5." and "05".
  const std::string_view digits = text.substr(text.starts_with('-') ? 1 : 0);
  const bool whole = digits.front() != '.' && digits.back() != '.';
  return whole && (digits.front() != '0' || digits.size() == 1 || digits[1] == '.');
}

bool IsNameByte(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; }

/// Where the next `name=` after a space begins, from `from` on.
size_t FindField(std::string_view text, size_t from) {
  for (size_t space = text.find(' ', from); space != std::string_view::npos;
       space = text.find(' ', space + 1)) {
    size_t end = space + 1;
    while (end < text.size() && IsNameByte(text[end])) ++end;
    if (end > space + 1 && end < text.size() && text[end] == '=') return space;
  }
  return text.size();
}

}  // namespace

LogLine::LogLine(LogFormat format, int64_t since_epoch_ms, std::string_view level)
    : format_(format) {
  AddText("ts", TimeText(since_epoch_ms));
  AddText("level", level);
}

void LogLine::AddText(std::string_view name, std::string_view text) {
  BeginField(name);
  if (format_ == LogFormat::kLogfmt && IsBareWord(text)) {
    line_ += text;
  } else {
    AppendQuoted(text, &line_);
  }
}

void LogLine::AddNumber(std::string_view name, int64_t number) {
  AddRaw(name, fmt::format("{}", number));
}

void LogLine::AddNumber(std::string_view name, double number) {
  AddRaw(name, std::isfinite(number) ? fmt::format("{}", number) : "null");
}

void LogLine::AddBool(std::string_view name, bool truth) { AddRaw(name, truth ? "true" : "false"); }

void LogLine::AddEvent(std::string_view text) {
  size_t at = FindField(text, 0);
  AddText("msg", text.substr(0, at));
  while (at < text.size()) {
    const size_t equals = text.find('=', at);
    const size_t next = FindField(text, equals);
    const std::string_view name = text.substr(at + 1, equals - at - 1);
    const std::string_view value = text.substr(equals + 1, next - equals - 1);
    if (format_ == LogFormat::kJson && IsJsonNumber(value)) {
      AddRaw(name, value);
    } else {
      AddText(name, value);
    }
    at = next;
  }
}

std::string LogLine::Take() {
  if (format_ == LogFormat::kJson) line_ += '}';
  return std::move(line_);
}

void LogLine::BeginField(std::string_view name) {
  if (format_ == LogFormat::kLogfmt) {
    line_ += fmt::format("{}{}=", line_.empty() ? "" : " ", name);
  } else {
    line_ += fmt::format("{}\"{}\":", line_.empty() ? "{" : ",", name);
  }
}

void LogLine::AddRaw(std::string_view name, std::string_view value) {
  BeginField(name);
  line_ += value;
}

}  // namespace headrace::cli
