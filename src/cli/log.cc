#include "cli/log.h"

#include <chrono>
#include <utility>

#include <spdlog/formatter.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include "cli/log_line.h"

namespace headrace::cli {
namespace {

constexpr std::string_view kLevelNames[] = {"trace", "debug", "info", "warn", "error", "off"};

int64_t SinceEpochMs(std::chrono::system_clock::time_point at) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(at.time_since_epoch()).count();
}

std::string_view LevelName(spdlog::level::level_enum level) {
  switch (level) {
    case spdlog::level::trace: return "trace";
    case spdlog::level::debug: return "debug";
    case spdlog::level::info: return "info";
    case spdlog::level::warn: return "warn";
    default: return "error";
  }
}

spdlog::level::level_enum SpdlogLevel(LogLevel level) {
  switch (level) {
    case LogLevel::kTrace: return spdlog::level::trace;
    case LogLevel::kDebug: return spdlog::level::debug;
    case LogLevel::kInfo: return spdlog::level::info;
    case LogLevel::kWarn: return spdlog::level::warn;
    case LogLevel::kError: return spdlog::level::err;
    case LogLevel::kOff: break;
  }
  return spdlog::level::off;
}

class EventFormatter final : public spdlog::formatter {
 public:
  explicit EventFormatter(LogFormat format) : format_(format) {}

  void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& out) override {
    LogLine line(format_, SinceEpochMs(message.time), LevelName(message.level));
    line.AddEvent({message.payload.data(), message.payload.size()});
    const std::string text = line.Take() + "\n";
    out.append(text.data(), text.data() + text.size());
  }

  std::unique_ptr<spdlog::formatter> clone() const override {
    return std::make_unique<EventFormatter>(format_);
  }

 private:
  const LogFormat format_;
};

std::shared_ptr<spdlog::logger> MakeLogger(spdlog::sink_ptr sink) {
  auto logger = std::make_shared<spdlog::logger>("headrace", std::move(sink));
  logger->flush_on(spdlog::level::trace);
  return logger;
}

/// Lines come whole from LogLine, because spdlog has no fields; it brings sinks and their locking.
std::shared_ptr<spdlog::logger> MakeLines(spdlog::sink_ptr sink) {
  auto logger = MakeLogger(std::move(sink));
  logger->set_pattern("%v");
  return logger;
}

std::shared_ptr<spdlog::logger> MakeEvents(spdlog::sink_ptr sink, LogLevel level,
                                           LogFormat format) {
  auto logger = MakeLogger(std::move(sink));
  logger->set_level(SpdlogLevel(level));
  logger->set_formatter(std::make_unique<EventFormatter>(format));
  return logger;
}

}  // namespace

// Two sinks, because the form of a line belongs to the sink; all sinks on stderr share one lock.
Log::Log(LogLevel level, LogFormat format)
    : level_(level),
      format_(format),
      lines_(MakeLines(std::make_shared<spdlog::sinks::stderr_sink_mt>())),
      events_(MakeEvents(std::make_shared<spdlog::sinks::stderr_sink_mt>(), level, format)) {}

Log::Log(LogLevel level, LogFormat format, std::ostream* out)
    : level_(level),
      format_(format),
      lines_(MakeLines(std::make_shared<spdlog::sinks::ostream_sink_mt>(*out))),
      events_(MakeEvents(std::make_shared<spdlog::sinks::ostream_sink_mt>(*out), level, format)) {}

void Log::Write(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) {
  if (level < level_) return;
  LogLine line(format_, SinceEpochMs(std::chrono::system_clock::now()),
               kLevelNames[static_cast<int>(level)]);
  line.AddText("msg", message);
  for (const LogField& field : fields) {
    if (const auto* text = std::get_if<std::string_view>(&field.value)) {
      line.AddText(field.name, *text);
    } else if (const auto* truth = std::get_if<bool>(&field.value)) {
      line.AddBool(field.name, *truth);
    } else if (const auto* integer = std::get_if<int64_t>(&field.value)) {
      line.AddNumber(field.name, *integer);
    } else {
      line.AddNumber(field.name, std::get<double>(field.value));
    }
  }
  // As an argument, not as the format: messages may hold braces.
  lines_->log(spdlog::level::info, "{}", line.Take());
}

}  // namespace headrace::cli
