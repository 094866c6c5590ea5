#pragma once

#include "delivery/tables.h"
#include "headrace/status.h"
#include "server/http/table_query.h"

namespace headrace::server {

struct Exchange;
class RouteTable;

/// Every source of the catalog under /v1/tables: lists, registers, drops them and gives their rows.
/// docs/tables.md has the whole of it. What is pointed at outlives it.
class TablesApi {
 public:
  explicit TablesApi(delivery::Tables* tables) : tables_(tables) {}

  /// The handlers refer to this object.
  void AddRoutes(RouteTable* routes);

 private:
  Status List(Exchange& exchange);
  Status Describe(Exchange& exchange);
  Status Put(Exchange& exchange);
  Status Drop(Exchange& exchange);
  Status Rows(Exchange& exchange);
  Status OpenRows(const catalog::Entry& entry, TableQuery query, Exchange& exchange);

  delivery::Tables* const tables_;
};

}  // namespace headrace::server
