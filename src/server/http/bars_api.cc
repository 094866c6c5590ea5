#include "server/http/bars_api.h"

#include <charconv>
#include <iterator>
#include <utility>

#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include "codec/json_rows.h"
#include "delivery/bars.h"
#include "headrace/error_code.h"
#include "headrace/memory_budget.h"
#include "server/http/error_body.h"
#include "server/http/exchange.h"
#include "server/http/route_table.h"
#include "server/http/row_body.h"
#include "server/http/table_answer.h"
#include "server/http/url.h"

namespace headrace::server {
namespace {

using codec::Format;

constexpr RouteParameter kAppendParameters[] = {
    {"timeframe", "string", "the body has bars of it; without: ticks", "1m"},
    {"time", "string", "column of the times, default ts", "ts"},
    {"price", "string", "of ticks, default price", "last"},
    {"volume", "string", "of ticks, default volume", "size"}};
constexpr RouteParameter kReadParameters[] = {
    {"timeframe", "string", "how long a bar is, default what ticks become", "5m"},
    {"last", "integer", "so many bars, the last ones; default 1000 without from and to", "100"},
    {"from", "string", "bars that begin from here on: a time or UTC nanoseconds", "2024-01-02"},
    {"to", "string", "bars that begin before", "2024-02-01T09:30:00Z"},
    {"at", "string", "as it was seen then: no bar that ended later", "2024-01-02T16:00:00Z"},
    {"gaps", "string", "bars without a tick: absent (default), null or previous", "previous"},
    {"forming", "boolean", "the bar that has not ended too, marked", "true"},
    {"label", "string", "ts is a bar's start (left, default) or its end (right)", "left"},
    {"format", "string", "the format by its name, before what Accept says", "arrows"}};

Result<Query> ParseQuery(const Request& request, std::span<const RouteParameter> parameters) {
  std::vector<std::string_view> known;
  for (const RouteParameter& parameter : parameters) known.push_back(parameter.name);
  return Query::Parse(request.query, known);
}

Status Wrong(std::string_view name, std::string message) {
  return MakeError(ErrorCode::kInvalidArgument, fmt::format("{}: {}", name, message),
                   {"query", std::string(name)});
}

Result<std::optional<Timeframe>> ReadTimeframe(const Query& query) {
  const std::string* const text = query.Find("timeframe");
  if (text == nullptr) return std::nullopt;
  const auto timeframe = ParseTimeframe(*text);
  if (!timeframe.ok()) return Wrong("timeframe", timeframe.status().message());
  return *timeframe;
}

/// UTC nanoseconds, or a date or time as ISO 8601 has it; without a zone it is UTC.
Result<std::optional<int64_t>> ReadTime(const Query& query, std::string_view name) {
  const std::string* const text = query.Find(name);
  if (text == nullptr) return std::nullopt;
  int64_t ns = 0;
  const char* const end = text->data() + text->size();
  const auto [rest, error] = std::from_chars(text->data(), end, ns);
  if (error == std::errc{} && rest == end) return ns;
  for (const char* const zone : {"", "UTC"}) {
    const auto type = arrow::timestamp(arrow::TimeUnit::NANO, zone);
    const auto parsed = arrow::Scalar::Parse(type, *text);
    if (parsed.ok()) return static_cast<const arrow::TimestampScalar&>(**parsed).value;
  }
  return Wrong(name, fmt::format("'{}' is no time: 2024-01-02T09:30:00Z, 2024-01-02 or UTC "
                                 "nanoseconds, from 1677 to 2262",
                                 *text));
}

Result<GapFill> ReadGapFill(const Query& query) {
  const std::string* const text = query.Find("gaps");
  if (text == nullptr || *text == "absent") return GapFill::kAbsent;
  if (*text == "null") return GapFill::kNull;
  if (*text == "previous") return GapFill::kPrevious;
  return Wrong("gaps", fmt::format("'{}' is not absent, null or previous", *text));
}

Result<delivery::ReadBars> ReadRequestOf(const std::string& symbol, const Query& query) {
  delivery::ReadBars request{.symbol = symbol};
  ARROW_ASSIGN_OR_RAISE(request.timeframe, ReadTimeframe(query));
  ARROW_ASSIGN_OR_RAISE(request.last, query.Int("last"));
  ARROW_ASSIGN_OR_RAISE(request.from, ReadTime(query, "from"));
  ARROW_ASSIGN_OR_RAISE(request.to, ReadTime(query, "to"));
  ARROW_ASSIGN_OR_RAISE(request.at, ReadTime(query, "at"));
  ARROW_ASSIGN_OR_RAISE(request.gaps, ReadGapFill(query));
  ARROW_ASSIGN_OR_RAISE(const auto forming, query.Bool("forming"));
  request.forming = forming.value_or(false);
  if (const std::string* const label = query.Find("label")) {
    if (*label != "left" && *label != "right") {
      return Wrong("label", fmt::format("'{}' is neither left nor right", *label));
    }
    request.label_end = *label == "right";
  }
  return request;
}

/// A fault of the symbol lies in the path, one of the body's columns in the body.
Status Located(const Status& status, std::string_view otherwise) {
  const auto location = LocationOf(status);
  const bool of_symbol = !location.empty() && location[0] == "symbol";
  return LocatedIn(of_symbol ? "path" : otherwise, status);
}

}  // namespace

void BarsApi::AddRoutes(RouteTable* routes) {
  const auto add = [&](Method method, std::string_view path, std::string_view help,
                       Status (BarsApi::*call)(Exchange&)) {
    return &routes->Add(method, fmt::format("/v1/bars{}", path), help,
                        [this, call](Exchange& exchange) { return (this->*call)(exchange); });
  };
  add(Method::kGet, "", "list every series with its timeframes", &BarsApi::List);
  Route* const append = add(Method::kPost, "/{symbol}", "append ticks or bars", &BarsApi::Append);
  append->parameters.assign(std::begin(kAppendParameters), std::end(kAppendParameters));
  append->body_types.assign(RowBodyTypes().begin(), RowBodyTypes().end());
  Route* const read =
      add(Method::kGet, "/{symbol}", "bars of any timeframe, in any format", &BarsApi::Read);
  read->parameters.assign(std::begin(kReadParameters), std::end(kReadParameters));
  read->answer_types.clear();
  for (const auto& info : codec::Formats()) read->answer_types.push_back(info.media_type);
  add(Method::kDelete, "/{symbol}", "forget a series", &BarsApi::Drop);
}

Status BarsApi::List(Exchange& exchange) {
  const BarStoreStats stats = bars_->stats();
  std::string& body = exchange.response.body;
  auto out = std::back_inserter(body);
  body = R"({"object":"list","data":[)";
  for (const BarFrameStats& frame : stats.frames) {
    if (&frame != &stats.frames.front()) body += ',';
    body += R"({"symbol":)";
    codec::WriteJsonString(frame.key.symbol, &body);
    fmt::format_to(out,
                   R"(,"timeframe":"{}","made_of":"{}","bars":{},"spilled_bars":{},"bytes":{})"
                   R"(,"first_ns":{},"end_ns":{},"hits":{},"misses":{},"evictions":{}}})",
                   frame.timeframe.ToString(), frame.base.ToString(), frame.rows,
                   frame.spilled_rows, frame.bytes, frame.first_start, frame.last_end, frame.hits,
                   frame.misses, frame.evictions);
  }
  fmt::format_to(out, R"(],"total":{},"bytes":{},"zone":"{}"}})", stats.frames.size(), stats.bytes,
                 bars_->options().zone);
  return Status::OK();
}

Status BarsApi::Append(Exchange& exchange) {
  if (exchange.LeaveToPool()) return Status::OK();
  const Request& request = exchange.request;
  ARROW_ASSIGN_OR_RAISE(const Query query, ParseQuery(request, kAppendParameters));
  delivery::AppendBars append{.symbol = request.path_params.at(0)};
  ARROW_ASSIGN_OR_RAISE(append.timeframe, ReadTimeframe(query));
  for (const auto& [name, column] : {std::pair{"time", &append.names.time},
                                     {"price", &append.names.price},
                                     {"volume", &append.names.volume}}) {
    if (const std::string* const given = query.Find(name)) *column = *given;
  }
  auto format = FormatOfRowBody(request);
  if (!format.ok()) return LocatedIn("body", format.status());
  const auto counts = bars_->Append(append, *format, request.body);
  if (!counts.ok()) return Located(counts.status(), "body");
  fmt::format_to(std::back_inserter(exchange.response.body),
                 R"({{"appended":{},"late":{},"duplicates":{},"invalid":{},"out_of_session":{})"
                 R"(,"out_of_range":{}}})",
                 counts->appended, counts->late, counts->duplicates, counts->invalid,
                 counts->out_of_session, counts->out_of_range);
  return Status::OK();
}

Status BarsApi::Read(Exchange& exchange) {
  // A timeframe may have to be built, and what was trimmed comes from files.
  if (exchange.LeaveToPool()) return Status::OK();
  const std::string& symbol = exchange.request.path_params.at(0);
  ARROW_ASSIGN_OR_RAISE(const Query query, ParseQuery(exchange.request, kReadParameters));
  ARROW_ASSIGN_OR_RAISE(const delivery::ReadBars request, ReadRequestOf(symbol, query));
  std::optional<Format> format;
  if (const std::string* const name = query.Find("format")) {
    const auto parsed = codec::ParseFormat(*name);
    if (!parsed.ok()) return Wrong("format", parsed.status().message());
    format = *parsed;
  }
  ARROW_ASSIGN_OR_RAISE(const AnswerForm form,
                        NegotiateForm(exchange.request, format, Format::kJsonRows));
  auto bars = bars_->Read(request);
  if (!bars.ok()) return Located(bars.status(), "query");
  exchange.response.fields += "Vary: Accept, Accept-Encoding\r\n";
  const auto schema = (*bars)->schema();
  ARROW_ASSIGN_OR_RAISE(auto reader, arrow::RecordBatchReader::Make({*std::move(bars)}, schema));
  return AnswerWithRows(std::move(reader), form, "bars", true, budget_, exchange);
}

Status BarsApi::Drop(Exchange& exchange) {
  const std::string& symbol = exchange.request.path_params.at(0);
  const Status dropped = bars_->Drop(symbol);
  if (!dropped.ok()) return Located(dropped, "path");
  exchange.response.body = R"({"deleted":true,"symbol":)";
  codec::WriteJsonString(symbol, &exchange.response.body);
  exchange.response.body += '}';
  return Status::OK();
}

}  // namespace headrace::server
