#include "delivery/bars.h"

#include <limits>
#include <utility>

#include <arrow/buffer.h>
#include <arrow/record_batch.h>
#include <fmt/format.h>

#include "catalog/bar_sources.h"
#include "catalog/catalog.h"
#include "codec/arrow_rows.h"
#include "headrace/error_code.h"
#include "headrace/memory_budget.h"
#include "headrace/names.h"

namespace headrace::delivery {
namespace {

constexpr int64_t kUsualBars = 1000;

Status NoBarsOf(std::string_view symbol) {
  return MakeError(ErrorCode::kUnknownName,
                   fmt::format("there are no bars of '{}'; append ticks first: POST /v1/bars/{}",
                               symbol, symbol),
                   {"symbol"});
}

Status CheckRead(const ReadBars& request) {
  const auto bad = [](const char* field, std::string message) {
    return MakeError(ErrorCode::kInvalidArgument, std::move(message), {field});
  };
  const bool range = request.from || request.to;
  if (request.last && range) return bad("last", "last goes without from and to");
  if (request.last && *request.last < 0) return bad("last", "last is at least 0");
  if (request.from && request.to && *request.from > *request.to) {
    return bad("to", "to is not before from");
  }
  return Status::OK();
}

BarStoreOptions StoreOptions(const BarsOptions& options) {
  BarStoreOptions made{.tick_timeframe = options.tick_timeframe,
                       .zone = options.zone,
                       .watermark_ns = options.watermark_ns,
                       .memory_cap_bytes = options.memory_cap_bytes,
                       .spill_directory = options.spill_directory};
  if (!options.session.always_open()) made.sessions.push_back(options.session);
  return made;
}

}  // namespace

Status Bars::Check(const BarsOptions& options) { return BarStore::Check(StoreOptions(options)); }

Bars::Bars(BarsOptions options, catalog::Catalog* catalog)
    : options_(std::move(options)), catalog_(catalog) {}

Result<std::shared_ptr<catalog::BarSources>> Bars::Open() {
  std::lock_guard lock(mutex_);
  if (auto bars = catalog_->bars()) return bars;
  ARROW_ASSIGN_OR_RAISE(auto store, BarStore::Make(StoreOptions(options_), catalog_->budget()));
  auto bars = std::make_shared<catalog::BarSources>(std::move(store), options_.session.name);
  catalog_->SetBars(bars);
  return bars;
}

Result<BarAppendResult> Bars::Append(const AppendBars& request, codec::Format format,
                                     std::string_view body) {
  ARROW_RETURN_NOT_OK(ValidateName(request.symbol, "symbol"));
  ARROW_ASSIGN_OR_RAISE(const auto reader, codec::OpenBody(std::make_shared<arrow::Buffer>(body),
                                                           format, catalog_->budget()));
  ARROW_ASSIGN_OR_RAISE(const auto bars, Open());
  const BarKey key = bars->KeyOf(request.symbol);
  if (!request.timeframe) return bars->store().AppendTicks(key, *reader, request.names);
  return bars->store().AppendBars(key, *request.timeframe, *reader, request.names.time);
}

Result<std::shared_ptr<arrow::RecordBatch>> Bars::Read(const ReadBars& request) {
  constexpr int64_t kFirst = std::numeric_limits<int64_t>::min();
  constexpr int64_t kNewest = std::numeric_limits<int64_t>::max();
  ARROW_RETURN_NOT_OK(CheckRead(request));
  const auto bars = catalog_->bars();
  if (bars == nullptr) return NoBarsOf(request.symbol);
  const BarKey key = bars->KeyOf(request.symbol);
  BarStore& store = bars->store();
  if (!store.Contains(key)) return NoBarsOf(request.symbol);
  const Timeframe timeframe = request.timeframe.value_or(options_.tick_timeframe);
  const int64_t at = request.at.value_or(kNewest);
  const BarReadOptions reading{.gaps = request.gaps, .forming = request.forming};
  BarSlice slice;
  if (request.from || request.to) {
    ARROW_ASSIGN_OR_RAISE(slice, store.Range(key, timeframe, request.from.value_or(kFirst),
                                             request.to.value_or(kNewest), at, reading));
  } else {
    ARROW_ASSIGN_OR_RAISE(
        slice, store.Last(key, timeframe, request.last.value_or(kUsualBars), at, reading));
  }
  return store.ToArrow(slice, key, request.label_end, request.forming);
}

BarStoreStats Bars::stats() const {
  const auto bars = catalog_->bars();
  return bars == nullptr ? BarStoreStats{} : bars->store().stats();
}

Status Bars::Drop(std::string_view symbol) {
  const auto bars = catalog_->bars();
  return bars == nullptr ? NoBarsOf(symbol) : bars->Drop(symbol);
}

}  // namespace headrace::delivery
