#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "codec/format.h"
#include "headrace/bar_store.h"
#include "headrace/status.h"

namespace headrace::catalog {
class BarSources;
class Catalog;
}  // namespace headrace::catalog

namespace headrace::delivery {

struct BarsOptions {
  Timeframe tick_timeframe = Timeframe::Minutes(1);
  std::string zone = "UTC";
  SessionCalendar session;  ///< of all series; without a name: always open
  int64_t watermark_ns = 0;
  int64_t memory_cap_bytes = 1'000'000'000;
  std::string spill_directory;
};

/// Ticks, or with `timeframe` bars of it, for one symbol.
struct AppendBars {
  std::string symbol;
  std::optional<Timeframe> timeframe;
  TickColumnNames names;
};

/// Bars of one symbol: the last ones, or those of a range.
struct ReadBars {
  std::string symbol;
  std::optional<Timeframe> timeframe;  ///< none: what ticks become
  std::optional<int64_t> last;         ///< does not go with from and to
  std::optional<int64_t> from;         ///< UTC nanoseconds of a bar's start
  std::optional<int64_t> to;
  std::optional<int64_t> at;  ///< none: the newest time that the series has seen
  GapFill gaps = GapFill::kAbsent;
  bool forming = false;
  bool label_end = false;
};

/// The one bar store of a process, whose series are sources of the catalog. It is made with the
/// first append, because it has a folder of its own. Thread rule: all methods may be called from
/// any thread.
class Bars {
 public:
  /// What would be wrong with the options at the first append: a zone that is not there, a session
  /// that never opens.
  static Status Check(const BarsOptions& options);

  /// `catalog` outlives it.
  Bars(BarsOptions options, catalog::Catalog* catalog);

  /// All rows of the body or, with an error, none: see BarStore. kInvalidArgument for a symbol that
  /// is no name.
  Result<BarAppendResult> Append(const AppendBars& request, codec::Format format,
                                 std::string_view body);
  /// A row for each bar: see BarStore::ToArrow(). kUnknownName if there is no such series.
  Result<std::shared_ptr<arrow::RecordBatch>> Read(const ReadBars& request);
  BarStoreStats stats() const;
  Status Drop(std::string_view symbol);

  const BarsOptions& options() const noexcept { return options_; }

 private:
  Result<std::shared_ptr<catalog::BarSources>> Open();

  const BarsOptions options_;
  catalog::Catalog* const catalog_;
  std::mutex mutex_;  // held while the store is made
};

}  // namespace headrace::delivery
