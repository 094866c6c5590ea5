#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/serve_options.h"
#include "headrace/status.h"

namespace headrace::cli {

/// The settings of a TOML file: keys as ServeOption::name has them, values as strings, numbers or
/// booleans, and lists of them for options that may be given several times. ErrorCode::kBadConfig
/// with `file:line:column` for bad TOML, an unknown key (the nearest one is offered) or a value of
/// another type; kIOError if the file cannot be read.
Result<std::vector<Setting>> ReadConfigFile(const std::string& path);

/// The same of the file's text.
Result<std::vector<Setting>> ParseConfig(std::string_view text, std::string_view path);

}  // namespace headrace::cli
