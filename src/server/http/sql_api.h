#pragma once

#include <atomic>
#include <cstdint>

#include "delivery/sql_service.h"
#include "headrace/status.h"

namespace headrace {
class MemoryBudget;
}

namespace headrace::server {

struct Exchange;
class RouteTable;

/// SQL over HTTP: rows in any format as they are computed. Each request has a session of its own.
/// What is pointed at outlives it.
class SqlApi {
 public:
  SqlApi(delivery::SqlService* sql, MemoryBudget* budget) : sql_(sql), budget_(budget) {}

  /// The handlers refer to this object.
  void AddRoutes(RouteTable* routes);

 private:
  Status Run(Exchange& exchange);
  Status RunToArrow(Exchange& exchange);
  Result<sql::Outcome> Start(Exchange& exchange);

  delivery::SqlService* const sql_;
  MemoryBudget* const budget_;
  std::atomic<uint64_t> last_query_ = 0;
};

}  // namespace headrace::server
