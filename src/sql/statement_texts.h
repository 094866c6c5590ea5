#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace headrace::sql {

/// One of several statements.
struct StatementText {
  std::string word;  ///< its first one, in lower case: "select", "begin"
  std::string_view text;
};

/// The statements of a text, which they refer to. A semicolon in comments, strings and quoted names
/// ends none; statements without a word are left out.
std::vector<StatementText> SplitStatements(std::string_view sql);

/// The names of two parts in a statement, `a.b` or `"a"."b"`, without their quotes.
std::vector<std::pair<std::string, std::string>> NamesWithPrefix(std::string_view statement);

/// Whether a word, in lower case, stands in a statement outside strings, quoted names and comments.
bool HasWord(std::string_view statement, std::string_view word);

}  // namespace headrace::sql
