#include "cli/option_values.h"

#include <charconv>
#include <limits>
#include <utility>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "headrace/error_code.h"
#include "headrace/memory_budget.h"

namespace headrace::cli {

CLI::Option* AddText(CLI::App* command, const std::string& name, std::string* out,
                     const std::string& value, const std::string& help) {
  return command->add_option(name, *out, help)->option_text(value)->take_last();
}

CLI::Option* AddList(CLI::App* command, const std::string& name, std::vector<std::string>* out,
                     const std::string& value, const std::string& help) {
  return command->add_option(name, *out, help)
      ->option_text(value)
      ->expected(1)
      ->allow_extra_args(false)
      ->take_all();
}

Status BadOption(std::string_view option, std::string_view text, std::string_view rule) {
  return MakeError(ErrorCode::kBadConfig, fmt::format("{}: '{}' is not {}", option, text, rule));
}

Result<int64_t> ReadNumber(std::string_view option, const std::string& text, int64_t least,
                           int64_t most) {
  int64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || rest != end || value < least || value > most) {
    const bool bounded = most < std::numeric_limits<int64_t>::max();
    return BadOption(option, text,
                     bounded ? fmt::format("a number from {} to {}", least, most)
                             : fmt::format("a number of rows, at least {}", least));
  }
  return value;
}

Result<int64_t> ReadMemory(const std::string& text) {
  if (text.empty()) return 0;
  const auto bytes = ParseByteSize(text);
  if (bytes.ok()) return *bytes;
  return MakeError(ErrorCode::kBadConfig, "--memory: " + bytes.status().message());
}

std::string SpillDirectoryOf(const std::string& database) {
  return database.empty() ? "" : database + ".spill";
}

std::string JoinFilters(const std::vector<std::string>& filters) {
  if (filters.size() == 1) return filters.front();
  std::string joined;
  for (const std::string& filter : filters) {
    joined += fmt::format("{}({})", joined.empty() ? "" : " and ", filter);
  }
  return joined;
}

std::vector<std::string> SplitNames(std::string_view text) {
  std::vector<std::string> names(1);
  bool quoted = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"' && quoted && i + 1 < text.size() && text[i + 1] == '"') {
      names.back().push_back(text[++i]);
    } else if (c == '"' && (quoted || names.back().empty())) {
      quoted = !quoted;
    } else if (c == ',' && !quoted) {
      names.emplace_back();
    } else {
      names.back().push_back(c);
    }
  }
  return names;
}

}  // namespace headrace::cli
