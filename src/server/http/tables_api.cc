#include "server/http/tables_api.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <utility>

#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include "headrace/error_code.h"
#include "headrace/memory_budget.h"
#include "server/http/error_body.h"
#include "server/http/exchange.h"
#include "server/http/media_type.h"
#include "server/http/read_request.h"
#include "server/http/route_table.h"
#include "server/http/row_body.h"
#include "server/http/shared_answer.h"
#include "server/http/table_answer.h"
#include "server/http/table_json.h"

namespace headrace::server {
namespace {

using codec::Format;

// What an I/O thread looks up by itself; the rest goes to the pool.
constexpr int64_t kQuickValues = 100'000;
// Up to this an answer is made whole before it leaves; a longer one leaves as it is made.
constexpr int64_t kWholeValues = 200'000;

/// Values of the answer at most, if nothing has to be looked for.
int64_t MostValues(const catalog::Entry& entry, const delivery::TableRequest& request) {
  constexpr auto kMany = std::numeric_limits<int64_t>::max();
  int64_t rows = entry.source->statistics().num_rows.value_or(kMany);
  if (request.limit) rows = std::min(rows, *request.limit);
  const int64_t columns = std::max(1, entry.source->schema()->num_fields());
  return rows > kMany / columns ? kMany : rows * columns;
}

/// Rows of memory as they lie there.
bool IsQuick(const catalog::Entry& entry, const TableQuery& query) {
  const delivery::TableRequest& request = query.request;
  const bool in_memory =
      entry.kind == catalog::Kind::kBuffer || entry.kind == catalog::Kind::kTable;
  return in_memory && request.filter.empty() && !delivery::Groups(request) &&
         MostValues(entry, request) <= kQuickValues;
}

}  // namespace

void TablesApi::AddRoutes(RouteTable* routes) {
  const auto add = [&](Method method, std::string_view path, std::string_view help,
                       Status (TablesApi::*call)(Exchange&)) {
    return &routes->Add(method, fmt::format("/v1/tables{}", path), help,
                        [this, call](Exchange& exchange) { return (this->*call)(exchange); });
  };
  add(Method::kGet, "", "list every source with its schema", &TablesApi::List);
  Route* const rows =
      add(Method::kGet, "/{name}", "rows of any source, in any format", &TablesApi::Rows);
  for (const TableParameter& parameter : TableParameters()) {
    rows->parameters.push_back({parameter.name, parameter.type, parameter.help, parameter.example});
  }
  rows->answer_types.clear();
  for (const auto& info : codec::Formats()) rows->answer_types.push_back(info.media_type);
  Route* const put = add(Method::kPut, "/{name}", "register rows or files", &TablesApi::Put);
  put->body_types = {"application/json"};
  for (const std::string_view type : RowBodyTypes()) put->body_types.push_back(type);
  add(Method::kDelete, "/{name}", "drop a source", &TablesApi::Drop);
  add(Method::kGet, "/{name}/schema", "a source's schema and size", &TablesApi::Describe);
}

Status TablesApi::List(Exchange& exchange) {
  const auto all = tables_->List();
  std::string& body = exchange.response.body;
  body = R"({"object":"list","data":[)";
  for (size_t i = 0; i < all.size(); ++i) {
    if (i > 0) body += ',';
    WriteTableInfo(all[i], &body);
  }
  fmt::format_to(std::back_inserter(body), R"(],"total":{}}})", all.size());
  return Status::OK();
}

Status TablesApi::Describe(Exchange& exchange) {
  const auto info = tables_->Describe(exchange.request.path_params.at(0));
  if (!info.ok()) return LocatedIn("path", info.status());
  WriteTableInfo(*info, &exchange.response.body);
  return Status::OK();
}

Status TablesApi::Put(Exchange& exchange) {
  if (exchange.LeaveToPool()) return Status::OK();
  const Request& request = exchange.request;
  const std::string& name = request.path_params.at(0);
  const auto put = [&]() -> Result<delivery::Tables::PutResult> {
    if (IsJsonContent(MediaType(request.content_type)) && !request.content_type.empty()) {
      JsonBody& body = exchange.scratch.body;
      ARROW_RETURN_NOT_OK(body.Parse(request.body, {"path"}));
      ARROW_ASSIGN_OR_RAISE(const std::string_view path, body.RequiredString("path"));
      return tables_->PutFiles(name, std::string(path));
    }
    const auto format = FormatOfRowBody(request);
    if (!format.ok()) {
      return MakeError(CodeOf(format.status()),
                       format.status().message() +
                           R"(, and files are named by application/json with {"path": …})");
    }
    return tables_->PutRows(name, *format, request.body);
  }();
  if (!put.ok()) {
    const auto location = LocationOf(put.status());
    const bool of_name = !location.empty() && location[0] == "name";
    return LocatedIn(of_name ? "path" : "body", put.status());
  }
  exchange.response.status = put->replaced ? 200 : 201;
  WriteTableInfo(put->info, &exchange.response.body);
  return Status::OK();
}

Status TablesApi::Drop(Exchange& exchange) {
  const std::string& name = exchange.request.path_params.at(0);
  ARROW_RETURN_NOT_OK(LocatedIn("path", tables_->Drop(name)));
  fmt::format_to(std::back_inserter(exchange.response.body), R"({{"deleted":true,"name":"{}"}})",
                 name);
  return Status::OK();
}

Status TablesApi::Rows(Exchange& exchange) {
  ARROW_ASSIGN_OR_RAISE(auto query, ReadTableQuery(exchange.request.query));
  auto entry = tables_->Find(exchange.request.path_params.at(0));
  if (!entry.ok()) return LocatedIn("path", entry.status());
  if (!IsQuick(*entry, query) && exchange.LeaveToPool()) return Status::OK();
  return LocatedIn("query", OpenRows(*entry, std::move(query), exchange));
}

Status TablesApi::OpenRows(const catalog::Entry& entry, TableQuery query, Exchange& exchange) {
  Response& response = exchange.response;
  ARROW_ASSIGN_OR_RAISE(const AnswerForm form,
                        NegotiateForm(exchange.request, query.format, Format::kJsonRows));
  response.fields += "Vary: Accept, Accept-Encoding\r\n";
  response.etag = EntityTag(entry, exchange.request.query, form);
  if (HasEntity(exchange.request, response.etag)) {
    response.status = 304;
    response.content_type = {};
    return Status::OK();
  }
  const bool quick = IsQuick(entry, query);
  const bool whole = MostValues(entry, query.request) <= kWholeValues;
  if (exchange.abandoned == nullptr) {
    exchange.abandoned = std::make_shared<std::atomic<bool>>(false);
  }
  query.request.stop = exchange.abandoned;
  const bool shares =
      delivery::GivesRowsAsTheyAre(query.request) && !query.format && MayShareRows(entry, exchange);
  ARROW_ASSIGN_OR_RAISE(delivery::TablePage page,
                        tables_->Open(entry, std::move(query.request), query.cursor));
  auto fields = std::back_inserter(response.fields);
  if (page.next_cursor) fmt::format_to(fields, "X-Next-Cursor: {}\r\n", *page.next_cursor);
  if (page.rows_missed > 0) fmt::format_to(fields, "X-Rows-Missed: {}\r\n", page.rows_missed);
  if (shares) {
    ARROW_ASSIGN_OR_RAISE(const bool shared,
                          AnswerWithSharedRows(entry, &page.reader, tables_->budget(), exchange));
    if (shared) return Status::OK();
  }
  ARROW_RETURN_NOT_OK(
      AnswerWithRows(std::move(page.reader), form, entry.name, quick, tables_->budget(), exchange));
  response.sends_early = !whole;
  return Status::OK();
}

}  // namespace headrace::server
