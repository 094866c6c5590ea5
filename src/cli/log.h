#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
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
/// Times are UTC with milliseconds. Thread rule: Write() may be called from any thread; lines do
/// not mix.
class Log {
 public:
  /// To stderr.
  Log(LogLevel level, LogFormat format);
  /// To `sink`, for tests. Requires: `sink` outlives the log.
  Log(LogLevel level, LogFormat format, std::ostream* sink);
  ~Log();

  void Write(LogLevel level, std::string_view message, std::initializer_list<LogField> fields = {});

  void Debug(std::string_view message, std::initializer_list<LogField> fields = {}) {
    Write(LogLevel::kDebug, message, fields);
  }
  void Info(std::string_view message, std::initializer_list<LogField> fields = {}) {
    Write(LogLevel::kInfo, message, fields);
  }
  void Warn(std::string_view message, std::initializer_list<LogField> fields = {}) {
    Write(LogLevel::kWarn, message, fields);
  }
  void Error(std::string_view message, std::initializer_list<LogField> fields = {}) {
    Write(LogLevel::kError, message, fields);
  }

  /// Whether lines of `level` are written, for callers whose fields are costly to make.
  bool Writes(LogLevel level) const noexcept { return level >= level_ && level != LogLevel::kOff; }

 private:
  const LogLevel level_;
  const LogFormat format_;
  std::unique_ptr<spdlog::logger> logger_;
};

}  // namespace headrace::cli
