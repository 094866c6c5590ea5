#include "bars/ticks_to_bars.h"

#include <string>
#include <vector>

#include <arrow/array/array_binary.h>
#include <arrow/array/array_primitive.h>
#include <arrow/compute/api.h>
#include <arrow/json/from_string.h>
#include <arrow/table.h>
#include <gtest/gtest.h>

#include "bars/bar_feed_test.h"
#include "headrace/error_code.h"
#include "headrace/memory_budget.h"

namespace headrace::bars {
namespace {

using arrow::json::ArrayFromJSONString;

/// Ticks with symbols, of any type that may name them.
std::shared_ptr<arrow::RecordBatch> WithSymbols(const std::vector<Tick>& ticks,
                                                std::shared_ptr<arrow::Array> symbols) {
  const auto plain = BatchOf(ticks);
  return plain->AddColumn(1, arrow::field("symbol", symbols->type()), symbols).ValueOrDie();
}

Result<std::shared_ptr<TicksToBars>> Bars(std::vector<std::shared_ptr<arrow::RecordBatch>> ticks,
                                          TicksToBarsOptions options, MemoryBudget* budget) {
  const auto schema = ticks.front()->schema();
  return TicksToBars::Make(arrow::RecordBatchReader::Make(std::move(ticks), schema).ValueOrDie(),
                           std::move(options), budget);
}

/// "AA 10 2": symbol, close and count of each bar.
std::vector<std::string> Told(const arrow::Table& bars) {
  const auto table = bars.CombineChunks().ValueOrDie();
  std::vector<std::string> told;
  if (table->num_rows() == 0) return told;
  const auto column = [&](const char* name) { return table->GetColumnByName(name)->chunk(0); };
  const auto symbol = std::static_pointer_cast<arrow::StringArray>(column("symbol"));
  const auto close = std::static_pointer_cast<arrow::DoubleArray>(column("close"));
  const auto count = std::static_pointer_cast<arrow::Int64Array>(column("count"));
  for (int64_t i = 0; i < table->num_rows(); ++i) {
    told.push_back(symbol->GetString(i) + " " + std::to_string(static_cast<int>(close->Value(i))) +
                   " " + std::to_string(count->Value(i)));
  }
  return told;
}

const std::vector<Tick> kTicks = {
    {0, 10, 1}, {1, 20, 1}, {2, 11, 1}, {kMinute, 12, 1}, {kMinute + 1, 21, 1}};

TEST(TicksToBars, SymbolsOfAnyTypeThatNames) {
  MemoryBudget budget(int64_t{64} << 20);
  const auto texts =
      ArrayFromJSONString(arrow::utf8(), R"(["A", "B", "A", "A", null])").ValueOrDie();
  const auto numbers = ArrayFromJSONString(arrow::int16(), "[1, 2, 1, 1, null]").ValueOrDie();
  const auto coded = arrow::compute::DictionaryEncode(texts).ValueOrDie().make_array();
  for (const auto& symbols : {texts, numbers, coded}) {
    const bool named = symbols != numbers;
    auto reader =
        Bars({WithSymbols(kTicks, symbols)}, {.symbol_column = "symbol"}, &budget).ValueOrDie();
    const auto table = reader->ToTable().ValueOrDie();
    const std::string a = named ? "A" : "1", b = named ? "B" : "2";
    EXPECT_EQ(Told(*table), (std::vector<std::string>{a + " 11 2", a + " 12 1", b + " 20 1"}));
    EXPECT_EQ(reader->counts().appended, 4);
    EXPECT_EQ(reader->counts().invalid, 1);
  }
  EXPECT_EQ(budget.used_bytes(), 0);
}

TEST(TicksToBars, SymbolsMayBeNewInEachBatch) {
  MemoryBudget budget(int64_t{64} << 20);
  const auto first =
      ArrayFromJSONString(arrow::utf8(), R"(["B", "B", "B", "B", "B"])").ValueOrDie();
  const auto second =
      ArrayFromJSONString(arrow::utf8(), R"(["A", "B", "A", "B", "A"])").ValueOrDie();
  std::vector<Tick> later = kTicks;
  for (Tick& tick : later) tick.time += 10 * kMinute;
  auto reader = Bars({WithSymbols(kTicks, first), WithSymbols(later, second)},
                     {.symbol_column = "symbol"}, &budget)
                    .ValueOrDie();
  EXPECT_EQ(Told(*reader->ToTable().ValueOrDie()),
            (std::vector<std::string>{"A 11 2", "A 21 1", "B 11 3", "B 21 2", "B 20 1", "B 12 1"}));
}

TEST(TicksToBars, TheLastBarOnRequestOnlyIfItHasEnded) {
  MemoryBudget budget(int64_t{64} << 20);
  for (const bool last : {true, false}) {
    auto reader = Bars({BatchOf(kTicks)}, {.last_bar = last}, &budget).ValueOrDie();
    EXPECT_EQ(reader->ToTable().ValueOrDie()->num_rows(), last ? 2 : 1);
  }
}

TEST(TicksToBars, NoTicksNoBars) {
  MemoryBudget budget(int64_t{64} << 20);
  auto reader = Bars({BatchOf({})}, {}, &budget).ValueOrDie();
  const auto table = reader->ToTable().ValueOrDie();
  EXPECT_EQ(table->num_rows(), 0);
  EXPECT_EQ(table->schema()->field(0)->name(), "ts");
}

TEST(TicksToBars, RefusesBeforeItReads) {
  MemoryBudget budget(int64_t{64} << 20);
  const auto code = [&](TicksToBarsOptions options) {
    const auto ticks =
        WithSymbols(kTicks, ArrayFromJSONString(arrow::float64(), "[1, 2, 3, 4, 5]").ValueOrDie());
    return CodeOf(Bars({ticks}, std::move(options), &budget).status());
  };
  EXPECT_EQ(code({.names = {.price = "nothing"}}), ErrorCode::kUnknownName);
  EXPECT_EQ(code({.symbol_column = "nothing"}), ErrorCode::kUnknownName);
  EXPECT_EQ(code({.symbol_column = "symbol"}), ErrorCode::kTypeMismatch);
  EXPECT_EQ(code({.zone = "Nowhere/City"}), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code({.watermark_ns = -1}), ErrorCode::kInvalidArgument);
}

TEST(TicksToBars, AClosedOneHoldsNothing) {
  MemoryBudget budget(int64_t{64} << 20);
  auto reader = Bars({BatchOf(kTicks)}, {}, &budget).ValueOrDie();
  std::shared_ptr<arrow::RecordBatch> batch;
  ASSERT_TRUE(reader->ReadNext(&batch).ok());
  EXPECT_EQ(batch->num_rows(), 2);
  ASSERT_TRUE(reader->Close().ok());
  batch.reset();
  EXPECT_EQ(budget.used_bytes(), 0);
  ASSERT_TRUE(reader->ReadNext(&batch).ok());
  EXPECT_EQ(batch, nullptr);
}

}  // namespace
}  // namespace headrace::bars
