#include "sql/statement_texts.h"

#include <algorithm>
#include <utility>

namespace headrace::sql {
namespace {

bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }

/// Behind the first `end` at or after `from`; the text's end if there is none.
size_t Behind(std::string_view sql, std::string_view end, size_t from) {
  const size_t place = sql.find(end, from);
  return place == std::string_view::npos ? sql.size() : place + end.size();
}

/// Behind "$tag$ ... $tag$"; `at` itself if no such string begins there.
size_t BehindDollars(std::string_view sql, size_t at) {
  size_t end = at + 1;
  while (end < sql.size() && (IsLetter(sql[end]) || (end > at + 1 && IsDigit(sql[end])))) ++end;
  if (end == sql.size() || sql[end] != '$') return at;
  const std::string_view tag = sql.substr(at, end + 1 - at);
  return Behind(sql, tag, end + 1);
}

/// Behind what may hold a semicolon and is no statement's end; `at` itself if nothing begins there.
size_t BehindQuoted(std::string_view sql, size_t at) {
  const std::string_view rest = sql.substr(at);
  if (rest.starts_with("--")) return Behind(sql, "\n", at);
  if (rest.starts_with("/*")) return Behind(sql, "*/", at + 2);
  if (rest[0] == '\'' || rest[0] == '"') {
    size_t end = Behind(sql, rest.substr(0, 1), at + 1);
    while (end < sql.size() && sql[end] == rest[0]) end = Behind(sql, rest.substr(0, 1), end + 1);
    return end;
  }
  return rest[0] == '$' ? BehindDollars(sql, at) : at;
}

std::string Unquoted(std::string_view name) {
  std::string plain;
  for (size_t i = 1; i + 1 < name.size(); ++i) {
    plain += name[i];
    if (name[i] == '"') ++i;  // written twice
  }
  return plain;
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return lower;
}

}  // namespace

std::vector<StatementText> SplitStatements(std::string_view sql) {
  std::vector<StatementText> statements;
  StatementText current;
  size_t begin = 0;
  size_t at = 0;
  const auto end = [&] {
    current.text = sql.substr(begin, at - begin);
    if (!current.word.empty()) statements.push_back(std::exchange(current, {}));
  };
  while (at < sql.size()) {
    const size_t behind = BehindQuoted(sql, at);
    if (behind > at) {
      at = behind;
    } else if (sql[at] == ';') {
      end();
      begin = ++at;
    } else if (IsLetter(sql[at])) {
      const size_t word = at;
      while (at < sql.size() && (IsLetter(sql[at]) || IsDigit(sql[at]))) ++at;
      if (current.word.empty()) current.word = Lower(sql.substr(word, at - word));
    } else {
      ++at;
    }
  }
  end();
  return statements;
}

bool HasWord(std::string_view statement, std::string_view word) {
  size_t at = 0;
  while (at < statement.size()) {
    const size_t begin = at;
    const size_t behind = BehindQuoted(statement, at);
    if (behind > at) {
      at = behind;
    } else if (IsLetter(statement[at])) {
      while (at < statement.size() && (IsLetter(statement[at]) || IsDigit(statement[at]))) ++at;
      if (Lower(statement.substr(begin, at - begin)) == word) return true;
    } else {
      ++at;
    }
  }
  return false;
}

std::vector<std::pair<std::string, std::string>> NamesWithPrefix(std::string_view statement) {
  std::vector<std::pair<std::string, std::string>> names;
  std::string last;  // the name that ends right before `at`; empty: none
  std::string prefix;
  bool behind_dot = false;
  size_t at = 0;
  while (at < statement.size()) {
    const size_t begin = at;
    const size_t behind = BehindQuoted(statement, at);
    std::string name;
    if (statement[at] == '"') {
      name = Unquoted(statement.substr(begin, behind - begin));
      at = behind;
    } else if (behind > at) {
      at = behind;
    } else if (IsLetter(statement[at])) {
      while (at < statement.size() && (IsLetter(statement[at]) || IsDigit(statement[at]))) ++at;
      name = statement.substr(begin, at - begin);
    } else {
      ++at;
      behind_dot = statement[begin] == '.' && !last.empty();
      if (behind_dot) prefix = std::exchange(last, {});
      if (behind_dot) continue;
    }
    if (behind_dot && !name.empty()) names.emplace_back(prefix, name);
    behind_dot = false;
    last = std::move(name);
  }
  return names;
}

}  // namespace headrace::sql
