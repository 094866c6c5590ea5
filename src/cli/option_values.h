#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "headrace/status.h"

namespace headrace::cli {

// What the texts of options mean. All failures are kBadConfig and name the option.

/// "--limit: 'x' is not a number".
Status BadOption(std::string_view option, std::string_view text, std::string_view rule);

Result<int64_t> ReadNumber(std::string_view option, const std::string& text, int64_t least,
                           int64_t most);

/// Of --memory; 0 for an empty text.
Result<int64_t> ReadMemory(const std::string& text);

/// "a,b": names; one with a comma goes into double quotes, doubled inside them.
std::vector<std::string> SplitNames(std::string_view text);

}  // namespace headrace::cli
