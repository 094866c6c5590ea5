#include "cli/log.h"

#include <chrono>
#include <cmath>
#include <ctime>

#include <fmt/format.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

namespace headrace::cli {
namespace {

constexpr std::string_view kLevelNames[] = {"trace", "debug", "info", "warn", "error", "off"};

std::string NowText() {
  using std::chrono::milliseconds;
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const int64_t since_epoch_ms = std::chrono::duration_cast<milliseconds>(now).count();
  const std::time_t seconds = since_epoch_ms / 1000;
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", utc.tm_year + 1900,
                     utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec,
                     since_epoch_ms % 1000);
}

/// Quotes as JSON does, which logfmt readers take as well. Control bytes are escaped, so that what
/// a client sends can never end a line or steer a terminal.
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

std::string NumberText(double number) {
  return std::isfinite(number) ? fmt::format("{}", number) : "null";
}

struct LineWriter {
  LogFormat format;
  std::string line;

  void Add(std::string_view name, std::string_view text) {
    BeginField(name);
    if (format == LogFormat::kLogfmt && IsBareWord(text)) {
      line += text;
    } else {
      AppendQuoted(text, &line);
    }
  }

  void Add(std::string_view name, const LogField& field) {
    if (const auto* text = std::get_if<std::string_view>(&field.value)) return Add(name, *text);
    BeginField(name);
    if (const auto* integer = std::get_if<int64_t>(&field.value)) {
      line += fmt::format("{}", *integer);
    } else if (const auto* number = std::get_if<double>(&field.value)) {
      line += NumberText(*number);
    } else {
      line += std::get<bool>(field.value) ? "true" : "false";
    }
  }

  std::string Take() {
    if (format == LogFormat::kJson) line += '}';
    return std::move(line);
  }

 private:
  void BeginField(std::string_view name) {
    if (format == LogFormat::kLogfmt) {
      line += fmt::format("{}{}=", line.empty() ? "" : " ", name);
    } else {
      line += fmt::format("{}\"{}\":", line.empty() ? "{" : ",", name);
    }
  }
};

std::unique_ptr<spdlog::logger> MakeLogger(spdlog::sink_ptr sink) {
  auto logger = std::make_unique<spdlog::logger>("headrace", std::move(sink));
  // Lines are made whole here, because spdlog has no fields; it brings sinks and their locking.
  logger->set_pattern("%v");
  logger->set_level(spdlog::level::trace);
  logger->flush_on(spdlog::level::trace);
  return logger;
}

}  // namespace

Log::Log(LogLevel level, LogFormat format)
    : level_(level),
      format_(format),
      logger_(MakeLogger(std::make_shared<spdlog::sinks::stderr_sink_mt>())) {}

Log::Log(LogLevel level, LogFormat format, std::ostream* sink)
    : level_(level),
      format_(format),
      logger_(MakeLogger(std::make_shared<spdlog::sinks::ostream_sink_mt>(*sink))) {}

Log::~Log() = default;

void Log::Write(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) {
  if (!Writes(level)) return;
  LineWriter writer{.format = format_, .line = {}};
  writer.Add("ts", NowText());
  writer.Add("level", kLevelNames[static_cast<int>(level)]);
  writer.Add("msg", message);
  for (const LogField& field : fields) writer.Add(field.name, field);
  // As an argument, not as the format: messages may hold braces.
  logger_->log(spdlog::level::info, "{}", writer.Take());
}

}  // namespace headrace::cli
