#include "server/pgwire/session_command.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "headrace/error_code.h"
#include "sql/sql_tokens.h"

namespace headrace::server::pgwire {
namespace {

using Tokens = std::span<const sql::SqlToken>;
using Command = SessionCommand;

Status Refuse(std::string what) {
  return MakeError(ErrorCode::kNotImplemented, fmt::format("{} are not supported", what));
}

/// "a, b" of what follows TO or =.
std::string ValueOf(Tokens tokens) {
  std::string value;
  for (const sql::SqlToken& token : tokens) {
    const bool is_sign = token.Is(",");
    if (is_sign) {
      value += ", ";
    } else {
      value += token.kind == sql::SqlToken::kWord ? token.text : std::string_view(token.plain);
    }
  }
  return value;
}

/// `SET x TO …` without its first words. None for what DuckDB sets: variables.
std::optional<Command> ReadSet(Tokens tokens) {
  size_t at = 1;
  if (sql::IsAt(tokens, at, "variable") || sql::IsAt(tokens, at, "global")) return std::nullopt;
  if (sql::IsAt(tokens, at, "session") && sql::IsAt(tokens, at + 1, "characteristics")) {
    return Command{.kind = Command::kNothing, .name = {}, .value = {}, .tag = "SET", .sql = {}};
  }
  if (sql::IsAt(tokens, at, "session") || sql::IsAt(tokens, at, "local")) ++at;
  if (sql::IsAt(tokens, at, "transaction")) {
    return Command{.kind = Command::kNothing, .name = {}, .value = {}, .tag = "SET", .sql = {}};
  }
  Command command{.kind = Command::kSet, .name = {}, .value = {}, .tag = "SET", .sql = {}};
  if (sql::IsAt(tokens, at, "time") && sql::IsAt(tokens, at + 1, "zone")) {
    command.name = "timezone";
    at += 2;
  } else if (sql::IsAt(tokens, at, "names")) {
    command.name = "client_encoding";
    ++at;
  } else {
    for (; at < tokens.size() && !tokens[at].Is("=") && !tokens[at].Is("to"); ++at) {
      command.name += tokens[at].plain;
    }
    if (at == tokens.size() || command.name.empty()) return std::nullopt;
    ++at;
  }
  if (at >= tokens.size()) return std::nullopt;
  const bool is_default = tokens.size() == at + 1 && tokens[at].Is("default") &&
                          tokens[at].kind == sql::SqlToken::kWord;
  if (!is_default) command.value = ValueOf(tokens.subspan(at));
  return command;
}

/// `SHOW name`; DuckDB's own `SHOW TABLES` and `SHOW some.table` are left to it.
std::optional<Command> ReadShow(Tokens tokens) {
  Command command{.kind = Command::kShow, .name = {}, .value = {}, .tag = "SHOW", .sql = {}};
  if (sql::IsAt(tokens, 1, "transaction") && sql::IsAt(tokens, 2, "isolation")) {
    command.name = "transaction_isolation";
    return command;
  }
  if (sql::IsAt(tokens, 1, "time") && sql::IsAt(tokens, 2, "zone")) {
    command.name = "timezone";
    return command;
  }
  if (tokens.size() < 2) return std::nullopt;
  for (const std::string_view word : {"tables", "databases", "schemas", "variables"}) {
    if (tokens[1].Is(word)) return std::nullopt;
  }
  for (const sql::SqlToken& token : tokens.subspan(1)) command.name += token.plain;
  if (tokens.size() > 2 && !tokens[2].Is(".")) return std::nullopt;
  return command;
}

Command Transaction(Command::Kind kind, std::string tag, std::string sql) {
  return {.kind = kind, .name = {}, .value = {}, .tag = std::move(tag), .sql = std::move(sql)};
}

Command ReadBegin(Tokens tokens) {
  bool read_only = false;
  for (size_t i = 1; i + 1 < tokens.size(); ++i) {
    read_only = read_only || (tokens[i].Is("read") && tokens[i + 1].Is("only"));
  }
  return Transaction(Command::kBegin, tokens[0].Is("start") ? "START TRANSACTION" : "BEGIN",
                     read_only ? "BEGIN TRANSACTION READ ONLY" : "BEGIN TRANSACTION");
}

}  // namespace

Result<std::optional<SessionCommand>> ReadSessionCommand(std::string_view statement) {
  std::vector<sql::SqlToken> all = sql::SqlTokens(statement);
  while (!all.empty() && all.back().Is(";")) all.pop_back();
  const Tokens tokens = all;
  if (tokens.empty() || tokens[0].kind != sql::SqlToken::kWord) return std::nullopt;
  const std::string& word = tokens[0].plain;
  const auto nothing = [](std::string tag) {
    return Command{
        .kind = Command::kNothing, .name = {}, .value = {}, .tag = std::move(tag), .sql = {}};
  };
  if (word == "set") return ReadSet(tokens);
  if (word == "show") return ReadShow(tokens);
  if (word == "begin" || word == "start") return ReadBegin(tokens);
  if (word == "commit" || word == "end") {
    return Transaction(Command::kCommit, "COMMIT", "COMMIT");
  }
  if (word == "rollback" || word == "abort") {
    for (const sql::SqlToken& token : tokens) {
      if (token.Is("to")) return Refuse("savepoints");
    }
    return Transaction(Command::kRollback, "ROLLBACK", "ROLLBACK");
  }
  if (word == "savepoint" || word == "release") return Refuse("savepoints");
  if (word == "declare" || word == "fetch" || word == "move") return Refuse("cursors of SQL");
  if (word == "reset" && tokens.size() > 1) {
    Command command{.kind = Command::kSet, .name = {}, .value = {}, .tag = "RESET", .sql = {}};
    if (sql::IsAt(tokens, 1, "all")) command.kind = Command::kResetAll;
    for (const sql::SqlToken& token : tokens.subspan(1)) command.name += token.plain;
    return command;
  }
  if (word == "discard") {
    return Command{.kind = Command::kDiscard,
                   .name = {},
                   .value = {},
                   .tag = sql::IsAt(tokens, 1, "all") ? "DISCARD ALL" : "DISCARD",
                   .sql = {}};
  }
  if (word == "deallocate") {
    const size_t at = sql::IsAt(tokens, 1, "prepare") ? 2 : 1;
    const bool all_of_them = sql::IsAt(tokens, at, "all");
    return Command{.kind = Command::kDeallocate,
                   .name = all_of_them || at >= tokens.size() ? "" : tokens[at].plain,
                   .value = {},
                   .tag = all_of_them ? "DEALLOCATE ALL" : "DEALLOCATE",
                   .sql = {}};
  }
  if (word == "listen" || word == "unlisten" || word == "notify") {
    std::string tag = word;
    for (char& c : tag) c = static_cast<char>(c - 32);
    return nothing(std::move(tag));
  }
  if (word == "close")
    return nothing(sql::IsAt(tokens, 1, "all") ? "CLOSE CURSOR ALL" : "CLOSE CURSOR");
  return std::nullopt;
}

std::string CommandTag(std::string_view statement) {
  constexpr std::array kSkipped = {std::string_view("or"),     std::string_view("replace"),
                                   std::string_view("temp"),   std::string_view("temporary"),
                                   std::string_view("unique"), std::string_view("persistent"),
                                   std::string_view("local")};
  const std::vector<sql::SqlToken> tokens = sql::SqlTokens(statement);
  const auto upper = [](std::string text) {
    for (char& c : text) {
      if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
    }
    return text;
  };
  size_t at = 0;
  while (at < tokens.size() && tokens[at].kind != sql::SqlToken::kWord) ++at;
  if (at == tokens.size()) return "SELECT";
  const std::string word = tokens[at].plain;
  if (word == "create" || word == "drop" || word == "alter") {
    for (++at; at < tokens.size(); ++at) {
      const auto skipped = std::find(kSkipped.begin(), kSkipped.end(), tokens[at].plain);
      if (skipped == kSkipped.end()) break;
    }
    return at == tokens.size() ? upper(word) : upper(word) + ' ' + upper(tokens[at].plain);
  }
  if (word == "truncate") return "TRUNCATE TABLE";
  if (word == "from" || word == "with" || word == "values" || word == "table" || word == "pivot" ||
      word == "summarize" || word == "describe" || word == "unpivot" || word == "pragma") {
    return "SELECT";
  }
  return upper(word);
}

}  // namespace headrace::server::pgwire
