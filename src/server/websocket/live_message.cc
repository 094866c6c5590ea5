#include "server/websocket/live_message.h"

#include <array>
#include <cmath>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <simdjson.h>

#include "base/trim.h"
#include "codec/json_rows.h"
#include "headrace/error_code.h"
#include "headrace/live_window.h"
#include "headrace/names.h"
#include "server/http/error_body.h"
#include "server/http/read_request.h"
#include "server/http/unknown_field.h"

namespace headrace::server {
namespace {

constexpr std::array<std::string_view, 4> kKinds = {"subscribe", "unsubscribe", "append",
                                                    "append_to"};
constexpr size_t kMostIdBytes = 128;

Status Invalid(std::string message, std::vector<std::string> location) {
  return MakeError(ErrorCode::kInvalidArgument, std::move(message), std::move(location));
}

/// The one member of the message.
struct Member {
  std::string_view kind;
  std::string_view value;  // JSON, in the message
};

Status NotAMessage(std::string_view why) {
  return Invalid(fmt::format("a message is a JSON object with one of subscribe, unsubscribe, "
                             "append, append_to: {}",
                             why),
                 {"message"});
}

/// {"kind": value}, without looking into the value, which may be many rows.
Result<Member> TakeMember(std::string_view text) {
  text = base::Trim(text);
  if (text.empty() || text.front() != '{' || text.back() != '}') {
    return NotAMessage("this is no object");
  }
  std::string_view rest = base::Trim(text.substr(1, text.size() - 2));
  if (rest.empty()) return NotAMessage("this one is empty");
  const size_t end = rest.find('"', 1);
  if (rest.front() != '"' || end == std::string_view::npos) {
    return MakeError(ErrorCode::kMalformedBody, "the message is not JSON", {"message"});
  }
  const std::string_view name = rest.substr(1, end - 1);
  rest = base::Trim(rest.substr(end + 1));
  if (!rest.starts_with(':')) {
    return MakeError(ErrorCode::kMalformedBody, "the message is not JSON", {"message"});
  }
  for (const std::string_view kind : kKinds) {
    if (kind == name) return Member{.kind = kind, .value = base::Trim(rest.substr(1))};
  }
  return UnknownField("message", name, kKinds);
}

Result<std::string_view> ScalarText(const Member& member, simdjson::dom::parser* parser) {
  simdjson::dom::element value;
  std::string_view text;
  if (parser->parse(member.value.data(), member.value.size()).get(value) != simdjson::SUCCESS) {
    return MakeError(ErrorCode::kMalformedBody, "the message is not JSON",
                     {std::string(member.kind)});
  }
  if (value.get(text) == simdjson::SUCCESS) return text;
  return Invalid(fmt::format("{} takes a string", member.kind), {std::string(member.kind)});
}

/// A string or an integer, as JSON.
Result<std::string> ReadId(simdjson::dom::element value, std::string_view kind) {
  std::string_view text;
  int64_t number = 0;
  if (value.get(text) == simdjson::SUCCESS && text.size() <= kMostIdBytes) {
    std::string id;
    codec::WriteJsonString(text, &id);
    return id;
  }
  if (value.get(number) == simdjson::SUCCESS) return fmt::to_string(number);
  return Invalid(fmt::format("an id is an integer or a string of at most {} bytes", kMostIdBytes),
                 {std::string(kind), "id"});
}

Result<std::string> ReadUnsubscribe(const Member& member) {
  simdjson::dom::parser parser;
  simdjson::dom::element value;
  if (parser.parse(member.value.data(), member.value.size()).get(value) != simdjson::SUCCESS) {
    return MakeError(ErrorCode::kMalformedBody, "the message is not JSON", {"unsubscribe"});
  }
  return ReadId(value, "unsubscribe");
}

Status ReadRate(const JsonBody& body, Subscribe* subscribe) {
  ARROW_ASSIGN_OR_RAISE(const auto rate, body.Double("rate"));
  if (!rate) return Status::OK();
  if (!(*rate >= Subscribe::kLeastRate && *rate <= Subscribe::kMostRate)) {
    return Invalid(fmt::format("rate is {} to {} messages a second, not {}", Subscribe::kLeastRate,
                               Subscribe::kMostRate, *rate),
                   {"body", "rate"});
  }
  subscribe->rate = *rate;
  return Status::OK();
}

Status ReadPolicy(const JsonBody& body, Subscribe* subscribe) {
  ARROW_ASSIGN_OR_RAISE(const auto policy, body.String("policy"));
  if (!policy || *policy == "latest") return Status::OK();
  subscribe->policy = LivePolicy::kAll;
  if (*policy == "all") return Status::OK();
  return Invalid(
      fmt::format("policy must be \"latest\" or \"all\", not \"{}\"", policy->substr(0, 64)),
      {"body", "policy"});
}

Status ReadFeatures(const JsonBody& body, Subscribe* subscribe) {
  ARROW_ASSIGN_OR_RAISE(const auto features, body.Object("features"));
  if (!features) return Status::OK();
  JsonBody inner;
  ARROW_RETURN_NOT_OK(LocatedInMessage(
      "features",
      inner.Parse(*features, {"rolling_windows", "include_rolling_stats", "include_lags",
                              "lag_periods", "min_samples", "ddof", "fill", "columns"})));
  auto plan = ReadFeaturePlan(inner);
  ARROW_RETURN_NOT_OK(LocatedInMessage("features", plan.status()));
  subscribe->request.features = std::move(*plan);
  return Status::OK();
}

Status ReadSubscribeId(std::string_view json, Subscribe* subscribe) {
  simdjson::dom::parser parser;
  simdjson::dom::element value;
  const auto found = parser.parse(json.data(), json.size())["id"].get(value);
  if (found != simdjson::SUCCESS || value.is_null()) return Status::OK();
  return ReadId(value, "body").Value(&subscribe->id);
}

Status ReadSubscribe(std::string_view json, JsonBody* body, Subscribe* subscribe) {
  ARROW_RETURN_NOT_OK(body->Parse(
      json, {"table", "columns", "features", "filter", "tail", "rate", "policy", "id"}));
  ARROW_RETURN_NOT_OK(ReadSubscribeId(json, subscribe));
  delivery::LiveRequest& request = subscribe->request;
  ARROW_ASSIGN_OR_RAISE(request.table, body->RequiredString("table"));
  ARROW_ASSIGN_OR_RAISE(request.columns, body->Strings("columns"));
  ARROW_RETURN_NOT_OK(ReadFeatures(*body, subscribe));
  ARROW_ASSIGN_OR_RAISE(const auto filter, body->String("filter"));
  request.filter = filter.value_or("");
  ARROW_ASSIGN_OR_RAISE(subscribe->tail, body->Int("tail"));
  if (subscribe->tail && *subscribe->tail < 0) {
    return Invalid(fmt::format("tail is {}; it must be at least 0", *subscribe->tail),
                   {"body", "tail"});
  }
  ARROW_RETURN_NOT_OK(ReadRate(*body, subscribe));
  return ReadPolicy(*body, subscribe);
}

}  // namespace

std::string_view KindOf(std::string_view text) noexcept {
  const auto member = TakeMember(text);
  return member.ok() ? member->kind : std::string_view();
}

Status LocatedInMessage(std::string_view where, const Status& status) {
  if (status.ok()) return status;
  const auto location = LocationOf(status);
  std::vector<std::string> longer = {std::string(where)};
  const bool replaces = !location.empty() && location[0] == "body";
  longer.insert(longer.end(), location.begin() + (replaces ? 1 : 0), location.end());
  return MakeError(CodeOf(status), status.message(), std::move(longer));
}

Result<LiveMessage> ParseLiveMessage(std::string_view text, JsonBody* body) {
  ARROW_ASSIGN_OR_RAISE(const Member member, TakeMember(text));
  if (member.kind == "subscribe") {
    Subscribe subscribe;
    ARROW_RETURN_NOT_OK(
        LocatedInMessage("subscribe", ReadSubscribe(member.value, body, &subscribe)));
    return subscribe;
  }
  if (member.kind == "unsubscribe") {
    ARROW_ASSIGN_OR_RAISE(std::string id, ReadUnsubscribe(member));
    return Unsubscribe{.id = std::move(id)};
  }
  if (member.kind == "append") return AppendJson{.body = member.value};
  simdjson::dom::parser parser;
  ARROW_ASSIGN_OR_RAISE(const auto name, ScalarText(member, &parser));
  ARROW_RETURN_NOT_OK(LocatedInMessage("append_to", ValidateName(name, "buffer_id")));
  return AppendTo{.buffer_id = std::string(name)};
}

std::string SubscribedMessage(std::string_view id, uint32_t number, std::string_view table,
                              int64_t first_row, bool follows) {
  return fmt::format(
      R"({{"subscribed":{{"id":{},"number":{},"table":"{}","first_row":{},"follows":{}}}}})", id,
      number, table, first_row, follows);
}

std::string UnsubscribedMessage(std::string_view id) {
  return fmt::format(R"({{"unsubscribed":{{"id":{}}}}})", id);
}

std::string SkippedMessage(std::string_view id, int64_t rows, int64_t total) {
  return fmt::format(R"({{"skipped":{{"id":{},"rows":{},"total":{}}}}})", id, rows, total);
}

std::string ClearedMessage(std::string_view id) {
  return fmt::format(R"({{"cleared":{{"id":{}}}}})", id);
}

std::string ClosedMessage(std::string_view id, std::string_view reason, int64_t rows,
                          const Status& status) {
  std::string out =
      fmt::format(R"({{"closed":{{"id":{},"reason":"{}","rows":{})", id, reason, rows);
  if (!status.ok()) {
    std::string error;
    WriteErrorBody(status, &error);
    out += fmt::format(R"(,"because":{})", error);
  }
  return out += "}}";
}

std::string AppendToMessage(std::string_view buffer_id) {
  return fmt::format(R"({{"append_to":{{"buffer_id":"{}"}}}})", buffer_id);
}

std::string AppendedMessage(std::string_view buffer_id, const AppendResult& result) {
  return fmt::format(
      R"({{"appended":{{"buffer_id":"{}","appended":{},"buffer_size":{},"avg_append_ms":{}}}}})",
      buffer_id, result.appended, result.buffer_size, result.avg_append_ms);
}

std::string ErrorMessage(std::string_view kind, std::string_view id, const Status& status) {
  std::string out;
  WriteErrorBody(status, &out);
  out.pop_back();
  if (!kind.empty()) out += fmt::format(R"(,"refused":"{}")", kind);
  if (!id.empty()) out += fmt::format(R"(,"id":{})", id);
  return out += '}';
}

}  // namespace headrace::server
