#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "codec/encoder.h"
#include "delivery/observer.h"
#include "delivery/requests.h"
#include "headrace/live_window.h"
#include "headrace/status.h"

namespace headrace::catalog {
class Catalog;
}

namespace headrace::delivery {

/// The one place that runs a request: finds what it names, runs it, shapes and encodes the answer,
/// and tells the observer. Knows no transport. Stateless but for what it is given, all of which
/// outlives it. Thread rule: all methods may be called from any thread.
///
/// All methods give kUnknownName for a buffer that does not exist, and change nothing when they
/// fail.
class Delivery {
 public:
  explicit Delivery(catalog::Catalog* catalog, Observer* observer = nullptr);

  Status Create(CreateBuffer request);
  Status Drop(std::string_view buffer_id);
  Status Clear(std::string_view buffer_id);
  Result<LiveWindowStats> Stats(std::string_view buffer_id) const;
  std::vector<LiveWindowStats> List() const;

  Result<AppendResult> Append(std::string_view buffer_id, const RowBatch& rows);
  Result<AppendResult> Append(std::string_view buffer_id, arrow::RecordBatchReader& rows);

  /// A snapshot of the rows asked for.
  Result<std::shared_ptr<arrow::RecordBatch>> Read(const ReadRows& request);

  /// The same in `format`, drawn from the budget as it is pulled.
  Result<std::unique_ptr<codec::Encoder>> Encode(const ReadRows& request, codec::Format format);

  /// How many values Read() may have to compute or copy at most: what decides where it runs.
  Result<int64_t> EstimateValues(const ReadRows& request) const;

 private:
  catalog::Catalog* const catalog_;
  Observer* const observer_;
};

}  // namespace headrace::delivery
