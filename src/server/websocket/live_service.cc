#include "server/websocket/live_service.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include <fmt/format.h>

#include "headrace/error_code.h"
#include "server/http/error_body.h"
#include "server/http/exchange.h"
#include "server/http/route_table.h"
#include "server/http/unknown_field.h"
#include "server/http/upgrade.h"
#include "server/websocket/live_session.h"

namespace headrace::server {
namespace {

// base64 of 16 bytes.
constexpr size_t kKeyBytes = 24;

bool IsWebSocket(std::string_view upgrade) {
  constexpr std::string_view kName = "websocket";
  return std::equal(upgrade.begin(), upgrade.end(), kName.begin(), kName.end(), [](char a, char b) {
    return std::tolower(static_cast<unsigned char>(a)) == b;
  });
}

Status CheckUpgrade(const Request& request) {
  const auto refuse = [](std::string_view why) {
    return MakeError(ErrorCode::kMalformedBody,
                     fmt::format("/v1/live speaks WebSocket (RFC 6455, version 13): {}", why));
  };
  if (!request.asks_upgrade || !IsWebSocket(request.upgrade)) {
    return refuse("the request has no Connection: Upgrade with Upgrade: websocket");
  }
  if (request.http_minor < 1) return refuse("the request is not HTTP/1.1");
  if (!request.body.empty()) return refuse("the request has a body");
  if (request.websocket_version != "13") {
    return refuse(fmt::format("Sec-WebSocket-Version is '{}'",
                              std::string_view(request.websocket_version).substr(0, 64)));
  }
  if (request.websocket_key.size() != kKeyBytes || !request.websocket_key.ends_with("==")) {
    return refuse("Sec-WebSocket-Key is not 16 bytes in base64");
  }
  return Status::OK();
}

/// Makes the connection, with a copy of what it needs of the request.
class LiveUpgrade final : public Upgrade {
 public:
  LiveUpgrade(LiveService* service, std::string key) : service_(service), key_(std::move(key)) {}
  std::unique_ptr<UpgradedConnection> Take(StreamSocket socket, std::string early,
                                           IoThread* thread) override {
    return std::make_unique<LiveSession>(std::move(socket), std::move(early), std::move(key_),
                                         service_, thread);
  }

 private:
  LiveService* const service_;
  std::string key_;
};

}  // namespace

void LiveService::AddRoutes(const LiveOptions& options, RouteTable* routes) {
  Route& live =
      routes->Add(Method::kGet, "/v1/live",
                  "a WebSocket: follow windows and their features as Arrow, append (docs/live.md)",
                  [this, options](Exchange& exchange) { return Connect(options, exchange); });
  live.answer_types = {"application/json", "application/vnd.apache.arrow.stream"};
}

Status LiveService::Connect(const LiveOptions& options, Exchange& exchange) {
  const Request& request = exchange.request;
  Response& response = exchange.response;
  if (!request.query.empty()) return UnknownField("query", request.query, {"none"});
  if (const Status status = CheckUpgrade(request); !status.ok()) {
    Refuse(status, &response);
    // RFC 9110, 15.5.22: what has to be asked for.
    response.status = 426;
    response.fields = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n";
    return Status::OK();
  }
  if (draining_->load(std::memory_order_relaxed)) {
    return MakeError(ErrorCode::kUnavailable, "the server is stopping");
  }
  if (counters_->clients >= options.max_clients) {
    return MakeError(ErrorCode::kUnavailable,
                     fmt::format("there are {} live clients, the most allowed; try again later",
                                 options.max_clients));
  }
  response.status = 101;
  exchange.upgrade = std::make_shared<LiveUpgrade>(this, request.websocket_key);
  return Status::OK();
}

LiveFeeds& LiveService::FeedsOf(const IoThread* thread) {
  std::lock_guard lock(mutex_);
  return feeds_[thread];
}

}  // namespace headrace::server
