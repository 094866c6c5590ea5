#include "server/http/url.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "headrace/error_code.h"
#include "server/http/unknown_field.h"

namespace headrace::server {
namespace {

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

Status BadParameter(std::string_view name, std::string_view rule, std::string_view value) {
  return MakeError(ErrorCode::kInvalidArgument,
                   fmt::format("{} must be {}, not '{}'", name, rule, value.substr(0, 64)),
                   {"query", std::string(name)});
}

bool EqualsIgnoreCase(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return (x >= 'A' && x <= 'Z' ? x - 'A' + 'a' : x) == y; });
}

}  // namespace

Result<std::string> PercentDecode(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_space) {
      out += ' ';
    } else if (text[i] != '%') {
      out += text[i];
    } else {
      const int high = i + 2 < text.size() ? HexDigit(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? HexDigit(text[i + 2]) : -1;
      if (high < 0 || low < 0) {
        return MakeError(ErrorCode::kMalformedBody,
                         "the address has a '%' that two hexadecimal digits do not follow");
      }
      out += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  return out;
}

Result<Query> Query::Parse(std::string_view text, std::span<const std::string_view> known) {
  Query query;
  while (!text.empty()) {
    const std::string_view pair = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(text.size(), pair.size() + 1));
    if (pair.empty()) continue;
    const size_t equals = std::min(pair.find('='), pair.size());
    ARROW_ASSIGN_OR_RAISE(std::string name, PercentDecode(pair.substr(0, equals), true));
    ARROW_ASSIGN_OR_RAISE(std::string value,
                          PercentDecode(pair.substr(std::min(pair.size(), equals + 1)), true));
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      return UnknownField("query", name, known);
    }
    if (query.Find(name) != nullptr) {
      return MakeError(ErrorCode::kInvalidArgument, fmt::format("{} is given twice", name),
                       {"query", name});
    }
    query.parameters_.emplace_back(std::move(name), std::move(value));
  }
  return query;
}

const std::string* Query::Find(std::string_view name) const noexcept {
  for (const auto& [key, value] : parameters_) {
    if (key == name) return &value;
  }
  return nullptr;
}

Result<std::string> Query::Required(std::string_view name) const {
  if (const std::string* value = Find(name)) return *value;
  return MakeError(ErrorCode::kInvalidArgument, fmt::format("{} is missing", name),
                   {"query", std::string(name)});
}

Result<std::optional<int64_t>> Query::Int(std::string_view name) const {
  const std::string* text = Find(name);
  if (text == nullptr) return std::nullopt;
  int64_t value = 0;
  const char* const end = text->data() + text->size();
  const auto [stop, error] = std::from_chars(text->data(), end, value);
  if (error != std::errc() || stop != end) return BadParameter(name, "an integer", *text);
  return value;
}

Result<std::optional<bool>> Query::Bool(std::string_view name) const {
  const std::string* text = Find(name);
  if (text == nullptr) return std::nullopt;
  for (std::string_view yes : {"true", "1", "yes", "on"}) {
    if (EqualsIgnoreCase(*text, yes)) return true;
  }
  for (std::string_view no : {"false", "0", "no", "off"}) {
    if (EqualsIgnoreCase(*text, no)) return false;
  }
  return BadParameter(name, "true or false", *text);
}

}  // namespace headrace::server
