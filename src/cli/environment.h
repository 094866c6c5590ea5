#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/serve_options.h"

namespace headrace::cli {

struct EnvironmentSettings {
  std::vector<Setting> settings;
  /// A sentence for each HEADRACE_* variable that no option has, with the nearest name. Not errors:
  /// other programs of a machine may have variables of that family as well.
  std::vector<std::string> warnings;
};

/// Reads `environment`, entries of the form NAME=value. An empty value counts as not set.
EnvironmentSettings ReadEnvironment(const std::vector<std::string_view>& environment);

/// The process's own environment, in the form that ReadEnvironment() takes.
std::vector<std::string_view> ProcessEnvironment();

}  // namespace headrace::cli
