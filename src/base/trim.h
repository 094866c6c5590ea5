#pragma once

#include <string_view>

namespace headrace::base {

/// What may stand between words of one line.
inline constexpr std::string_view kBlanks = " \t";
/// What may stand between tokens of JSON, and words of several lines.
inline constexpr std::string_view kSpaces = " \t\r\n";

constexpr bool IsOneOf(char c, std::string_view characters) noexcept {
  for (const char other : characters) {
    if (c == other) return true;
  }
  return false;
}

/// Without the characters of `space` at its end.
constexpr std::string_view TrimEnd(std::string_view text,
                                   std::string_view space = kSpaces) noexcept {
  while (!text.empty() && IsOneOf(text.back(), space)) text.remove_suffix(1);
  return text;
}

/// Without the characters of `space` at both ends.
constexpr std::string_view Trim(std::string_view text, std::string_view space = kSpaces) noexcept {
  while (!text.empty() && IsOneOf(text.front(), space)) text.remove_prefix(1);
  return TrimEnd(text, space);
}

}  // namespace headrace::base
