#include "sql/database.h"

#include <algorithm>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "headrace/error_code.h"
#include "sql/database_impl.h"
#include "sql/duck_error.h"
#include "sql/session.h"
#include "sql/source_scan.h"

namespace headrace::sql {
namespace {

// Of the budget; the rest is for what is sent, live windows and scans.
constexpr int64_t kBudgetShare = 4;  // tenths
constexpr int64_t kLeastBytes = 16 << 20;

Status Set(const DuckConfig& config, const char* name, const std::string& value) {
  if (duckdb_set_config(config.get(), name, value.c_str()) == DuckDBSuccess) return Status::OK();
  return MakeError(ErrorCode::kBadConfig,
                   fmt::format("the database does not take {} = '{}'", name, value));
}

std::string Quoted(const std::string& text) {
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("''") : std::string(1, c);
  return quoted + '\'';
}

Status Run(duckdb_connection connection, const std::string& sql) {
  DuckResult result;
  if (duckdb_query(connection, sql.c_str(), &result.get()) == DuckDBSuccess) return Status::OK();
  return MakeError(ErrorCode::kBadConfig, fmt::format("the database refuses {}: {}", sql,
                                                      duckdb_result_error(&result.get())));
}

/// What the operator allowed, and nothing that SQL could widen.
Status Lock(duckdb_connection connection, const DatabaseOptions& options) {
  std::string directories;
  for (const std::string& directory : options.directories) {
    directories += (directories.empty() ? "" : ", ") + Quoted(directory);
  }
  if (!directories.empty()) {
    ARROW_RETURN_NOT_OK(
        Run(connection, fmt::format("SET allowed_directories = [{}]", directories)));
  }
  ARROW_RETURN_NOT_OK(Run(connection, "SET enable_external_access = false"));
  return Run(connection, "SET lock_configuration = true");
}

}  // namespace

Database::Database(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Database::~Database() = default;

Result<std::shared_ptr<Database>> Database::Open(const DatabaseOptions& options, FindSource find,
                                                 MemoryBudget* budget) {
  auto impl = std::make_unique<Impl>();
  impl->find = std::move(find);
  impl->budget = budget;
  impl->read_only = options.read_only;
  impl->held = budget->Reserve("sql");
  const int64_t memory = std::max(kLeastBytes, budget->limit_bytes() / 10 * kBudgetShare);
  ARROW_RETURN_NOT_OK(impl->held.Resize(memory));

  DuckConfig config;
  duckdb_create_config(config.out());
  const int threads = options.threads > 0
                          ? options.threads
                          : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  ARROW_RETURN_NOT_OK(Set(config, "memory_limit", fmt::format("{}KiB", memory >> 10)));
  ARROW_RETURN_NOT_OK(Set(config, "threads", std::to_string(threads)));
  ARROW_RETURN_NOT_OK(Set(config, "temp_directory", options.spill_directory));
  ARROW_RETURN_NOT_OK(Set(config, "access_mode",
                          options.read_only && !options.path.empty() ? "READ_ONLY" : "AUTOMATIC"));
  for (const char* const extensions : {"autoinstall_known_extensions", "autoload_known_extensions",
                                       "allow_community_extensions"}) {
    ARROW_RETURN_NOT_OK(Set(config, extensions, "false"));
  }
  char* failure = nullptr;
  const char* const path = options.path.empty() ? nullptr : options.path.c_str();
  if (duckdb_open_ext(path, impl->duck.out(), config.get(), &failure) != DuckDBSuccess) {
    const std::string message = failure != nullptr ? failure : "no reason given";
    duckdb_free(failure);
    return MakeError(ErrorCode::kBadConfig,
                     fmt::format("cannot open the database {}: {}", options.path, message));
  }
  if (duckdb_connect(impl->duck.get(), impl->conversions.out()) != DuckDBSuccess ||
      duckdb_connect(impl->duck.get(), impl->names.out()) != DuckDBSuccess) {
    return MakeError(ErrorCode::kInternal, "the database gives no connection");
  }
  ARROW_RETURN_NOT_OK(AddSources(impl->duck.get(), impl->conversions.get(), &impl->find));
  ARROW_RETURN_NOT_OK(Lock(impl->conversions.get(), options));
  return std::shared_ptr<Database>(new Database(std::move(impl)));
}

Result<std::shared_ptr<Session>> Database::Connect() { return Session::Open(shared_from_this()); }

}  // namespace headrace::sql
