#pragma once

#include <string>
#include <string_view>

namespace headrace::cli {

/// The text as it may go to a terminal: control characters and bytes that are not UTF-8 are
/// written out (\n, \x1b, \xff), so that data cannot command the terminal.
std::string TerminalText(std::string_view text);

/// How many columns of a terminal the text takes: two for wide characters (CJK, emoji), none for
/// combining marks. Requires: what TerminalText() gave.
int TerminalWidth(std::string_view text) noexcept;

/// As many of its characters as fit into `width` columns. Requires: what TerminalText() gave.
std::string CutToWidth(std::string_view text, int width);

/// Columns of the terminal behind the descriptor; 80 where it does not say, or is none.
int WidthOfTerminal(int descriptor) noexcept;

}  // namespace headrace::cli
