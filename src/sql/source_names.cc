#include "sql/source_names.h"

#include <algorithm>

#include <fmt/format.h>

#include "sql/duck.h"
#include "sql/source_scan.h"
#include "sql/statement_texts.h"

namespace headrace::sql {
namespace {

thread_local const SourceNames* current = nullptr;

std::string Quoted(std::string_view text, char quote) {
  std::string quoted(1, quote);
  for (const char c : text) quoted += c == quote ? std::string(2, c) : std::string(1, c);
  return quoted + quote;
}

}  // namespace

SourceNames::SourceNames(duckdb_connection connection, std::string_view statement,
                         const FindSource& find)
    : outer_(current) {
  for (const auto& [prefix, name] : NamesWithPrefix(statement)) {
    if (std::find(std::begin(kPrefixes), std::end(kPrefixes), prefix) == std::end(kPrefixes)) {
      continue;
    }
    const std::string full = prefix + '.' + name;
    const std::string view = fmt::format("{}.main.{}", prefix, Quoted(name, '"'));
    std::string make = fmt::format("DROP VIEW IF EXISTS {}", view);
    if (find(full).ok()) {
      // Anew each time: a source of that name may have other columns by now.
      make = fmt::format("CREATE OR REPLACE VIEW {} AS SELECT * FROM {}({})", view, kSourceFunction,
                         Quoted(full, '\''));
    } else {
      absent_.push_back(name);
    }
    // If it is refused, DuckDB says that there is no such table.
    DuckResult ignored;
    (void)duckdb_query(connection, make.c_str(), &ignored.get());
  }
  current = this;
}

SourceNames::~SourceNames() { current = outer_; }

bool SourceNames::IsAbsent(std::string_view name) {
  return current != nullptr && std::find(current->absent_.begin(), current->absent_.end(), name) !=
                                   current->absent_.end();
}

}  // namespace headrace::sql
