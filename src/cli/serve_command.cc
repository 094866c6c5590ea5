#include "cli/serve_command.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>

#include <fmt/format.h>
#include <unistd.h>

#include "catalog/catalog.h"
#include "cli/demo_feed.h"
#include "cli/file_load.h"
#include "cli/log.h"
#include "cli/option_values.h"
#include "cli/stop_signal.h"
#include "delivery/allowed_paths.h"
#include "delivery/bars.h"
#include "delivery/sql_service.h"
#include "headrace/error_code.h"
#include "headrace/memory_budget.h"
#include "kernels/rolling/rolling.h"
#include "server/http/http_server.h"
#include "server/pgwire/pg_server.h"

namespace headrace::cli {
namespace {

using std::chrono::milliseconds;

server::HttpServerOptions HttpOptions(const ServeOptions& options) {
  server::HttpServerOptions http;
  http.host = options.host;
  http.port = options.port;
  http.unix_socket = options.unix_socket;
  http.threads = static_cast<int>(options.threads);
  http.max_connections = options.max_connections;
  http.max_body_bytes = options.max_body_bytes;
  http.live.max_clients = options.live_clients;
  http.live.queue_bytes = options.live_queue_bytes;
  return http;
}

delivery::BarsOptions BarsOptions(const ServeOptions& options) {
  return {.tick_timeframe = options.bars_timeframe,
          .zone = options.bars_zone,
          .session = options.bars_session,
          .watermark_ns = options.bars_watermark_ns,
          .memory_cap_bytes = options.bars_memory_bytes};
}

sql::DatabaseOptions DatabaseOptions(const ServeOptions& options) {
  return {.path = options.database,
          .read_only = options.read_only,
          .directories = options.allowed_dirs,
          .spill_directory = SpillDirectoryOf(options.database),
          .threads = static_cast<int>(options.threads)};
}

Result<std::unique_ptr<DemoFeed>> MakeDemo(const ServeOptions& options,
                                           const std::string& executable, catalog::Catalog* catalog,
                                           Log* log) {
  // The command lies in build/<preset>/ of the checkout that it was built in.
  const std::filesystem::path checkout =
      std::filesystem::path(executable).parent_path().parent_path().parent_path();
  DemoFeedOptions demo;
  ARROW_ASSIGN_OR_RAISE(demo.path, FindDemoData(options.demo_data, {".", checkout.string()}));
  demo.window_size = options.demo_window;
  demo.speed = options.demo_speed;
  return DemoFeed::Make(std::move(demo), catalog, log);
}

/// Whole or not at all: who waits for the file never reads half a number.
Status WritePortFile(const std::string& path, uint16_t port) {
  const std::string unfinished = path + ".new";
  std::ofstream(unfinished) << port << '\n';
  std::error_code error;
  std::filesystem::rename(unfinished, path, error);
  if (!error) return Status::OK();
  return MakeError(ErrorCode::kIOError,
                   fmt::format("cannot write the port file '{}': {}", path, error.message()));
}

std::string UrlOf(const std::string& host, uint16_t port) {
  const bool is_ipv6 = host.find(':') != std::string::npos;
  return is_ipv6 ? fmt::format("http://[{}]:{}", host, port)
                 : fmt::format("http://{}:{}", host, port);
}

/// For people only: where stderr is a terminal. Everybody else reads the log.
void Greet(const std::string& url, const DemoFeed* demo) {
  if (isatty(STDERR_FILENO) == 0) return;
  fmt::print(stderr, "\n  Headrace {} listens on {}\n", HEADRACE_VERSION, url);
  if (demo != nullptr) {
    fmt::print(stderr, "  Flights are replayed: curl '{}/v1/ml/polars/buffers/{}/data?tail=3'\n",
               url, demo->options().buffer);
  }
  fmt::print(stderr, "  Ctrl+C stops it.\n\n");
}

void LogStart(Log* log, const std::string& url, const MemoryBudget& budget, const DemoFeed* demo,
              const std::vector<std::string>& warnings) {
  log->Info("listening", {{"url", url},
                          {"version", HEADRACE_VERSION},
                          {"memory_limit", FormatByteSize(budget.limit_bytes())},
                          {"memory_limit_bytes", budget.limit_bytes()},
                          {"simd", kernels::RollingTargetName()},
                          {"pid", getpid()}});
  if (demo != nullptr) {
    log->Info("demo feed runs", {{"buffer", demo->options().buffer},
                                 {"window_size", demo->options().window_size},
                                 {"speed", demo->options().speed},
                                 {"file", demo->options().path}});
  }
  for (const std::string& warning : warnings) log->Warn(warning);
}

/// Null if nobody asked for it.
Result<std::unique_ptr<server::pgwire::PgServer>> StartPgServer(const ServeOptions& options,
                                                                delivery::SqlService* sql,
                                                                MemoryBudget* budget, Log* log) {
  if (options.pg_port.empty()) return nullptr;
  server::pgwire::PgServerOptions pg;
  pg.host = options.host;
  pg.port = static_cast<uint16_t>(std::stoi(options.pg_port));
  pg.max_connections = options.pg_connections;
  pg.max_message_bytes = static_cast<size_t>(options.max_body_bytes);
  ARROW_ASSIGN_OR_RAISE(
      auto started,
      server::pgwire::PgServer::Start(pg, {.sql = sql, .budget = budget, .log = log->events()}));
  if (!options.pg_port_file.empty()) {
    ARROW_RETURN_NOT_OK(WritePortFile(options.pg_port_file, started->port()));
  }
  log->Info("listening", {{"postgresql", fmt::format("{}:{}", options.host, started->port())}});
  return started;
}

/// Waits for the signal and ends in an order in which nothing loses what it uses.
void RunUntil(StopSignal* stop, double drain_timeout_s, std::unique_ptr<DemoFeed> demo,
              server::HttpServer* http, server::pgwire::PgServer* pg, Log* log) {
  const int signal = stop->Wait();
  log->Info("draining", {{"signal", strsignal(signal)}, {"timeout_s", drain_timeout_s}});
  demo.reset();
  const auto bound =
      std::chrono::duration_cast<milliseconds>(std::chrono::duration<double>(drain_timeout_s));
  const auto until = std::chrono::steady_clock::now() + bound;
  bool clean = http->Drain(bound);
  if (pg != nullptr) {
    const auto left =
        std::chrono::duration_cast<milliseconds>(until - std::chrono::steady_clock::now());
    clean = pg->Drain(std::max(left, milliseconds(0))) && clean;
  }
  log->Info("stopped", {{"clean", clean}});
}

}  // namespace

Status RunServe(const ServeOptions& options, const std::vector<std::string>& warnings,
                const std::string& executable, StopSignal* stop) {
  Log log(options.log_level, options.log_format);
  MemoryBudget* budget = MemoryBudget::Process();
  if (options.memory_limit_bytes > 0) budget->set_limit_bytes(options.memory_limit_bytes);
  catalog::Catalog catalog(budget);
  ARROW_RETURN_NOT_OK(LoadFiles(options.loads, &catalog));
  ARROW_ASSIGN_OR_RAISE(auto allowed_paths, delivery::AllowedPaths::Make(options.allowed_dirs));
  delivery::SqlService sql(DatabaseOptions(options), &catalog);
  if (!options.database.empty()) ARROW_RETURN_NOT_OK(sql.Open());
  ARROW_RETURN_NOT_OK(delivery::Bars::Check(BarsOptions(options)));
  delivery::Bars bars(BarsOptions(options), &catalog);
  std::unique_ptr<DemoFeed> demo;
  if (options.demo) {
    ARROW_ASSIGN_OR_RAISE(demo, MakeDemo(options, executable, &catalog, &log));
  }
  ARROW_ASSIGN_OR_RAISE(
      auto http,
      server::HttpServer::Start(HttpOptions(options), {.catalog = &catalog,
                                                       .budget = budget,
                                                       .log = log.events(),
                                                       .allowed_paths = std::move(allowed_paths),
                                                       .sql = &sql,
                                                       .bars = &bars}));
  ARROW_ASSIGN_OR_RAISE(auto pg, StartPgServer(options, &sql, budget, &log));
  if (!options.port_file.empty()) {
    ARROW_RETURN_NOT_OK(WritePortFile(options.port_file, http->port()));
  }
  const std::string url = UrlOf(options.host, http->port());
  LogStart(&log, url, *budget, demo.get(), warnings);
  if (!options.unix_socket.empty()) log.Info("listening", {{"unix_socket", options.unix_socket}});
  Greet(url, demo.get());
  if (demo != nullptr) demo->Start();
  RunUntil(stop, options.drain_timeout_s, std::move(demo), http.get(), pg.get(), &log);
  return Status::OK();
}

}  // namespace headrace::cli
