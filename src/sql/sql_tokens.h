#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace headrace::sql {

/// A piece of SQL that is neither space nor comment.
struct SqlToken {
  enum Kind { kWord, kQuotedName, kString, kNumber, kParameter, kSymbol };
  Kind kind = kSymbol;
  std::string_view text;  ///< as it stands there
  size_t begin = 0;       ///< its first byte
  std::string plain;      ///< a word in lower case, a name or a string without its quotes

  bool Is(std::string_view word) const noexcept { return kind != kString && plain == word; }
  size_t end() const noexcept { return begin + text.size(); }
};

/// Whether there is a token of that number, and it is the word.
inline bool IsAt(std::span<const SqlToken> tokens, size_t at, std::string_view word) noexcept {
  return at < tokens.size() && tokens[at].Is(word);
}

/// Borrows `sql`. A string or a name that does not end ends with the text.
std::vector<SqlToken> SqlTokens(std::string_view sql);

}  // namespace headrace::sql
