#include "cli/sql_command.h"

#include <memory>
#include <string>
#include <utility>

#include <CLI/CLI.hpp>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include "catalog/catalog.h"
#include "cli/file_load.h"
#include "cli/interruption.h"
#include "cli/option_values.h"
#include "cli/row_output.h"
#include "cli/standard_output.h"
#include "delivery/sql_service.h"
#include "headrace/error_code.h"
#include "headrace/memory_budget.h"

namespace headrace::cli {
namespace {

constexpr const char* kFooter = R"(
Files that --load names are tables; so is every file below an --allow-dir, by its path in quotes.

  headrace sql "SELECT 6 * 7 AS answer"
  headrace sql --load trips='data/*.parquet' "SELECT vendor, avg(fare) FROM trips GROUP BY vendor"
  headrace sql --allow-dir data "SELECT * FROM 'data/trips.parquet' WHERE fare > ?" --param 50
  headrace sql --database shop.duckdb "SELECT * FROM orders" --output orders.parquet

Exit status: 2 for options and what is not allowed, 3 for SQL that does not parse or fit, 4 for
names that are not there, 5 for memory, 7 for files that cannot be read or written.)";

/// What a statement without rows has done, for people.
std::string Said(const sql::Outcome& outcome) {
  if (outcome.rows_changed) return fmt::format("{} {}\n", outcome.tag, *outcome.rows_changed);
  return outcome.tag + "\n";
}

}  // namespace

struct SqlArguments::Texts {
  SqlCommandOptions options;
  std::vector<std::string> loads;
  std::string memory;
  RowOutputTexts output;
};

SqlArguments::SqlArguments(CLI::App* app)
    : command_(app->add_subcommand("sql", "run SQL over files and a database")),
      texts_(std::make_unique<Texts>()) {
  SqlCommandOptions* const options = &texts_->options;
  command_->allow_extras();
  command_->footer(kFooter);
  command_->add_option("sql", options->sql, "one statement, or several with semicolons")
      ->option_text("SQL");
  AddList(command_, "--param", &options->parameters, "VALUE",
          "a value for ? or $1; again for more");
  AddList(command_, "--load", &texts_->loads, "NAME=PATHS",
          "files as the table NAME: a file, a directory or a pattern; again for more");
  AddList(command_, "--allow-dir", &options->allowed_dirs, "DIRECTORY",
          "let SQL read and write files below it; again for more");
  command_->add_option("--database", options->database, "where SQL keeps its tables")
      ->option_text("FILE");
  command_->add_flag("--read-only", options->read_only, "let SQL change nothing");
  command_->add_option("--memory", texts_->memory, "hold at most this much, such as 1GiB")
      ->option_text("SIZE");
  AddRowOutput(command_, &texts_->output);
}

SqlArguments::~SqlArguments() = default;

Result<SqlCommandOptions> SqlArguments::Read() const {
  SqlCommandOptions options = texts_->options;
  if (options.sql.empty()) {
    return MakeError(ErrorCode::kBadConfig, "give SQL to run: headrace sql \"SELECT 6 * 7\"");
  }
  for (const std::string& text : texts_->loads) {
    auto load = ParseFileLoad(text);
    if (!load.ok()) {
      return MakeError(ErrorCode::kBadConfig, "--load: " + load.status().message());
    }
    options.loads.push_back(*std::move(load));
  }
  ARROW_ASSIGN_OR_RAISE(options.memory_limit_bytes, ReadMemory(texts_->memory));
  ARROW_ASSIGN_OR_RAISE(options.output, ReadRowOutput(texts_->output));
  return options;
}

Status RunSql(const SqlCommandOptions& options, StopSignal* stop) {
  Interruption interruption(stop);
  MemoryBudget* const budget = MemoryBudget::Process();
  if (options.memory_limit_bytes > 0) budget->set_limit_bytes(options.memory_limit_bytes);
  catalog::Catalog catalog(budget);
  ARROW_RETURN_NOT_OK(LoadFiles(options.loads, &catalog));
  delivery::SqlService service({.path = options.database,
                                .read_only = options.read_only,
                                .directories = options.allowed_dirs,
                                .spill_directory = SpillDirectoryOf(options.database)},
                               &catalog);
  ARROW_ASSIGN_OR_RAISE(const auto session, service.Connect());
  sql::Statement statement{.sql = options.sql};
  for (const std::string& value : options.parameters) statement.parameters.emplace_back(value);
  ARROW_ASSIGN_OR_RAISE(auto outcome, session->Run(std::move(statement)));
  if (outcome.reader->schema()->num_fields() == 0) return WriteToStdout(Said(outcome));
  return GiveRows(std::move(outcome.reader), options.output, std::nullopt, interruption, budget);
}

}  // namespace headrace::cli
