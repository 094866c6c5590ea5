#include "cli/terminal_text.h"

#include <gtest/gtest.h>

namespace headrace::cli {
namespace {

TEST(TerminalText, DataCannotCommandTheTerminal) {
  EXPECT_EQ(TerminalText("plain äöü 日本 😀"), "plain äöü 日本 😀");
  EXPECT_EQ(TerminalText("a\x1b[31mb"), "a\\x1b[31mb");
  EXPECT_EQ(TerminalText("a\nb\tc\r\x7f"), "a\\nb\\tc\\r\\x7f");
  EXPECT_EQ(TerminalText("\xff\xc3(\xed\xa0\x80"), "\\xff\\xc3(\\xed\\xa0\\x80");
  EXPECT_EQ(TerminalText("\xc2\x9b"
                         "2J"),
            "\\xc2\\x9b2J");                                   // CSI as one character
  EXPECT_EQ(TerminalText("\u202eabc"), "\\xe2\\x80\\xaeabc");  // right to left
  EXPECT_EQ(TerminalText(std::string_view("\0", 1)), "\\x00");
}

TEST(TerminalText, WidthIsThatOfTheScreen) {
  EXPECT_EQ(TerminalWidth(""), 0);
  EXPECT_EQ(TerminalWidth("äöü"), 3);
  EXPECT_EQ(TerminalWidth("日本"), 4);
  EXPECT_EQ(TerminalWidth("😀"), 2);
  EXPECT_EQ(TerminalWidth("e\u0301"), 1);
}

TEST(TerminalText, CutsBetweenCharacters) {
  EXPECT_EQ(CutToWidth("äöü", 2), "äö");
  EXPECT_EQ(CutToWidth("日本", 3), "日");
  EXPECT_EQ(CutToWidth("abc", 9), "abc");
  EXPECT_EQ(CutToWidth("abc", 0), "");
}

}  // namespace
}  // namespace headrace::cli
