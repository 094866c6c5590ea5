#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "headrace/status.h"

namespace headrace::server::pgwire {

/// What a client may begin a connection with: a length, a code, and more.
struct SslRequest {};
struct GssEncRequest {};
struct CancelRequest {
  uint32_t process = 0;
  uint32_t secret = 0;
};
struct StartupRequest {
  int minor = 0;  ///< of protocol 3
  std::vector<std::pair<std::string, std::string>> parameters;
};
using StartupPacket = std::variant<SslRequest, GssEncRequest, CancelRequest, StartupRequest>;

/// The packet at the beginning of `input`, and in `taken` its bytes; none while it is not whole.
/// kMalformedBody for what is no such packet, as soon as that can be told.
Result<std::optional<StartupPacket>> TakeStartup(std::string_view input, size_t* taken);
inline constexpr size_t kMaxStartupBytes = 10'000;

/// Every message after that: a type, a length, a body, which is borrowed.
struct RawMessage {
  char type = 0;
  std::string_view body;
};

/// As TakeStartup(). kTooLarge for a body of more than `limit` bytes, kMalformedBody for a type
/// that there is not. `missing` says how many bytes the message lacks while it is not whole.
Result<std::optional<RawMessage>> TakeMessage(std::string_view input, size_t limit, size_t* taken,
                                              size_t* missing);

struct ParseMessage {
  std::string statement;
  std::string sql;
  std::vector<uint32_t> types;  ///< OIDs; 0: the server finds out
};
struct BindMessage {
  std::string portal;
  std::string statement;
  std::vector<int16_t> formats;                         ///< none, one for all, or one for each
  std::vector<std::optional<std::string_view>> values;  ///< nothing: NULL
  std::vector<int16_t> result_formats;                  ///< as `formats`
};
/// Describe and Close: 'S'tatement or 'P'ortal.
struct NamedMessage {
  char kind = 'S';
  std::string name;
};
struct ExecuteMessage {
  std::string portal;
  int32_t max_rows = 0;  ///< 0: all
};

/// The bodies. kMalformedBody for what does not fit exactly, or a format that is neither 0 nor 1.
Result<std::string> ReadQuery(std::string_view body);
Result<ParseMessage> ReadParse(std::string_view body);
Result<BindMessage> ReadBind(std::string_view body);
Result<NamedMessage> ReadNamed(std::string_view body);
Result<ExecuteMessage> ReadExecute(std::string_view body);

/// The settings in a startup packet's `options`: `-c name=value`, `--name=value`; a backslash takes
/// the next character's meaning away. kInvalidArgument for anything else.
Result<std::vector<std::pair<std::string, std::string>>> ReadOptions(std::string_view options);

}  // namespace headrace::server::pgwire
