#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "headrace/bar_store.h"
#include "shape/computed_reader.h"

namespace headrace::bars {

struct TicksToBarsOptions {
  Timeframe every = Timeframe::Minutes(1);
  std::string zone = "UTC";
  SessionCalendar session;  ///< without a name: always open
  TickColumnNames names;
  std::string symbol_column;  ///< a series for each of its values; empty: all ticks are one
  int64_t watermark_ns = 0;
  GapFill gaps = GapFill::kAbsent;
  bool label_end = false;
  /// The ticks are all there are, so that each series' last bar is given as it is; otherwise it is
  /// left out until a later tick says that it has ended.
  bool last_bar = true;
  int64_t memory_cap_bytes = 1'000'000'000;
  std::string spill_directory;  ///< see BarStoreOptions
};

/// The bars of ticks that come to an end: of each series in the order of its name, after `symbol`,
/// the columns of BarStore::ToArrow(), in the order of time. Holds the bars, not the ticks; over
/// the cap they go through files.
class TicksToBars final : public shape::ComputedReader {
 public:
  /// kUnknownName and kTypeMismatch for columns, kInvalidArgument for options out of range.
  /// `budget` outlives the reader.
  static Result<std::shared_ptr<TicksToBars>> Make(std::shared_ptr<arrow::RecordBatchReader> ticks,
                                                   TicksToBarsOptions options,
                                                   MemoryBudget* budget);

  /// What became of the ticks; none without a symbol is in a bar, those are `invalid`. Final once
  /// the first batch was read, from the thread that reads.
  const BarAppendResult& counts() const noexcept { return counts_; }

 private:
  /// Where a series begins and ends.
  struct Span {
    BarKey key;
    int64_t next = 0;  // what was given ends before
    int64_t end = 0;
  };
  TicksToBars(std::shared_ptr<arrow::RecordBatchReader> ticks,
              std::shared_ptr<arrow::Schema> schema, TicksToBarsOptions options,
              MemoryBudget* budget, std::shared_ptr<BarStore> store)
      : ComputedReader({std::move(ticks)}, std::move(schema), "the making of bars"),
        options_(std::move(options)),
        budget_(budget),
        store_(std::move(store)) {}

  Status Compute() override;
  Status NextBatch(std::shared_ptr<arrow::RecordBatch>* batch) override;
  void Release() override;

  Status TakeBySymbol(const arrow::RecordBatch& batch, int symbol_field);
  Status Append(const std::string& symbol, std::shared_ptr<arrow::RecordBatch> ticks);
  Result<std::shared_ptr<arrow::RecordBatch>> WithSymbol(
      const std::string& symbol, const std::shared_ptr<arrow::RecordBatch>& bars) const;

  const TicksToBarsOptions options_;
  MemoryBudget* const budget_;
  std::shared_ptr<BarStore> store_;
  BarAppendResult counts_;
  std::vector<Span> spans_;
  size_t next_span_ = 0;
};

}  // namespace headrace::bars
