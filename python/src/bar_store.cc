#include "headrace/bar_store.h"

#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <arrow/record_batch.h>
#include <arrow/table.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include "arrow_capsules.h"
#include "bar_store.h"
#include "batch.h"
#include "headrace/memory_budget.h"
#include "status_exception.h"

namespace headrace::python {
namespace {

namespace nb = nanobind;

struct Store {
  std::shared_ptr<BarStore> store;
};

/// symbol, quote, zone, session.
using Key = std::tuple<std::string, std::string, std::string, std::string>;
BarKey KeyOf(const Key& key) {
  return {std::get<0>(key), std::get<1>(key), std::get<2>(key), std::get<3>(key)};
}

/// name, opens, closes, weekdays by bit, [(date, closed, opens, closes)].
using Calendar = std::tuple<std::string, int32_t, int32_t, int,
                            std::vector<std::tuple<int32_t, bool, int32_t, int32_t>>>;

SessionCalendar CalendarOf(const Calendar& given) {
  const auto& [name, open_s, close_s, weekdays, exceptions] = given;
  SessionCalendar calendar{
      .name = name, .hours = {open_s, close_s}, .weekdays = static_cast<uint8_t>(weekdays)};
  for (const auto& [date, closed, opens, closes] : exceptions) {
    calendar.exceptions.push_back({date, closed, {opens, closes}});
  }
  return calendar;
}

void MakeStore(Store* self, const std::string& tick_timeframe, std::string zone,
               const std::vector<Calendar>& sessions, int64_t watermark_ns, int64_t history_bars,
               int64_t future_bars, int64_t trim_bars, int64_t memory_cap_bytes,
               std::string spill_directory) {
  BarStoreOptions options{.tick_timeframe = Unwrap(ParseTimeframe(tick_timeframe)),
                          .zone = std::move(zone),
                          .watermark_ns = watermark_ns,
                          .history_bars = history_bars,
                          .future_bars = future_bars,
                          .trim_bars = trim_bars,
                          .memory_cap_bytes = memory_cap_bytes,
                          .spill_directory = std::move(spill_directory)};
  for (const Calendar& session : sessions) options.sessions.push_back(CalendarOf(session));
  new (self) Store{Unwrap(BarStore::Make(std::move(options), MemoryBudget::Process()))};
}

nb::dict CountsOf(const BarAppendResult& counts) {
  nb::dict out;
  out["appended"] = counts.appended;
  out["late"] = counts.late;
  out["duplicates"] = counts.duplicates;
  out["invalid"] = counts.invalid;
  out["out_of_session"] = counts.out_of_session;
  out["out_of_range"] = counts.out_of_range;
  return out;
}

/// All of the stream is read before the store is asked: Python code may make it, which must not run
/// under the store's locks.
template <typename Append>
nb::dict AppendStream(nb::handle stream, const Append& append) {
  auto reader = Unwrap(ImportStream(stream));
  return CountsOf(Unwrap(WithoutGil([&]() -> Result<BarAppendResult> {
    ARROW_ASSIGN_OR_RAISE(const auto table, reader->ToTable());
    arrow::TableBatchReader batches(*table);
    return append(batches);
  })));
}

nb::dict AppendTicks(const Store& self, const Key& key, nb::handle stream, const std::string& time,
                     const std::string& price, const std::string& volume) {
  return AppendStream(stream, [&](arrow::RecordBatchReader& batches) {
    return self.store->AppendTicks(KeyOf(key), batches, {time, price, volume});
  });
}

nb::dict AppendBars(const Store& self, const Key& key, const std::string& timeframe,
                    nb::handle stream, const std::string& time) {
  const Timeframe frame = Unwrap(ParseTimeframe(timeframe));
  return AppendStream(stream, [&](arrow::RecordBatchReader& batches) {
    return self.store->AppendBars(KeyOf(key), frame, batches, time);
  });
}

nb::dict AppendTick(const Store& self, const Key& key, int64_t time, double price, double volume) {
  return CountsOf(
      Unwrap(WithoutGil([&] { return self.store->AppendTick(KeyOf(key), time, price, volume); })));
}

constexpr int64_t kNow = std::numeric_limits<int64_t>::max();

BarReadOptions OptionsOf(int gaps, bool forming) {
  return {.gaps = static_cast<GapFill>(gaps), .forming = forming};
}

Batch Last(const Store& self, const Key& key, const std::string& timeframe, int64_t n,
           std::optional<int64_t> at, int gaps, bool forming, bool label_end) {
  return {Unwrap(WithoutGil([&]() -> Result<std::shared_ptr<arrow::RecordBatch>> {
    const BarKey full = KeyOf(key);
    ARROW_ASSIGN_OR_RAISE(const Timeframe frame, ParseTimeframe(timeframe));
    ARROW_ASSIGN_OR_RAISE(const BarSlice slice, self.store->Last(full, frame, n, at.value_or(kNow),
                                                                 OptionsOf(gaps, forming)));
    return self.store->ToArrow(slice, full, label_end, forming);
  }))};
}

Result<BarSlice> RangeOf(const Store& self, const BarKey& key, const std::string& timeframe,
                         int64_t begin, int64_t end, std::optional<int64_t> at,
                         const BarReadOptions& options) {
  ARROW_ASSIGN_OR_RAISE(const Timeframe frame, ParseTimeframe(timeframe));
  return self.store->Range(key, frame, begin, end, at.value_or(kNow), options);
}

Batch Range(const Store& self, const Key& key, const std::string& timeframe, int64_t begin,
            int64_t end, std::optional<int64_t> at, int gaps, bool forming, bool label_end) {
  return {Unwrap(WithoutGil([&]() -> Result<std::shared_ptr<arrow::RecordBatch>> {
    const BarKey full = KeyOf(key);
    ARROW_ASSIGN_OR_RAISE(const BarSlice slice,
                          RangeOf(self, full, timeframe, begin, end, at, OptionsOf(gaps, forming)));
    return self.store->ToArrow(slice, full, label_end, forming);
  }))};
}

nb::list Rows(const Store& self, const Key& key, const std::string& timeframe, int64_t begin,
              int64_t end, std::optional<int64_t> at) {
  const BarSlice slice = Unwrap(WithoutGil(
      [&] { return RangeOf(self, KeyOf(key), timeframe, begin, end, at, BarReadOptions{}); }));
  nb::list rows;
  for (size_t i = 0; i < slice.start.size(); ++i) {
    rows.append(nb::make_tuple(slice.start[i], slice.end[i], slice.open[i], slice.high[i],
                               slice.low[i], slice.close[i], slice.volume[i], slice.vwap[i],
                               slice.count[i]));
  }
  return rows;
}

Batch AsOf(const Store& self, const std::vector<Key>& keys, const std::string& timeframe,
           const std::vector<int64_t>& times) {
  std::vector<BarKey> all;
  for (const Key& key : keys) all.push_back(KeyOf(key));
  const Timeframe frame = Unwrap(ParseTimeframe(timeframe));
  return {Unwrap(WithoutGil([&] { return self.store->AsOf(all, frame, times); }))};
}

std::optional<double> LastPrice(const Store& self, const Key& key, std::optional<int64_t> at) {
  return Unwrap(WithoutGil([&] { return self.store->LastPrice(KeyOf(key), at.value_or(kNow)); }));
}

nb::dict Stats(const Store& self) {
  const BarStoreStats stats = WithoutGil([&] { return self.store->stats(); });
  nb::list frames;
  for (const BarFrameStats& frame : stats.frames) {
    nb::dict row;
    row["symbol"] = frame.key.symbol;
    row["quote"] = frame.key.quote;
    row["zone"] = frame.key.zone;
    row["session"] = frame.key.session;
    row["base"] = frame.base.ToString();
    row["timeframe"] = frame.timeframe.ToString();
    row["rows"] = frame.rows;
    row["spilled_rows"] = frame.spilled_rows;
    row["bytes"] = frame.bytes;
    row["hits"] = frame.hits;
    row["misses"] = frame.misses;
    row["evictions"] = frame.evictions;
    frames.append(row);
  }
  nb::dict out;
  out["series"] = frames;
  out["bytes"] = stats.bytes;
  out["hits"] = stats.hits;
  out["misses"] = stats.misses;
  out["evictions"] = stats.evictions;
  out["failed_spills"] = stats.failed_spills;
  out["appended"] = CountsOf(stats.appended);
  return out;
}

}  // namespace

void BindBarStore(nb::module_& module) {
  nb::class_<Store>(module, "BarStore")
      .def("__init__", &MakeStore, nb::arg("tick_timeframe"), nb::arg("zone"), nb::arg("sessions"),
           nb::arg("watermark_ns"), nb::arg("history_bars"), nb::arg("future_bars"),
           nb::arg("trim_bars"), nb::arg("memory_cap_bytes"), nb::arg("spill_directory"))
      .def("append_ticks", &AppendTicks)
      .def("append_bars", &AppendBars)
      .def("append_tick", &AppendTick)
      .def("last", &Last, nb::arg("key"), nb::arg("timeframe"), nb::arg("n"), nb::arg("at").none(),
           nb::arg("gaps"), nb::arg("forming"), nb::arg("label_end"))
      .def("range", &Range, nb::arg("key"), nb::arg("timeframe"), nb::arg("begin"), nb::arg("end"),
           nb::arg("at").none(), nb::arg("gaps"), nb::arg("forming"), nb::arg("label_end"))
      .def("rows", &Rows, nb::arg("key"), nb::arg("timeframe"), nb::arg("begin"), nb::arg("end"),
           nb::arg("at").none())
      .def("asof", &AsOf)
      .def("last_price", &LastPrice, nb::arg("key"), nb::arg("at").none())
      .def("stats", &Stats);
  module.def("check_timeframe",
             [](const std::string& text) { return Unwrap(ParseTimeframe(text)).ToString(); });
}

}  // namespace headrace::python
