#include "server/http/seed_api.h"

#include <atomic>
#include <utility>

#include <arrow/record_batch.h>

#include "headrace/memory_budget.h"
#include "server/http/error_body.h"
#include "server/http/exchange.h"
#include "server/http/route_table.h"
#include "server/http/seed_tables.h"
#include "server/http/table_answer.h"
#include "server/http/url.h"

namespace headrace::server {
namespace {

using codec::Format;

constexpr const char* kUnnamed = "data";
constexpr RouteParameter kTableParameter = {
    .name = "table", .help = "any source by its name; a small table if left out"};

/// category = '…', in the language of filters.
std::string EqualTo(const std::string& category) {
  std::string filter = "category = '";
  for (const char c : category) {
    filter += c;
    if (c == '\'') filter += c;
  }
  return filter + '\'';
}

}  // namespace

void SeedApi::AddRoutes(RouteTable* routes) {
  const auto add = [&](std::string_view path, std::string_view help, Format format) {
    Route& route = routes->Add(Method::kGet, path, help, [this, format](Exchange& exchange) {
      return Rows(format, exchange);
    });
    route.parameters = {kTableParameter};
    route.answer_types = {codec::Describe(format).media_type};
  };
  add("/data/arrow_ipc", "a table as an Arrow stream", Format::kArrowStream);
  add("/data/arrow_ipc_polars_direct", "a table as an Arrow file", Format::kArrowFile);
  add("/data/parquet", "a table as Parquet", Format::kParquet);
  Route& summary =
      routes->Add(Method::kGet, "/data/aggregated_summary",
                  "average_value, total_value and record_count of each category, as an Arrow file",
                  [this](Exchange& exchange) { return Summary(exchange); });
  summary.parameters = {
      kTableParameter,
      {.name = "filter_category", .help = "only this category; all if left out", .example = "A"}};
  summary.answer_types = {codec::Describe(Format::kArrowFile).media_type};
}

Result<catalog::Entry> SeedApi::Find(const std::string* name, MakeSource* otherwise) const {
  if (name != nullptr) {
    auto entry = tables_->Find(*name);
    if (!entry.ok()) return LocatedIn("query", entry.status());
    return entry;
  }
  ARROW_ASSIGN_OR_RAISE(auto source, otherwise(tables_->budget()));
  return catalog::Entry{.kind = catalog::Kind::kTable,
                        .name = kUnnamed,
                        .source = std::move(source),
                        .sink = nullptr};
}

Status SeedApi::Rows(Format format, Exchange& exchange) {
  ARROW_ASSIGN_OR_RAISE(const Query query, Query::Parse(exchange.request.query, {"table"}));
  if (exchange.LeaveToPool()) return Status::OK();
  ARROW_ASSIGN_OR_RAISE(const auto entry, Find(query.Find("table"), MakeSmallTable));
  return Answer(entry, {}, format, exchange);
}

Status SeedApi::Summary(Exchange& exchange) {
  ARROW_ASSIGN_OR_RAISE(const Query query,
                        Query::Parse(exchange.request.query, {"table", "filter_category"}));
  if (exchange.LeaveToPool()) return Status::OK();
  ARROW_ASSIGN_OR_RAISE(const auto entry, Find(query.Find("table"), MakeCategoryTable));
  delivery::TableRequest request{.group_by = {"category"},
                                 .aggregates =
                                     "mean(value) as average_value, "
                                     "sum(value) as total_value, "
                                     "count(*) as record_count"};
  const std::string* const category = query.Find("filter_category");
  if (category != nullptr && !category->empty()) request.filter = EqualTo(*category);
  return Answer(entry, std::move(request), Format::kArrowFile, exchange);
}

Status SeedApi::Answer(const catalog::Entry& entry, delivery::TableRequest request, Format format,
                       Exchange& exchange) {
  ARROW_ASSIGN_OR_RAISE(const AnswerForm form, NegotiateForm(exchange.request, format, format));
  exchange.response.fields += "Vary: Accept, Accept-Encoding\r\n";
  request.stop = exchange.abandoned;
  auto page = tables_->Open(entry, std::move(request), {});
  if (!page.ok()) return LocatedIn("query", page.status());
  return AnswerWithRows(std::move(page->reader), form, entry.name, false, tables_->budget(),
                        exchange);
}

}  // namespace headrace::server
