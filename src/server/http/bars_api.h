#pragma once

#include "headrace/status.h"

namespace headrace {
class MemoryBudget;
}

namespace headrace::delivery {
class Bars;
}

namespace headrace::server {

struct Exchange;
class RouteTable;

/// Series of bars under /v1/bars: docs/bars.md has the whole of it. What is pointed at outlives it.
class BarsApi {
 public:
  BarsApi(delivery::Bars* bars, MemoryBudget* budget) : bars_(bars), budget_(budget) {}

  /// The handlers refer to this object.
  void AddRoutes(RouteTable* routes);

 private:
  Status List(Exchange& exchange);
  Status Append(Exchange& exchange);
  Status Read(Exchange& exchange);
  Status Drop(Exchange& exchange);

  delivery::Bars* const bars_;
  MemoryBudget* const budget_;
};

}  // namespace headrace::server
