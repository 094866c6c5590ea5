#include "sql/statement_texts.h"

#include <algorithm>

#include "sql/sql_tokens.h"

namespace headrace::sql {
namespace {

/// As it is written, without its quotes; empty for what names nothing.
std::string NameOf(const SqlToken& token) {
  switch (token.kind) {
    case SqlToken::kWord: return std::string(token.text);
    case SqlToken::kQuotedName: return token.plain;
    default: return {};
  }
}

bool IsSymbol(const SqlToken& token, std::string_view symbol) {
  return token.kind == SqlToken::kSymbol && token.text == symbol;
}

}  // namespace

std::vector<StatementText> SplitStatements(std::string_view sql) {
  std::vector<StatementText> statements;
  StatementText current;
  size_t begin = 0;
  const auto end = [&](size_t at) {
    current.text = sql.substr(begin, at - begin);
    if (!current.word.empty()) statements.push_back(std::exchange(current, {}));
  };
  for (const SqlToken& token : SqlTokens(sql)) {
    if (IsSymbol(token, ";")) {
      end(token.begin);
      begin = token.end();
    } else if (token.kind == SqlToken::kWord && current.word.empty()) {
      current.word = token.plain;
    }
  }
  end(sql.size());
  return statements;
}

bool HasWord(std::string_view statement, std::string_view word) {
  const auto tokens = SqlTokens(statement);
  return std::any_of(tokens.begin(), tokens.end(), [&](const SqlToken& token) {
    return token.kind == SqlToken::kWord && token.plain == word;
  });
}

std::vector<std::pair<std::string, std::string>> NamesWithPrefix(std::string_view statement) {
  std::vector<std::pair<std::string, std::string>> names;
  const auto tokens = SqlTokens(statement);
  for (size_t i = 0; i + 2 < tokens.size(); ++i) {
    if (!IsSymbol(tokens[i + 1], ".")) continue;
    std::string prefix = NameOf(tokens[i]);
    std::string name = NameOf(tokens[i + 2]);
    if (!prefix.empty() && !name.empty()) names.emplace_back(std::move(prefix), std::move(name));
  }
  return names;
}

}  // namespace headrace::sql
