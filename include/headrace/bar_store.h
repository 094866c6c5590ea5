#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "headrace/source.h"
#include "headrace/status.h"
#include "headrace/timeframe.h"

namespace arrow {
class RecordBatch;
class RecordBatchReader;
}  // namespace arrow

namespace headrace {

class MemoryBudget;

/// Which series: what is traded, in what it is quoted, and whose clock its bars go by.
struct BarKey {
  std::string symbol;
  std::string quote;
  std::string zone;     ///< empty: the store's
  std::string session;  ///< name of one of the store's calendars; empty: always open
  auto operator<=>(const BarKey&) const = default;
};

struct BarStoreOptions {
  Timeframe tick_timeframe = Timeframe::Minutes(1);  ///< what ticks become
  std::string zone = "UTC";
  std::vector<SessionCalendar> sessions;
  int64_t watermark_ns = 0;      ///< how late a tick or bar may come, behind the newest; >= 0
  int64_t history_bars = 5'000;  ///< held in memory before the bar that is read; >= 1
  int64_t future_bars = 1'000;   ///< fetched ahead of it; >= 0
  int64_t trim_bars = 1'000;     ///< so many leave at a time; >= 1
  int64_t memory_cap_bytes = 1'000'000'000;  ///< of all series together
  /// Where what memory does not hold is kept, in a folder of its own that goes with the store;
  /// empty: the system's folder for temporary files.
  std::string spill_directory;
};

/// Names of columns. Times are timestamps of any unit and zone, or int64 UTC nanoseconds; the rest
/// are numbers.
struct TickColumnNames {
  std::string time = "ts";
  std::string price = "price";
  std::string volume = "volume";
};

/// What became of what was appended. `appended` and the other counts add up to the rows given.
struct BarAppendResult {
  int64_t appended = 0;
  int64_t late = 0;        ///< behind the watermark
  int64_t duplicates = 0;  ///< a bar that is there; the first one stays. Equal ticks are two trades
  int64_t invalid = 0;  ///< no time, a price that is not finite, a volume that is negative or not
                        ///< finite; a bar whose high or low does not bound its open and close
  int64_t out_of_session = 0;
  int64_t out_of_range = 0;  ///< before 1900 or from 2200 on
};

/// Bars side by side in memory: borrowed columns that stay valid as long as the slice or a copy of
/// it, whatever becomes of the store. Prices of a null bar (GapFill::kNull) are NaN.
struct BarSlice {
  std::span<const int64_t> start;  ///< UTC nanoseconds
  std::span<const int64_t> end;
  std::span<const double> open;
  std::span<const double> high;
  std::span<const double> low;
  std::span<const double> close;
  std::span<const double> volume;
  std::span<const double> vwap;    ///< NaN where the volume is 0, or bars came without it
  std::span<const int64_t> count;  ///< ticks; 0 where bars came without it
  bool forming = false;            ///< the last one has not ended at the time of the question
  std::shared_ptr<const void> memory;

  int64_t size() const noexcept { return static_cast<int64_t>(start.size()); }
};

enum class GapFill : uint8_t {
  kAbsent,    ///< bars in which nothing traded are not there
  kNull,      ///< they are, with null prices, volume and count 0
  kPrevious,  ///< with the close before them as all four prices, volume and count 0, vwap null
};

struct BarReadOptions {
  GapFill gaps = GapFill::kAbsent;
  bool forming = false;  ///< the bar in which `at` lies too, as far as it is known then
};

struct BarFrameStats {
  BarKey key;
  Timeframe base;
  Timeframe timeframe;
  int64_t rows = 0;          ///< bars that have ended; 0 while the frame is evicted
  int64_t spilled_rows = 0;  ///< of them in files only
  int64_t first_start = 0;   ///< UTC nanoseconds, of all bars, open ones too; 0 while evicted
  int64_t last_end = 0;
  int64_t bytes = 0;   ///< in memory
  int64_t hits = 0;    ///< reads served from memory
  int64_t misses = 0;  ///< that had to read files or build the frame
  int64_t evictions = 0;
};

struct BarStoreStats {
  std::vector<BarFrameStats> frames;
  int64_t bytes = 0;  ///< all columns in memory, with those that readers hold
  int64_t hits = 0;
  int64_t misses = 0;
  int64_t evictions = 0;
  int64_t failed_spills = 0;  ///< what could not be written stays in memory
  BarAppendResult appended;   ///< of all appends
};

/// Bars of every timeframe, of many series, in bounded memory.
///
/// One rule of visibility: a bar is visible at t when its end <= t. No answer at t depends on what
/// happened after t. "At" is a time in UTC nanoseconds; INT64_MAX is the newest time that the
/// series has seen.
///
/// A series is fed with ticks, which become bars of `tick_timeframe`, or with bars; each coarser
/// timeframe that the base's bars fill is made of the next finer one that is there when it is first
/// asked for, and grows with the base from then on. A bar stays open for late ticks until the
/// watermark has passed its end; before that it is read as it is known.
///
/// In memory is a window of each timeframe around the newest bars and around the time read last,
/// never shorter than the longest look-back asked so far; what leaves it is written to Parquet and
/// comes back the same to the bit. Over `memory_cap_bytes` the aggregates read longest ago leave
/// first and are built again when asked for, then base bars.
///
/// Thread rule: all methods from any thread; calls on one series take turns.
class BarStore {
 public:
  /// kInvalidArgument for an option out of range, kUnknownName for a zone that is not there.
  static Status Check(const BarStoreOptions& options);
  /// Errors of Check(), kIOError for the folder. `budget` outlives the store and its slices.
  static Result<std::shared_ptr<BarStore>> Make(BarStoreOptions options, MemoryBudget* budget);
  ~BarStore();

  /// All rows of the reader, or none. kUnknownName for a column that is not there, kTypeMismatch,
  /// kInvalidArgument for a key or a bar that does not begin where the timeframe's bars do,
  /// kMemoryLimit, errors of the reader.
  Result<BarAppendResult> AppendTicks(const BarKey& key, arrow::RecordBatchReader& ticks,
                                      const TickColumnNames& names = {});
  /// Columns `time`, open, high, low, close, volume, and if they are there vwap and count.
  Result<BarAppendResult> AppendBars(const BarKey& key, Timeframe timeframe,
                                     arrow::RecordBatchReader& bars,
                                     const std::string& time = "ts");
  /// One tick. Some dozen nanoseconds unless a bar ends.
  Result<BarAppendResult> AppendTick(const BarKey& key, int64_t time_ns, double price,
                                     double volume);

  /// The last `n` >= 0 bars that are visible at `at`, fewer if there are not so many; with
  /// `forming` that one is the last of n. No copy, unless gaps are filled or a bar is still open to
  /// late ticks. kUnknownName if there is no such series, kInvalidArgument for a timeframe that its
  /// bars do not fill.
  Result<BarSlice> Last(const BarKey& key, Timeframe timeframe, int64_t n, int64_t at,
                        const BarReadOptions& options = {});
  /// The same of many series, in their order.
  Result<std::vector<BarSlice>> Last(std::span<const BarKey> keys, Timeframe timeframe, int64_t n,
                                     int64_t at, const BarReadOptions& options = {});
  /// Bars that begin in [from, to) and are visible at `at`.
  Result<BarSlice> Range(const BarKey& key, Timeframe timeframe, int64_t from, int64_t to,
                         int64_t at, const BarReadOptions& options = {});
  /// For each time the last bar that is visible then: one row for each time and key, times
  /// outermost. Columns at, symbol, and those of a bar, null where there is none.
  Result<std::shared_ptr<arrow::RecordBatch>> AsOf(std::span<const BarKey> keys,
                                                   Timeframe timeframe,
                                                   std::span<const int64_t> times);
  /// Close of the last bar of the base that is visible at `at`; none if there is none.
  Result<std::optional<double>> LastPrice(const BarKey& key, int64_t at);

  /// Columns ts (timestamp[ns, zone], the start; the end with `label_end`), open, high, low, close,
  /// volume, vwap, count, over the slice's memory; NaN of vwap and of null bars as null. With
  /// `forming` a column of that name is added.
  Result<std::shared_ptr<arrow::RecordBatch>> ToArrow(const BarSlice& slice, const BarKey& key,
                                                      bool label_end = false,
                                                      bool forming = false) const;

  /// The bars of one timeframe as a source, for the catalog; those that have ended when it is
  /// opened. The store outlives it.
  Result<std::shared_ptr<Source>> MakeSource(const BarKey& key, Timeframe timeframe);

  /// Forgets the series; slices that were given out stay. kUnknownName if there is none.
  Status Drop(const BarKey& key);

  /// Whether there is a series of that key.
  bool Contains(const BarKey& key) const;
  BarStoreStats stats() const;
  const BarStoreOptions& options() const noexcept;

 private:
  class Impl;
  explicit BarStore(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace headrace
