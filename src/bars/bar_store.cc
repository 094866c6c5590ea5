#include "headrace/bar_store.h"

#include <algorithm>
#include <atomic>
#include <limits>
#include <mutex>
#include <shared_mutex>
#include <unordered_map>
#include <utility>

#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/array/builder_time.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include "bars/bar_arrow.h"
#include "bars/bar_series.h"
#include "bars/intake.h"
#include "headrace/error_code.h"
#include "headrace/memory_budget.h"
#include "headrace/names.h"

namespace headrace {

using bars::BarSeries;
using SeriesPointer = std::shared_ptr<BarSeries>;

class BarStore::Impl {
 public:
  Impl(BarStoreOptions given, MemoryBudget* budget, std::shared_ptr<bars::SpillFolder> folder)
      : options(std::move(given)),
        place{.pool = budget,
              .held = std::make_shared<bars::HeldBytes>(),
              .folder = std::move(folder),
              .history_bars = options.history_bars,
              .future_bars = options.future_bars,
              .trim_bars = options.trim_bars} {}

  BarKey Full(const BarKey& key) const {
    BarKey full = key;
    if (full.zone.empty()) full.zone = options.zone;
    return full;
  }

  /// The series of a key, in the order of their bases, coarsest first.
  std::vector<SeriesPointer> Of(const BarKey& key) const {
    std::shared_lock lock(mutex);
    const auto found = series.find(TextOf(key));
    return found == series.end() ? std::vector<SeriesPointer>() : found->second;
  }

  Result<SeriesPointer> ForReading(const BarKey& key, const Timeframe& timeframe) const {
    SeriesPointer first;
    {
      std::shared_lock lock(mutex);
      const auto found = series.find(TextOf(key));
      if (found != series.end()) {
        for (const SeriesPointer& one : found->second) {
          if (Nests(one->base(), timeframe)) return one;
        }
        first = found->second.front();
      }
    }
    if (first != nullptr) return first;  // says what does not fit
    std::vector<std::string> known;
    for (const auto& [text, some] : series) known.push_back(text.substr(0, text.find('\0')));
    return MakeError(
        ErrorCode::kUnknownName,
        fmt::format("there are no bars of '{}'{}", key.symbol, NameHint(key.symbol, known)),
        {"symbol"});
  }

  Result<SeriesPointer> ForWriting(const BarKey& key, const Timeframe& base) {
    for (const SeriesPointer& one : Of(key)) {
      if (one->base() == base) return one;
    }
    if (key.symbol.empty() || key.symbol.size() > 128 || key.quote.size() > 128) {
      return MakeError(ErrorCode::kInvalidArgument, "a symbol has 1 to 128 characters", {"symbol"});
    }
    bars::SeriesOptions made{
        .key = Full(key), .base = base, .watermark_ns = options.watermark_ns, .place = place};
    if (!key.session.empty()) {
      const auto found = std::find_if(options.sessions.begin(), options.sessions.end(),
                                      [&](const auto& s) { return s.name == key.session; });
      if (found == options.sessions.end()) {
        return MakeError(ErrorCode::kUnknownName,
                         fmt::format("the store has no session '{}'", key.session), {"session"});
      }
      made.calendar = *found;
    }
    ARROW_ASSIGN_OR_RAISE(SeriesPointer added, BarSeries::Make(std::move(made)));
    std::unique_lock lock(mutex);
    auto& some = series[TextOf(key)];
    for (const SeriesPointer& one : some) {
      if (one->base() == base) return one;
    }
    some.push_back(added);
    std::sort(some.begin(), some.end(),
              [](const auto& a, const auto& b) { return b->base() < a->base(); });
    return added;
  }

  /// Over the cap, what was used longest ago leaves: aggregates first, then the base.
  void KeepCap() {
    if (place.held->bytes <= options.memory_cap_bytes) return;
    std::lock_guard evicting(evicting_mutex);
    std::vector<std::pair<SeriesPointer, BarSeries::Evictable>> all;
    {
      std::shared_lock lock(mutex);
      for (const auto& [text, some] : series) {
        for (const SeriesPointer& one : some) {
          for (const auto& frame : one->Frames()) all.emplace_back(one, frame);
        }
      }
    }
    std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) {
      return std::pair(a.second.base, a.second.last_used) <
             std::pair(b.second.base, b.second.last_used);
    });
    for (const auto& [one, frame] : all) {
      if (place.held->bytes <= options.memory_cap_bytes) return;
      // What cannot be written stays, and is counted.
      if (frame.bytes > 0) (void)one->Evict(frame.timeframe);
    }
  }

  int64_t NextStamp() noexcept { return ++stamp; }

  const BarStoreOptions options;
  const bars::LogPlace place;

  std::string TextOf(const BarKey& key) const {
    std::string text = key.symbol;
    for (const std::string* part :
         {&key.quote, key.zone.empty() ? &options.zone : &key.zone, &key.session}) {
      text += '\0';
      text += *part;
    }
    return text;
  }

  mutable std::shared_mutex mutex;
  std::unordered_map<std::string, std::vector<SeriesPointer>> series;
  std::mutex evicting_mutex;
  std::atomic<int64_t> stamp{0};
};

Status BarStore::Check(const BarStoreOptions& options) {
  const auto bad = [](std::string_view what) {
    return MakeError(ErrorCode::kInvalidArgument, std::string(what));
  };
  if (options.watermark_ns < 0) return bad("watermark_ns is at least 0");
  if (options.history_bars < 1 || options.history_bars > 1'000'000'000) {
    return bad("history_bars is 1 to 1,000,000,000");
  }
  if (options.future_bars < 0 || options.future_bars > 1'000'000'000) {
    return bad("future_bars is 0 to 1,000,000,000");
  }
  if (options.trim_bars < 1) return bad("trim_bars is at least 1");
  if (options.memory_cap_bytes < 1) return bad("memory_cap_bytes is at least 1");
  ARROW_RETURN_NOT_OK(bars::Zone::Find(options.zone).status());
  for (const SessionCalendar& session : options.sessions) {
    if (session.always_open()) return bad("a session calendar has a name");
    ARROW_RETURN_NOT_OK(bars::BarClock::Make(Timeframe::Days(1), options.zone, session).status());
  }
  return Status::OK();
}

Result<std::shared_ptr<BarStore>> BarStore::Make(BarStoreOptions options, MemoryBudget* budget) {
  ARROW_RETURN_NOT_OK(Check(options));
  ARROW_ASSIGN_OR_RAISE(auto folder, bars::SpillFolder::Make(options.spill_directory));
  auto impl = std::make_unique<Impl>(std::move(options), budget, std::move(folder));
  return std::shared_ptr<BarStore>(new BarStore(std::move(impl)));
}

BarStore::BarStore(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
BarStore::~BarStore() = default;

const BarStoreOptions& BarStore::options() const noexcept { return impl_->options; }

Status BarStore::Drop(const BarKey& key) {
  decltype(impl_->series)::node_type dropped;  // destroyed after the lock is released
  std::unique_lock lock(impl_->mutex);
  dropped = impl_->series.extract(impl_->TextOf(key));
  if (!dropped.empty()) return Status::OK();
  return MakeError(ErrorCode::kUnknownName, fmt::format("there are no bars of '{}'", key.symbol),
                   {"symbol"});
}

bool BarStore::Contains(const BarKey& key) const { return !impl_->Of(key).empty(); }

Result<BarAppendResult> BarStore::AppendTicks(const BarKey& key, arrow::RecordBatchReader& ticks,
                                              const TickColumnNames& names) {
  // What cannot be appended makes no series.
  ARROW_RETURN_NOT_OK(
      bars::IntakeColumns::OfTicks(*ticks.schema(), names, impl_->place.pool).status());
  ARROW_ASSIGN_OR_RAISE(const auto series, impl_->ForWriting(key, impl_->options.tick_timeframe));
  ARROW_ASSIGN_OR_RAISE(const auto result, series->AppendTicks(ticks, names));
  impl_->KeepCap();
  return result;
}

Result<BarAppendResult> BarStore::AppendBars(const BarKey& key, Timeframe timeframe,
                                             arrow::RecordBatchReader& bars,
                                             const std::string& time) {
  ARROW_RETURN_NOT_OK(
      bars::IntakeColumns::OfBars(*bars.schema(), time, impl_->place.pool).status());
  ARROW_ASSIGN_OR_RAISE(const auto series, impl_->ForWriting(key, timeframe));
  ARROW_ASSIGN_OR_RAISE(const auto result, series->AppendBars(bars, time));
  impl_->KeepCap();
  return result;
}

Result<BarAppendResult> BarStore::AppendTick(const BarKey& key, int64_t time_ns, double price,
                                             double volume) {
  ARROW_ASSIGN_OR_RAISE(const auto series, impl_->ForWriting(key, impl_->options.tick_timeframe));
  ARROW_ASSIGN_OR_RAISE(const auto result, series->AppendTick(time_ns, price, volume));
  impl_->KeepCap();
  return result;
}

Result<BarSlice> BarStore::Last(const BarKey& key, Timeframe timeframe, int64_t n, int64_t at,
                                const BarReadOptions& options) {
  if (n < 0) return MakeError(ErrorCode::kInvalidArgument, "n is at least 0", {"n"});
  ARROW_ASSIGN_OR_RAISE(const auto series, impl_->ForReading(key, timeframe));
  auto slice = series->Last(timeframe, n, at, options, impl_->NextStamp());
  impl_->KeepCap();
  return slice;
}

Result<std::vector<BarSlice>> BarStore::Last(std::span<const BarKey> keys, Timeframe timeframe,
                                             int64_t n, int64_t at, const BarReadOptions& options) {
  std::vector<BarSlice> slices;
  slices.reserve(keys.size());
  for (const BarKey& key : keys) {
    ARROW_ASSIGN_OR_RAISE(auto slice, Last(key, timeframe, n, at, options));
    slices.push_back(std::move(slice));
  }
  return slices;
}

Result<BarSlice> BarStore::Range(const BarKey& key, Timeframe timeframe, int64_t from, int64_t to,
                                 int64_t at, const BarReadOptions& options) {
  ARROW_ASSIGN_OR_RAISE(const auto series, impl_->ForReading(key, timeframe));
  auto slice = series->Range(timeframe, from, to, at, options, impl_->NextStamp());
  impl_->KeepCap();
  return slice;
}

Result<std::optional<double>> BarStore::LastPrice(const BarKey& key, int64_t at) {
  const auto all = impl_->Of(key);
  // The finest base knows the latest price.
  ARROW_ASSIGN_OR_RAISE(const auto series, all.empty()
                                               ? impl_->ForReading(key, Timeframe::Minutes(1))
                                               : Result<SeriesPointer>(all.back()));
  ARROW_ASSIGN_OR_RAISE(const BarSlice last,
                        series->Last(series->base(), 1, at, {}, impl_->NextStamp()));
  impl_->KeepCap();
  if (last.size() == 0) return std::nullopt;
  return last.close.back();
}

Result<std::shared_ptr<arrow::RecordBatch>> BarStore::ToArrow(const BarSlice& slice,
                                                              const BarKey& key, bool label_end,
                                                              bool forming) const {
  const std::string& zone = key.zone.empty() ? impl_->options.zone : key.zone;
  return bars::ToRecordBatch(slice, bars::BarSchema(zone, forming), label_end, impl_->place.pool);
}

namespace {

/// Rows of AsOf().
class AsOfRows {
 public:
  AsOfRows(std::string_view zone, arrow::MemoryPool* pool)
      : time_type_(arrow::timestamp(arrow::TimeUnit::NANO, std::string(zone))),
        at_(time_type_, pool),
        symbol_(pool),
        ts_(time_type_, pool),
        count_(pool) {
    for (size_t i = 0; i < 6; ++i) values_.push_back(std::make_unique<arrow::DoubleBuilder>(pool));
  }

  Status Add(int64_t at, const std::string& symbol, const BarSlice& bar) {
    ARROW_RETURN_NOT_OK(at_.Append(at));
    ARROW_RETURN_NOT_OK(symbol_.Append(symbol));
    const bool there = bar.size() > 0;
    ARROW_RETURN_NOT_OK(there ? ts_.Append(bar.start[0]) : ts_.AppendNull());
    size_t i = 0;
    for (const auto& column : {bar.open, bar.high, bar.low, bar.close, bar.volume, bar.vwap}) {
      const bool value = there && column[0] == column[0];
      ARROW_RETURN_NOT_OK(value ? values_[i]->Append(column[0]) : values_[i]->AppendNull());
      ++i;
    }
    return there ? count_.Append(bar.count[0]) : count_.AppendNull();
  }

  Result<std::shared_ptr<arrow::RecordBatch>> Finish() {
    arrow::FieldVector fields = {arrow::field("at", time_type_),
                                 arrow::field("symbol", arrow::utf8()),
                                 arrow::field("ts", time_type_)};
    for (const char* name : {"open", "high", "low", "close", "volume", "vwap"}) {
      fields.push_back(arrow::field(name, arrow::float64()));
    }
    fields.push_back(arrow::field("count", arrow::int64()));
    const int64_t rows = at_.length();
    std::vector<arrow::ArrayBuilder*> builders = {&at_, &symbol_, &ts_};
    for (const auto& values : values_) builders.push_back(values.get());
    builders.push_back(&count_);
    arrow::ArrayVector columns;
    for (arrow::ArrayBuilder* builder : builders) {
      ARROW_ASSIGN_OR_RAISE(auto column, builder->Finish());
      columns.push_back(std::move(column));
    }
    return arrow::RecordBatch::Make(arrow::schema(std::move(fields)), rows, std::move(columns));
  }

 private:
  std::shared_ptr<arrow::DataType> time_type_;
  arrow::TimestampBuilder at_;
  arrow::StringBuilder symbol_;
  arrow::TimestampBuilder ts_;
  std::vector<std::unique_ptr<arrow::DoubleBuilder>> values_;
  arrow::Int64Builder count_;
};

}  // namespace

Result<std::shared_ptr<arrow::RecordBatch>> BarStore::AsOf(std::span<const BarKey> keys,
                                                           Timeframe timeframe,
                                                           std::span<const int64_t> times) {
  AsOfRows rows(impl_->options.zone, impl_->place.pool);
  for (const int64_t at : times) {
    for (const BarKey& key : keys) {
      ARROW_ASSIGN_OR_RAISE(const BarSlice bar, Last(key, timeframe, 1, at));
      ARROW_RETURN_NOT_OK(rows.Add(at, key.symbol, bar));
    }
  }
  return rows.Finish();
}

BarStoreStats BarStore::stats() const {
  BarStoreStats stats;
  stats.bytes = impl_->place.held->bytes;
  std::shared_lock lock(impl_->mutex);
  for (const auto& [text, some] : impl_->series) {
    for (const SeriesPointer& one : some) one->AddStats(&stats);
  }
  std::sort(stats.frames.begin(), stats.frames.end(), [](const auto& a, const auto& b) {
    return std::tie(a.key, a.base, a.timeframe) < std::tie(b.key, b.base, b.timeframe);
  });
  return stats;
}

}  // namespace headrace
