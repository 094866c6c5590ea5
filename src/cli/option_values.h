#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "headrace/status.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace headrace::cli {

// How options take texts.

/// Of an option that is given several times the last text counts. `value` is what the help calls
/// it.
CLI::Option* AddText(CLI::App* command, const std::string& name, std::string* out,
                     const std::string& value, const std::string& help);
/// One text each time that the option is given.
CLI::Option* AddList(CLI::App* command, const std::string& name, std::vector<std::string>* out,
                     const std::string& value, const std::string& help);

// What the texts of options mean. All failures are kBadConfig and name the option.

/// "--limit: 'x' is not a number".
Status BadOption(std::string_view option, std::string_view text, std::string_view rule);

Result<int64_t> ReadNumber(std::string_view option, const std::string& text, int64_t least,
                           int64_t most);

/// Of --memory; 0 for an empty text.
Result<int64_t> ReadMemory(const std::string& text);

/// Where the database of --database puts what does not fit into memory: beside its file. Empty
/// without one: then it is refused.
std::string SpillDirectoryOf(const std::string& database);

/// Those of --where, which all have to hold, as one.
std::string JoinFilters(const std::vector<std::string>& filters);

/// "a,b": names; one with a comma goes into double quotes, doubled inside them.
std::vector<std::string> SplitNames(std::string_view text);

}  // namespace headrace::cli
