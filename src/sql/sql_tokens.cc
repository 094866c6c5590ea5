#include "sql/sql_tokens.h"

#include <algorithm>
#include <utility>

namespace headrace::sql {
namespace {

bool IsSpace(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLetter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}

size_t EndOf(std::string_view sql, std::string_view what, size_t from) {
  const size_t at = sql.find(what, from);
  return at == std::string_view::npos ? sql.size() : at + what.size();
}

size_t EndOfWord(std::string_view sql, size_t at) {
  while (at < sql.size() && (IsLetter(sql[at]) || IsDigit(sql[at]) || sql[at] == '$')) ++at;
  return at;
}

/// Of a string or name that begins at `at`, with its contents in `plain`.
size_t EndOfQuoted(std::string_view sql, size_t at, std::string* plain) {
  const char quote = sql[at++];
  for (; at < sql.size(); ++at) {
    if (sql[at] != quote) {
      plain->push_back(sql[at]);
    } else if (at + 1 < sql.size() && sql[at + 1] == quote) {
      plain->push_back(sql[at++]);
    } else {
      return at + 1;
    }
  }
  return at;
}

SqlToken DollarToken(std::string_view sql, size_t at) {
  SqlToken token{.kind = SqlToken::kSymbol, .text = sql.substr(at, 1), .begin = at, .plain = "$"};
  size_t end = at + 1;
  if (end < sql.size() && IsDigit(sql[end])) {
    while (end < sql.size() && IsDigit(sql[end])) ++end;
    token.kind = SqlToken::kParameter;
    token.text = sql.substr(at, end - at);
    token.plain = token.text.substr(1);
    return token;
  }
  while (end < sql.size() && (IsLetter(sql[end]) || IsDigit(sql[end]))) ++end;
  if (end == sql.size() || sql[end] != '$') return token;
  const std::string_view tag = sql.substr(at, end + 1 - at);
  const size_t behind = EndOf(sql, tag, end + 1);
  token.kind = SqlToken::kString;
  token.text = sql.substr(at, behind - at);
  const size_t quotes = std::min(token.text.size(), 2 * tag.size());
  token.plain = token.text.substr(tag.size(), token.text.size() - quotes);
  return token;
}

}  // namespace

std::vector<SqlToken> SqlTokens(std::string_view sql) {
  std::vector<SqlToken> tokens;
  size_t at = 0;
  while (at < sql.size()) {
    const std::string_view rest = sql.substr(at);
    const char c = rest[0];
    if (IsSpace(c)) {
      ++at;
      continue;
    }
    if (rest.starts_with("--")) {
      at = EndOf(sql, "\n", at);
      continue;
    }
    if (rest.starts_with("/*")) {
      at = EndOf(sql, "*/", at + 2);
      continue;
    }
    SqlToken token{.kind = SqlToken::kSymbol, .text = rest.substr(0, 1), .begin = at, .plain = {}};
    if (c == '$') {
      token = DollarToken(sql, at);
    } else if (c == '\'' || c == '"') {
      token.kind = c == '"' ? SqlToken::kQuotedName : SqlToken::kString;
      token.text = sql.substr(at, EndOfQuoted(sql, at, &token.plain) - at);
    } else if (IsLetter(c)) {
      token.kind = SqlToken::kWord;
      token.text = sql.substr(at, EndOfWord(sql, at) - at);
      token.plain = token.text;
      for (char& letter : token.plain) {
        if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter + 32);
      }
    } else if (IsDigit(c)) {
      size_t end = at;
      while (end < sql.size() && (IsDigit(sql[end]) || sql[end] == '.')) ++end;
      token.kind = SqlToken::kNumber;
      token.text = sql.substr(at, end - at);
      token.plain = token.text;
    } else {
      if (rest.starts_with("::")) token.text = rest.substr(0, 2);
      token.plain = token.text;
    }
    at = token.end();
    tokens.push_back(std::move(token));
  }
  return tokens;
}

}  // namespace headrace::sql
