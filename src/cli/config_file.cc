#include "cli/config_file.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <optional>
#include <sstream>
#include <system_error>

#include <fmt/format.h>

// The parser's result holds a table or an error, so that nothing is thrown.
// The system's compiled library throws, so the parser is compiled here.
#define TOML_EXCEPTIONS 0
#define TOML_HEADER_ONLY 1
#include <toml++/toml.h>

#include "headrace/error_code.h"
#include "headrace/names.h"

namespace headrace::cli {
namespace {

std::string Place(std::string_view path, const toml::source_position& at) {
  return fmt::format("{}:{}:{}", path, at.line, at.column);
}

Status Refuse(std::string_view path, const toml::source_position& at, std::string_view message) {
  return MakeError(ErrorCode::kBadConfig, fmt::format("{}: {}", Place(path, at), message));
}

std::string UnknownKey(std::string_view key) {
  std::vector<std::string> known;
  for (const ServeOption& option : ServeOptionTable()) known.push_back(std::string(option.name));
  const std::string_view nearest = NearestName(key, known);
  if (!nearest.empty()) return fmt::format("unknown key '{}': did you mean '{}'?", key, nearest);
  return fmt::format("unknown key '{}': `headrace serve --help` lists them", key);
}

const ServeOption* FindKey(std::string_view key) {
  for (const ServeOption& option : ServeOptionTable()) {
    // A file that names another file would make the order of strength unclear.
    if (option.name != "config" && option.name == key) return &option;
  }
  return nullptr;
}

std::optional<std::string> TextOf(const toml::node& node) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* integer = node.as_integer()) return fmt::format("{}", integer->get());
  if (const auto* number = node.as_floating_point()) return fmt::format("{}", number->get());
  if (const auto* boolean = node.as_boolean()) return boolean->get() ? "true" : "false";
  return std::nullopt;
}

Result<Setting> SettingOf(const ServeOption& option, const toml::node& node,
                          std::string_view path) {
  auto value = TextOf(node);
  if (!value) {
    return Refuse(path, node.source().begin,
                  fmt::format("{} takes {}", option.name,
                              option.is_list() ? "strings, or a list of them"
                                               : "a string, a number or a boolean"));
  }
  return Setting{&option, std::move(*value),
                 fmt::format("{}: {}", Place(path, node.source().begin), option.name)};
}

}  // namespace

Result<std::vector<Setting>> ParseConfig(std::string_view text, std::string_view path) {
  const toml::parse_result parsed = toml::parse(text, path);
  if (!parsed) {
    return Refuse(path, parsed.error().source().begin, parsed.error().description());
  }
  std::vector<Setting> settings;
  for (const auto& [key, node] : parsed.table()) {
    const ServeOption* option = FindKey(key.str());
    if (option == nullptr) return Refuse(path, key.source().begin, UnknownKey(key.str()));
    if (const auto* list = node.as_array(); list != nullptr && option->is_list()) {
      for (const auto& item : *list) {
        ARROW_ASSIGN_OR_RAISE(settings.emplace_back(), SettingOf(*option, item, path));
      }
      continue;
    }
    ARROW_ASSIGN_OR_RAISE(settings.emplace_back(), SettingOf(*option, node, path));
  }
  return settings;
}

Result<std::vector<Setting>> ReadConfigFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (file) text << file.rdbuf();
  // Reading a directory opens well and fails at the first byte.
  if (!file || !text) {
    const int error = errno != 0 ? errno : EIO;
    return MakeError(ErrorCode::kIOError,
                     fmt::format("cannot read the configuration file '{}': {}", path,
                                 std::generic_category().message(error)));
  }
  return ParseConfig(text.str(), path);
}

}  // namespace headrace::cli
