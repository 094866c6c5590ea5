#include "cli/serve_options.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "cli/bar_values.h"
#include "headrace/error_code.h"
#include "headrace/memory_budget.h"

namespace headrace::cli {
namespace {

Status Refuse(std::string_view text, std::string_view rule) {
  return MakeError(ErrorCode::kBadConfig, fmt::format("'{}' is not {}", text, rule));
}

template <typename Number>
Status SetNumber(std::string_view text, Number least, Number most, std::string_view rule,
                 Number* out) {
  Number value{};
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  // The negated form refuses NaN as well.
  if (error != std::errc{} || rest != end || !(value >= least && value <= most)) {
    return Refuse(text, rule);
  }
  *out = value;
  return Status::OK();
}

Status SetBytes(std::string_view text, int64_t* out) {
  auto bytes = ParseByteSize(text);
  if (!bytes.ok()) return MakeError(ErrorCode::kBadConfig, bytes.status().message());
  *out = *bytes;
  return Status::OK();
}

Status SetText(std::string_view text, std::string* out) {
  *out = text;
  return Status::OK();
}

Status SetSwitch(std::string_view text, bool* out) {
  for (const std::string_view yes : {"true", "1", "yes", "on"}) {
    if (text == yes) return *out = true, Status::OK();
  }
  for (const std::string_view no : {"false", "0", "no", "off"}) {
    if (text == no) return *out = false, Status::OK();
  }
  return Refuse(text, "a switch: give true or false");
}

template <typename Enum, size_t kSize>
Status SetChoice(std::string_view text,
                 const std::array<std::pair<std::string_view, Enum>, kSize>& choices, Enum* out) {
  std::string names;
  for (const auto& [name, value] : choices) {
    if (text == name) return *out = value, Status::OK();
    names += fmt::format("{}{}", names.empty() ? "" : ", ", name);
  }
  return Refuse(text, "one of " + names);
}

constexpr std::array<std::pair<std::string_view, LogLevel>, 6> kLevels = {{
    {"trace", LogLevel::kTrace},
    {"debug", LogLevel::kDebug},
    {"info", LogLevel::kInfo},
    {"warn", LogLevel::kWarn},
    {"error", LogLevel::kError},
    {"off", LogLevel::kOff},
}};

constexpr std::array<std::pair<std::string_view, LogFormat>, 2> kLogFormats = {{
    {"logfmt", LogFormat::kLogfmt},
    {"json", LogFormat::kJson},
}};

Status SetPort(std::string_view text, ServeOptions* o) {
  return SetNumber<uint16_t>(text, 0, 65535, "a port: give a number from 0 (any free one) to 65535",
                             &o->port);
}

Status SetPgPort(std::string_view text, ServeOptions* o) {
  uint16_t port = 0;
  if (!text.empty()) {
    ARROW_RETURN_NOT_OK(SetNumber<uint16_t>(
        text, 0, 65535, "a port: give a number from 0 (any free one) to 65535", &port));
  }
  return SetText(text, &o->pg_port);
}

Status SetHost(std::string_view text, ServeOptions* o) {
  if (text.empty()) return Refuse(text, "an address: give one such as 127.0.0.1, ::1 or 0.0.0.0");
  return SetText(text, &o->host);
}

Status SetMemoryLimit(std::string_view text, ServeOptions* o) {
  if (text.empty()) return o->memory_limit_bytes = 0, Status::OK();
  return SetBytes(text, &o->memory_limit_bytes);
}

Status SetBarsTimeframe(std::string_view text, ServeOptions* o) {
  const auto timeframe = ParseTimeframe(text);
  if (!timeframe.ok()) return MakeError(ErrorCode::kBadConfig, timeframe.status().message());
  o->bars_timeframe = *timeframe;
  return Status::OK();
}

Status SetBarsSession(std::string_view text, ServeOptions* o) {
  o->bars_session = {};
  if (text.empty()) return Status::OK();
  const auto session = ParseSession(std::string(text));
  if (!session) return Refuse(text, kSessionRule);
  o->bars_session = *session;
  return Status::OK();
}

Status SetBarsWatermark(std::string_view text, ServeOptions* o) {
  const auto duration = ParseDuration(text);
  if (!duration) return Refuse(text, kDurationRule);
  o->bars_watermark_ns = *duration;
  return Status::OK();
}

Status SetLiveQueue(std::string_view text, ServeOptions* o) {
  ARROW_RETURN_NOT_OK(SetBytes(text, &o->live_queue_bytes));
  if (o->live_queue_bytes >= 64 << 10) return Status::OK();
  return Refuse(text, "a size of 64KiB or more");
}

Status SetDemoWindow(std::string_view text, ServeOptions* o) {
  return SetNumber<int64_t>(text, 1, 1'000'000, "a number of rows from 1 to 1000000",
                            &o->demo_window);
}

Status AddLoad(std::string_view text, ServeOptions* o) {
  if (text.empty()) return Status::OK();
  ARROW_ASSIGN_OR_RAISE(auto load, ParseFileLoad(text));
  o->loads.push_back(std::move(load));
  return Status::OK();
}

Status AddAllowedDir(std::string_view text, ServeOptions* o) {
  if (!text.empty()) o->allowed_dirs.emplace_back(text);
  return Status::OK();
}

constexpr std::array kOptions = {
    ServeOption{"config", "FILE", "", "none", "read options from a TOML file",
                [](std::string_view t, ServeOptions* o) { return SetText(t, &o->config_path); }},
    ServeOption{"host", "ADDRESS", "127.0.0.1", "", "address to listen on", SetHost},
    ServeOption{"port", "PORT", "14345", "", "port to listen on; 0 takes any free one", SetPort},
    ServeOption{
        "unix-socket", "PATH", "", "none",
        "Unix socket to listen on as well, for this user; rows in memory are handed over uncopied",
        [](std::string_view t, ServeOptions* o) { return SetText(t, &o->unix_socket); }},
    ServeOption{"port-file", "FILE", "", "none", "write the port there once the server listens",
                [](std::string_view t, ServeOptions* o) { return SetText(t, &o->port_file); }},
    ServeOption{"memory-limit", "SIZE", "", "70 % of the memory that this process may use",
                "what data may hold at most, such as 512MB or 2GiB", SetMemoryLimit},
    ServeOption{
        "max-body", "SIZE", "64MiB", "", "largest request body",
        [](std::string_view t, ServeOptions* o) { return SetBytes(t, &o->max_body_bytes); }},
    ServeOption{"max-connections", "N", "1024", "", "connections open at a time",
                [](std::string_view t, ServeOptions* o) {
                  return SetNumber<int64_t>(t, 1, 1'000'000, "a number from 1 to 1000000",
                                            &o->max_connections);
                }},
    ServeOption{"live-clients", "N", "1000", "", "WebSockets open at a time, among the connections",
                [](std::string_view t, ServeOptions* o) {
                  return SetNumber<int64_t>(t, 0, 1'000'000, "a number from 0 to 1000000",
                                            &o->live_clients);
                }},
    ServeOption{"live-queue", "SIZE", "8MiB", "",
                "what may wait to be sent to a WebSocket; at least 64KiB", SetLiveQueue},
    ServeOption{"threads", "N", "0", "", "threads that serve requests; 0 takes one per core",
                [](std::string_view t, ServeOptions* o) {
                  return SetNumber<int64_t>(t, 0, 1024, "a number from 0 to 1024", &o->threads);
                }},
    ServeOption{"drain-timeout", "SECONDS", "10", "",
                "how long requests may finish in after SIGTERM or SIGINT",
                [](std::string_view t, ServeOptions* o) {
                  return SetNumber<double>(t, 0, 3600, "a number of seconds from 0 to 3600",
                                           &o->drain_timeout_s);
                }},
    ServeOption{"load", "NAME=PATHS", "", "none",
                "serve files as the source NAME: a file, a directory or a pattern; again for more",
                AddLoad, [](ServeOptions* o) { o->loads.clear(); }},
    ServeOption{"allow-dir", "DIRECTORY", "", "none",
                "let clients register files below it; again for more", AddAllowedDir,
                [](ServeOptions* o) { o->allowed_dirs.clear(); }},
    ServeOption{"database", "FILE", "", "in memory", "where SQL keeps its tables",
                [](std::string_view t, ServeOptions* o) { return SetText(t, &o->database); }},
    ServeOption{"read-only", "", "false", "", "let SQL change nothing",
                [](std::string_view t, ServeOptions* o) { return SetSwitch(t, &o->read_only); }},
    ServeOption{"pg-port", "PORT", "", "none",
                "port for clients of PostgreSQL, usually 5439; 0 takes any free one", SetPgPort},
    ServeOption{"pg-port-file", "FILE", "", "none", "write that port there once it is listened on",
                [](std::string_view t, ServeOptions* o) { return SetText(t, &o->pg_port_file); }},
    ServeOption{"pg-connections", "N", "100", "", "clients of PostgreSQL at a time",
                [](std::string_view t, ServeOptions* o) {
                  return SetNumber<int64_t>(t, 1, 10'000, "a number from 1 to 10000",
                                            &o->pg_connections);
                }},
    ServeOption{"bars-timeframe", "TIMEFRAME", "1m", "", "the bars that ticks become: 10s, 1m, 1h",
                SetBarsTimeframe},
    ServeOption{"bars-zone", "ZONE", "UTC", "", "by whose clock bars begin",
                [](std::string_view t, ServeOptions* o) { return SetText(t, &o->bars_zone); }},
    ServeOption{"bars-session", "OPEN-CLOSE", "", "always open",
                "bars of Monday to Friday between these times, in the zone", SetBarsSession},
    ServeOption{"bars-watermark", "DURATION", "0", "", "how late a tick may come: 250ms, 10s, 2m",
                SetBarsWatermark},
    ServeOption{
        "bars-memory", "SIZE", "1GB", "", "most that bars may hold; more goes to files",
        [](std::string_view t, ServeOptions* o) { return SetBytes(t, &o->bars_memory_bytes); }},
    ServeOption{
        "log-level", "LEVEL", "info", "", "trace, debug, info, warn, error or off",
        [](std::string_view t, ServeOptions* o) { return SetChoice(t, kLevels, &o->log_level); }},
    ServeOption{"log-format", "FORMAT", "logfmt", "", "logfmt or json, a line an event, to stderr",
                [](std::string_view t, ServeOptions* o) {
                  return SetChoice(t, kLogFormats, &o->log_format);
                }},
    ServeOption{"demo", "", "false", "",
                "fill the buffer `flights` and replay real flights into it",
                [](std::string_view t, ServeOptions* o) { return SetSwitch(t, &o->demo); }},
    ServeOption{"demo-data", "FILE", "", "node_modules/vega-datasets/data/flights-3m.parquet",
                "the flights, a Parquet file in time order",
                [](std::string_view t, ServeOptions* o) { return SetText(t, &o->demo_data); }},
    ServeOption{"demo-speed", "FACTOR", "60", "", "seconds of the data replayed in a second",
                [](std::string_view t, ServeOptions* o) {
                  return SetNumber<double>(t, 0.001, 1e9, "a factor from 0.001 to 1e9",
                                           &o->demo_speed);
                }},
    ServeOption{"demo-window", "ROWS", "10000", "", "window size of the buffer `flights`",
                SetDemoWindow},
};

Status Apply(const ServeOption& option, std::string_view text, std::string_view origin,
             ServeOptions* options) {
  Status status = option.set(text, options);
  if (status.ok()) return status;
  return MakeError(ErrorCode::kBadConfig, fmt::format("{}: {}", origin, status.message()));
}

}  // namespace

std::string ServeOption::Flag() const { return fmt::format("--{}", name); }

std::string ServeOption::Variable() const {
  std::string variable = "HEADRACE_";
  for (const char c : name) variable += c == '-' ? '_' : static_cast<char>(c - 'a' + 'A');
  return variable;
}

std::span<const ServeOption> ServeOptionTable() noexcept { return kOptions; }

Result<ServeOptions> ResolveServeOptions(std::span<const std::vector<Setting>> layers) {
  ServeOptions options;
  for (const ServeOption& option : kOptions) {
    ARROW_RETURN_NOT_OK(Apply(option, option.fallback, option.Flag(), &options));
  }
  for (const auto& layer : layers) {
    for (const ServeOption& option : kOptions) {
      const bool given = std::any_of(layer.begin(), layer.end(), [&](const Setting& setting) {
        return setting.option == &option;
      });
      if (given && option.is_list()) option.clear(&options);
    }
    for (const Setting& setting : layer) {
      ARROW_RETURN_NOT_OK(Apply(*setting.option, setting.text, setting.origin, &options));
    }
  }
  return options;
}

}  // namespace headrace::cli
