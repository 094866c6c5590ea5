#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "headrace/status.h"

namespace headrace::server::pgwire {

/// What a client sets and is told. Names are in any case. Settings with a dot in their name, or of
/// `hatidata_`, are anybody's; others are PostgreSQL's that clients use.
class SessionSettings {
 public:
  SessionSettings();

  /// What the session begins with, and returns to: from the startup packet.
  Status SetDefault(std::string_view name, std::string value);
  /// No value: back to the default. kInvalidArgument for a name or a value that there is not.
  Status Set(std::string_view name, std::optional<std::string> value);
  void ResetAll();

  /// kUnknownColumn for a setting that there is not.
  Result<std::string> Show(std::string_view name) const;
  std::vector<std::pair<std::string, std::string>> All() const;

  /// ParameterStatus messages to send: all of them at first, later what changed.
  std::vector<std::pair<std::string, std::string>> TakeReports();

  /// None: statements may take as long as they like.
  std::optional<std::chrono::milliseconds> statement_timeout() const;

 private:
  struct Value {
    std::string spelling;  // of its name
    std::string value;
    std::string fallback;
    bool reported = false;
  };
  std::map<std::string, Value, std::less<>> values_;
  std::map<std::string, std::string> told_;
};

}  // namespace headrace::server::pgwire
