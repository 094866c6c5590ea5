#include "server/http/sql_api.h"

#include <iterator>
#include <utility>

#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include "codec/format.h"
#include "headrace/error_code.h"
#include "headrace/memory_budget.h"
#include "server/http/error_body.h"
#include "server/http/exchange.h"
#include "server/http/route_table.h"
#include "server/http/table_answer.h"

namespace headrace::server {
namespace {

using codec::Format;

constexpr int64_t kLongestMs = 24 * 3600 * 1000;

/// What a statement without rows has done.
void WriteOutcome(const sql::Outcome& outcome, std::string* out) {
  *out = fmt::format(R"({{"statement":"{}","rows_changed":)", outcome.tag);
  *out += outcome.rows_changed ? std::to_string(*outcome.rows_changed) : "null";
  *out += '}';
}

}  // namespace

void SqlApi::AddRoutes(RouteTable* routes) {
  Route& run = routes->Add(Method::kPost, "/v1/sql", "run SQL over every source, in any format",
                           [this](Exchange& exchange) { return Run(exchange); });
  run.answer_types.clear();
  for (const auto& info : codec::Formats()) run.answer_types.push_back(info.media_type);
  Route& arrow = routes->Add(Method::kPost, "/v1/query/arrow", "run SQL and get an Arrow stream",
                             [this](Exchange& exchange) { return RunToArrow(exchange); });
  arrow.answer_types = {codec::Describe(Format::kArrowStream).media_type};
}

Result<sql::Outcome> SqlApi::Start(Exchange& exchange) {
  JsonBody& body = exchange.scratch.body;
  ARROW_RETURN_NOT_OK(body.Parse(exchange.request.body, {"sql", "parameters", "timeout_ms"}));
  sql::Statement statement;
  ARROW_ASSIGN_OR_RAISE(const std::string_view text, body.RequiredString("sql"));
  statement.sql = text;
  ARROW_ASSIGN_OR_RAISE(auto parameters, body.Scalars("parameters"));
  if (parameters) statement.parameters = *std::move(parameters);
  ARROW_ASSIGN_OR_RAISE(const auto timeout_ms, body.Int("timeout_ms"));
  if (timeout_ms && (*timeout_ms < 1 || *timeout_ms > kLongestMs)) {
    return MakeError(ErrorCode::kInvalidArgument,
                     fmt::format("timeout_ms must be 1 to {}, not {}", kLongestMs, *timeout_ms),
                     {"body", "timeout_ms"});
  }
  if (timeout_ms) statement.timeout = std::chrono::milliseconds(*timeout_ms);
  statement.stop = exchange.abandoned;
  ARROW_ASSIGN_OR_RAISE(const auto session, sql_->Connect());
  auto outcome = session->Run(std::move(statement));
  if (!outcome.ok()) return LocatedIn("body", outcome.status());
  return outcome;
}

Status SqlApi::Run(Exchange& exchange) {
  if (exchange.LeaveToPool()) return Status::OK();
  ARROW_ASSIGN_OR_RAISE(const AnswerForm form,
                        NegotiateForm(exchange.request, std::nullopt, Format::kJsonRows));
  ARROW_ASSIGN_OR_RAISE(auto outcome, Start(exchange));
  if (outcome.reader->schema()->num_fields() == 0) {
    WriteOutcome(outcome, &exchange.response.body);
    return Status::OK();
  }
  exchange.response.fields += "Vary: Accept, Accept-Encoding\r\n";
  ARROW_RETURN_NOT_OK(
      AnswerWithRows(std::move(outcome.reader), form, "result", false, budget_, exchange));
  exchange.response.sends_early = true;
  return Status::OK();
}

Status SqlApi::RunToArrow(Exchange& exchange) {
  if (exchange.LeaveToPool()) return Status::OK();
  ARROW_ASSIGN_OR_RAISE(auto outcome, Start(exchange));
  const uint64_t number = ++last_query_;
  fmt::format_to(std::back_inserter(exchange.response.fields),
                 "X-Column-Count: {}\r\nX-Query-Id: q{}\r\n",
                 outcome.reader->schema()->num_fields(), number);
  ARROW_ASSIGN_OR_RAISE(
      AnswerForm form, NegotiateForm(exchange.request, Format::kArrowStream, Format::kArrowStream));
  ARROW_RETURN_NOT_OK(
      AnswerWithRows(std::move(outcome.reader), form, "result", false, budget_, exchange));
  exchange.response.sends_early = true;
  return Status::OK();
}

}  // namespace headrace::server
