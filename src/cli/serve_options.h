#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/file_load.h"
#include "headrace/status.h"
#include "headrace/timeframe.h"

namespace headrace::cli {

enum class LogFormat { kLogfmt, kJson };
enum class LogLevel { kTrace, kDebug, kInfo, kWarn, kError, kOff };

/// What `headrace serve` runs with. Defaults stand in ServeOptionTable() only.
struct ServeOptions {
  std::string config_path;
  std::string host;
  uint16_t port = 0;
  std::string unix_socket;         ///< path to listen on as well; empty: none
  std::string port_file;           ///< written with the bound port once the server listens
  int64_t memory_limit_bytes = 0;  ///< 0: MemoryBudget::DefaultLimitBytes()
  int64_t max_body_bytes = 0;
  int64_t max_connections = 0;
  int64_t live_clients = 0;
  int64_t live_queue_bytes = 0;
  int64_t threads = 0;  ///< 0: one per core
  double drain_timeout_s = 0;
  std::string database;      ///< DuckDB's file; empty: in memory
  bool read_only = false;    ///< SQL changes nothing
  std::string pg_port;       ///< of the PostgreSQL protocol; empty: not spoken
  std::string pg_port_file;  ///< as `port_file`
  int64_t pg_connections = 0;
  Timeframe bars_timeframe;  ///< what ticks become
  std::string bars_zone;
  SessionCalendar bars_session;  ///< without a name: always open
  int64_t bars_watermark_ns = 0;
  int64_t bars_memory_bytes = 0;
  std::vector<FileLoad> loads;
  std::vector<std::string> allowed_dirs;  ///< where clients may name files
  LogLevel log_level = LogLevel::kInfo;
  LogFormat log_format = LogFormat::kLogfmt;
  bool demo = false;
  std::string demo_data;    ///< empty: looked for, see FindDemoData()
  double demo_speed = 0;    ///< simulated seconds in a second
  int64_t demo_window = 0;  ///< rows
};

/// One row of the table of options: what flag, variable, configuration key and help are made of.
struct ServeOption {
  /// "memory-limit": --memory-limit, HEADRACE_MEMORY_LIMIT, and the key of the configuration file.
  std::string_view name;
  std::string_view value_name;     ///< what the help calls its value; empty for a switch
  std::string_view fallback;       ///< the default, as a user would write it
  std::string_view fallback_help;  ///< what the help says instead of an empty `fallback`
  std::string_view help;
  Status (*set)(std::string_view text, ServeOptions* options);
  /// May be given several times: `set` adds. What a stronger layer gives is in place of the weaker.
  void (*clear)(ServeOptions* options) = nullptr;

  bool is_list() const noexcept { return clear != nullptr; }
  bool is_switch() const noexcept { return value_name.empty(); }
  std::string Flag() const;      ///< --memory-limit
  std::string Variable() const;  ///< HEADRACE_MEMORY_LIMIT
};

/// All options of `headrace serve`, in the order of the help.
std::span<const ServeOption> ServeOptionTable() noexcept;

/// A value that somebody gave an option. `origin` is how messages name the place: "--port",
/// "HEADRACE_PORT" or "headrace.toml:3:8: port".
struct Setting {
  const ServeOption* option = nullptr;
  std::string text;
  std::string origin;
};

/// Applies defaults, then the settings of `layers`, weakest layer first. Every setting is checked,
/// also one that a stronger layer overrides. ErrorCode::kBadConfig with the origin otherwise.
Result<ServeOptions> ResolveServeOptions(std::span<const std::vector<Setting>> layers);

}  // namespace headrace::cli
