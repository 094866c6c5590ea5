#pragma once

#include "codec/format.h"
#include "headrace/status.h"

namespace headrace {
class MemoryBudget;
namespace delivery {
class Delivery;
struct ReadRows;
}  // namespace delivery
}  // namespace headrace

namespace headrace::server {

struct Exchange;
class RouteTable;

/// The calls of the Polars Buffer API under /v1/ml/polars, as LlamaFarm documents them, with more
/// formats. docs/http.md has the whole of it. What is pointed at outlives it.
class PolarsApi {
 public:
  PolarsApi(delivery::Delivery* delivery, MemoryBudget* budget)
      : delivery_(delivery), budget_(budget) {}

  /// The handlers refer to this object.
  void AddRoutes(RouteTable* routes);

 private:
  Status Create(Exchange& exchange);
  Status List(Exchange& exchange);
  Status Stats(Exchange& exchange);
  Status Drop(Exchange& exchange);
  Status Clear(Exchange& exchange);
  Status Append(Exchange& exchange);
  Status AppendJson(Exchange& exchange);
  Status AppendNdjson(Exchange& exchange);
  Status AppendColumns(codec::Format format, Exchange& exchange);
  Status Features(Exchange& exchange);
  Status Data(Exchange& exchange);
  Status Answer(const delivery::ReadRows& request, Exchange& exchange);

  delivery::Delivery* const delivery_;
  MemoryBudget* const budget_;
};

}  // namespace headrace::server
