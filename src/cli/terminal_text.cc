#include "cli/terminal_text.h"

#include <array>
#include <cstdint>

#include <fmt/format.h>
#include <sys/ioctl.h>

namespace headrace::cli {
namespace {

struct Character {
  char32_t code = 0;
  size_t bytes = 0;  ///< 0: no character begins here
};

/// By the table of the Unicode standard: shortest forms, no surrogates, up to U+10FFFF.
Character CharacterAt(std::string_view text, size_t at) noexcept {
  const auto byte = [&](size_t i) {
    return at + i < text.size() ? static_cast<uint8_t>(text[at + i]) : uint8_t{0};
  };
  const uint8_t first = byte(0);
  if (first < 0x80) return {first, 1};
  const size_t bytes = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4) return {};
  char32_t code = first & (0x7FU >> bytes);
  for (size_t i = 1; i < bytes; ++i) {
    if ((byte(i) & 0xC0U) != 0x80U) return {};
    code = (code << 6U) | (byte(i) & 0x3FU);
  }
  constexpr std::array<char32_t, 5> kLeast = {0, 0, 0x80, 0x800, 0x10000};
  if (code < kLeast[bytes] || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) return {};
  return {code, bytes};
}

struct Range {
  char32_t first, last;
};
// The blocks that matter in data, not every single character of the standard.
constexpr std::array<Range, 8> kWide = {{{0x1100, 0x115F},
                                         {0x2E80, 0x303E},
                                         {0x3041, 0xA4CF},
                                         {0xAC00, 0xD7A3},
                                         {0xF900, 0xFAFF},
                                         {0xFE30, 0xFE6F},
                                         {0xFF00, 0xFF60},
                                         {0x1F300, 0x1FAFF}}};
constexpr std::array<Range, 5> kWithoutWidth = {
    {{0x0300, 0x036F}, {0x200B, 0x200F}, {0x20D0, 0x20FF}, {0xFE00, 0xFE0F}, {0xFE20, 0xFE2F}}};
// Marks that turn the direction of what follows, and line separators.
constexpr std::array<Range, 3> kCommands = {{{0x80, 0x9F}, {0x2028, 0x202E}, {0x2066, 0x2069}}};

template <size_t kSize>
bool IsIn(char32_t code, const std::array<Range, kSize>& ranges) noexcept {
  for (const Range& range : ranges) {
    if (code >= range.first && code <= range.last) return true;
  }
  return code >= 0x20000 && code < 0x40000 && &ranges[0] == &kWide[0];
}

int WidthOf(char32_t code) noexcept {
  if (code < 0x300) return 1;
  if (IsIn(code, kWithoutWidth)) return 0;
  return IsIn(code, kWide) ? 2 : 1;
}

std::string Escaped(std::string_view bytes) {
  if (bytes == "\n") return "\\n";
  if (bytes == "\t") return "\\t";
  if (bytes == "\r") return "\\r";
  std::string text;
  for (const char byte : bytes) text += fmt::format("\\x{:02x}", static_cast<uint8_t>(byte));
  return text;
}

}  // namespace

std::string TerminalText(std::string_view text) {
  std::string safe;
  for (size_t at = 0; at < text.size();) {
    const Character c = CharacterAt(text, at);
    const size_t bytes = c.bytes == 0 ? 1 : c.bytes;
    const bool commands = c.code < 0x20 || c.code == 0x7F || IsIn(c.code, kCommands);
    const std::string_view piece = text.substr(at, bytes);
    safe += c.bytes == 0 || commands ? Escaped(piece) : std::string(piece);
    at += bytes;
  }
  return safe;
}

int TerminalWidth(std::string_view text) noexcept {
  int width = 0;
  for (size_t at = 0; at < text.size();) {
    const Character c = CharacterAt(text, at);
    width += WidthOf(c.code);
    at += c.bytes == 0 ? 1 : c.bytes;
  }
  return width;
}

std::string CutToWidth(std::string_view text, int width) {
  size_t at = 0;
  while (at < text.size()) {
    const Character c = CharacterAt(text, at);
    width -= WidthOf(c.code);
    if (width < 0) break;
    at += c.bytes == 0 ? 1 : c.bytes;
  }
  return std::string(text.substr(0, at));
}

int WidthOfTerminal(int descriptor) noexcept {
  constexpr int kUsualWidth = 80;
  winsize size{};
  return ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : kUsualWidth;
}

}  // namespace headrace::cli
