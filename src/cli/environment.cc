#include "cli/environment.h"

#include <algorithm>

#include <fmt/format.h>
#include <unistd.h>

#include "headrace/names.h"

namespace headrace::cli {
namespace {

constexpr std::string_view kPrefix = "HEADRACE_";

std::string UnknownVariable(std::string_view variable) {
  std::vector<std::string> known;
  for (const ServeOption& option : ServeOptionTable()) known.push_back(option.Variable());
  const std::string_view nearest = NearestName(variable, known);
  if (nearest.empty()) return fmt::format("unknown variable {} is ignored", variable);
  return fmt::format("unknown variable {} is ignored: did you mean {}?", variable, nearest);
}

const ServeOption* FindVariable(std::string_view variable) {
  for (const ServeOption& option : ServeOptionTable()) {
    if (option.Variable() == variable) return &option;
  }
  return nullptr;
}

}  // namespace

EnvironmentSettings ReadEnvironment(const std::vector<std::string_view>& environment) {
  EnvironmentSettings read;
  for (const std::string_view entry : environment) {
    const size_t equals = entry.find('=');
    if (equals == std::string_view::npos || !entry.starts_with(kPrefix)) continue;
    const std::string_view variable = entry.substr(0, equals);
    const std::string_view value = entry.substr(equals + 1);
    const ServeOption* option = FindVariable(variable);
    if (option == nullptr) {
      read.warnings.push_back(UnknownVariable(variable));
    } else if (!value.empty()) {
      read.settings.push_back({option, std::string(value), std::string(variable)});
    }
  }
  std::sort(read.warnings.begin(), read.warnings.end());
  return read;
}

std::vector<std::string_view> ProcessEnvironment() {
  std::vector<std::string_view> entries;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    entries.emplace_back(*entry);
  }
  return entries;
}

}  // namespace headrace::cli
