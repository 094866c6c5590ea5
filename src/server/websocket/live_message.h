#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "delivery/live_rows.h"
#include "headrace/status.h"
#include "server/http/json_body.h"

namespace headrace {
struct AppendResult;
}

namespace headrace::server {

// The messages of /v1/live that are text: docs/live.md has all of them.

/// What happens to a client that does not keep up.
enum class LivePolicy { kLatest, kAll };

struct Subscribe {
  std::string id;  ///< as JSON: "\"mine\"" or "7"; empty: not given
  delivery::LiveRequest request;
  std::optional<int64_t> tail;  ///< of the present state
  double rate = 30;             ///< messages a second at most
  LivePolicy policy = LivePolicy::kLatest;

  static constexpr double kLeastRate = 0.01;
  static constexpr double kMostRate = 1000;
};
struct Unsubscribe {
  std::string id;  ///< as JSON
};
struct AppendTo {
  std::string buffer_id;
};
struct AppendJson {
  std::string_view body;  ///< {"buffer_id": …, "data": …}; lies in the message
};
using LiveMessage = std::variant<Subscribe, Unsubscribe, AppendTo, AppendJson>;

/// Its kind, as a refusal names it: "subscribe", …; empty for no message that is known.
std::string_view KindOf(std::string_view text) noexcept;

/// One message of a client. kMalformedBody for what is not JSON; kInvalidArgument, located as
/// {"subscribe", "rate"}, for what breaks a rule; the nearest name for fields that are not known.
Result<LiveMessage> ParseLiveMessage(std::string_view text, JsonBody* body);

/// `status` with its location led by `where` in the place of "body".
Status LocatedInMessage(std::string_view where, const Status& status);

// The server's messages. `id` is JSON.
std::string SubscribedMessage(std::string_view id, uint32_t number, std::string_view table,
                              int64_t first_row, bool follows);
std::string UnsubscribedMessage(std::string_view id);
std::string SkippedMessage(std::string_view id, int64_t rows, int64_t total);
std::string ClearedMessage(std::string_view id);
/// `reason` is "end", "dropped" or "error", with `status` for the last.
std::string ClosedMessage(std::string_view id, std::string_view reason, int64_t rows,
                          const Status& status);
std::string AppendToMessage(std::string_view buffer_id);
std::string AppendedMessage(std::string_view buffer_id, const AppendResult& result);
/// A refusal: the error body of HTTP with the kind of message that was refused, and `id` if there
/// is one.
std::string ErrorMessage(std::string_view kind, std::string_view id, const Status& status);

}  // namespace headrace::server
