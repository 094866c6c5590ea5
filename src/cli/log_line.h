#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "cli/serve_options.h"

namespace headrace::cli {

/// Builds one line of a log, field after field. Texts are quoted where they need it; control bytes
/// are escaped, so that nothing a client sends can end a line or steer a terminal.
class LogLine {
 public:
  /// Begins with `ts` and `level`. `level` is "info", "warn", ...
  LogLine(LogFormat format, int64_t since_epoch_ms, std::string_view level);

  void AddText(std::string_view name, std::string_view text);
  void AddNumber(std::string_view name, int64_t number);
  void AddNumber(std::string_view name, double number);  ///< null if it is not finite
  void AddBool(std::string_view name, bool truth);

  /// `event name=value …`: what comes before the first `name=` becomes `msg`; a value ends where
  /// the next ` name=` begins.
  void AddEvent(std::string_view text);

  std::string Take();

 private:
  void BeginField(std::string_view name);
  void AddRaw(std::string_view name, std::string_view value);

  const LogFormat format_;
  std::string line_;
};

}  // namespace headrace::cli
