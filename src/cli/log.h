#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <iosfwd>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "cli/serve_options.h"

namespace spdlog {
class logger;
}

namespace headrace::cli {

/// A named value of a log line. Name and text are borrowed for the call.
struct LogField {
  std::string_view name;
  std::variant<std::string_view, int64_t, double, bool> value;

  LogField(std::string_view field, std::string_view text) : name(field), value(text) {}
  LogField(std::string_view field, const std::string& text)
      : name(field), value(std::string_view(text)) {}
  LogField(std::string_view field, const char* text) : name(field), value(std::string_view(text)) {}
  LogField(std::string_view field, bool truth) : name(field), value(truth) {}
  LogField(std::string_view field, std::integral auto number)
      : name(field), value(static_cast<int64_t>(number)) {}
  LogField(std::string_view field, std::floating_point auto number)
      : name(field), value(static_cast<double>(number)) {}
};

/// Writes one line an event: `ts=… level=info msg="…" name=value`, or the same as a JSON object.
/// Times are UTC with milliseconds. Thread rule: all methods may be called from any thread; lines
/// do not mix.
class Log {
 public:
  /// To stderr.
  Log(LogLevel level, LogFormat format);
  /// To `out`, for tests. Requires: `out` outlives the log and its events().
  Log(LogLevel level, LogFormat format, std::ostream* out);

  void Write(LogLevel level, std::string_view message, std::initializer_list<LogField> fields = {});

  void Info(std::string_view message, std::initializer_list<LogField> fields = {}) {
    Write(LogLevel::kInfo, message, fields);
  }
  void Warn(std::string_view message, std::initializer_list<LogField> fields = {}) {
    Write(LogLevel::kWarn, message, fields);
  }

  /// For layers that do not know this class: what they log as text `event name=value …` comes out
  /// in the same form, names and values told apart.
  std::shared_ptr<spdlog::logger> events() const { return events_; }

 private:
  const LogLevel level_;
  const LogFormat format_;
  std::shared_ptr<spdlog::logger> lines_;
  std::shared_ptr<spdlog::logger> events_;
};

}  // namespace headrace::cli
