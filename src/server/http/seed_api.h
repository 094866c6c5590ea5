#pragma once

#include <memory>
#include <string>

#include "codec/format.h"
#include "delivery/tables.h"
#include "headrace/status.h"

namespace headrace::server {

struct Exchange;
class RouteTable;

/// The calls under /data that services of FastAPI and Polars have, over any source that `table`
/// names and a small table where it names none. What is pointed at outlives it.
class SeedApi {
 public:
  explicit SeedApi(delivery::Tables* tables) : tables_(tables) {}

  /// The handlers refer to this object.
  void AddRoutes(RouteTable* routes);

 private:
  using MakeSource = Result<std::shared_ptr<Source>>(MemoryBudget* pool);

  Status Rows(codec::Format format, Exchange& exchange);
  Status Summary(Exchange& exchange);
  Result<catalog::Entry> Find(const std::string* name, MakeSource* otherwise) const;
  Status Answer(const catalog::Entry& entry, delivery::TableRequest request, codec::Format format,
                Exchange& exchange);

  delivery::Tables* const tables_;
};

}  // namespace headrace::server
