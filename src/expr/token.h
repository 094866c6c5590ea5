#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "expr/input_text.h"
#include "headrace/status.h"

namespace headrace::expr {

enum class TokenKind : uint8_t {
  kEnd,
  kWord,        ///< bare: a keyword or a name
  kQuotedWord,  ///< in double quotes: always a name
  kNumber,      ///< unsigned, as it stands
  kString,      ///< in single quotes
  kBytes,       ///< x'00ff'
  kSymbol,
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  size_t offset = 0;  ///< of its first byte
  std::string value;  ///< unquoted and unescaped; of kBytes the bytes themselves

  bool IsSymbol(std::string_view symbol) const {
    return kind == TokenKind::kSymbol && value == symbol;
  }
  /// Whether it is this keyword (given in lower case), in any case.
  bool IsKeyword(std::string_view keyword) const;
};

/// The tokens of a text, kEnd last. Requires: the text is UTF-8. kInvalidArgument, located, for an
/// open quote or a character that begins nothing.
Result<std::vector<Token>> Tokenize(const InputText& input);

/// Words that a column can have for a name only in double quotes.
bool IsReserved(std::string_view word);

/// The name as a filter would have it: bare where that reads as a name, else quoted.
std::string QuotedName(std::string_view name);

/// 'it''s'.
std::string QuotedString(std::string_view text);

}  // namespace headrace::expr
