#include "bars/ticks_to_bars.h"

#include <algorithm>
#include <limits>
#include <vector>

#include <arrow/array/array_binary.h>
#include <arrow/array/array_dict.h>
#include <arrow/array/array_primitive.h>
#include <arrow/array/util.h>
#include <arrow/compute/api.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include "bars/bar_arrow.h"
#include "bars/intake.h"
#include "bars/zone.h"
#include "headrace/memory_budget.h"
#include "headrace/names.h"
#include "shape/pool_vector.h"

namespace headrace::bars {
namespace {

namespace cp = arrow::compute;

constexpr int64_t kBarsRead = 1 << 15;
constexpr const char* kOnlySeries = "ticks";

int64_t LengthOf(const Timeframe& frame) noexcept {
  constexpr int64_t kSecondNs = 1'000'000'000;
  switch (frame.unit) {
    case Timeframe::Unit::kSecond: return frame.count * kSecondNs;
    case Timeframe::Unit::kDay: return frame.count * kDayNs;
    case Timeframe::Unit::kWeek: return frame.count * 7 * kDayNs;
    case Timeframe::Unit::kMonth: return frame.count * 31 * kDayNs;
  }
  return kDayNs;
}

/// The field of a column that may hold symbols; -1 if none is asked for.
Result<int> SymbolField(const arrow::Schema& schema, const std::string& name) {
  if (name.empty()) return -1;
  const int field = schema.GetFieldIndex(name);
  if (field < 0) {
    return MakeError(
        ErrorCode::kUnknownName,
        fmt::format("there is no column '{}'{}", name, NameHint(name, schema.field_names())),
        {name});
  }
  const arrow::DataType& type = *schema.field(field)->type();
  const arrow::DataType& values =
      type.id() == arrow::Type::DICTIONARY
          ? *static_cast<const arrow::DictionaryType&>(type).value_type()
          : type;
  if (!arrow::is_string(values.id()) && values.id() != arrow::Type::STRING_VIEW &&
      !arrow::is_integer(values.id())) {
    return MakeError(
        ErrorCode::kTypeMismatch,
        fmt::format("column '{}' is {}: symbols are texts or whole numbers", name, type.ToString()),
        {name});
  }
  return field;
}

/// Its values as codes of a dictionary of texts.
Result<std::shared_ptr<arrow::DictionaryArray>> Encoded(std::shared_ptr<arrow::Array> symbols,
                                                        cp::ExecContext* context) {
  arrow::Datum texts = std::move(symbols);
  ARROW_ASSIGN_OR_RAISE(texts, cp::Cast(texts, arrow::utf8(), cp::CastOptions::Safe(), context));
  ARROW_ASSIGN_OR_RAISE(
      const arrow::Datum coded,
      cp::DictionaryEncode(texts, cp::DictionaryEncodeOptions::Defaults(), context));
  return std::static_pointer_cast<arrow::DictionaryArray>(coded.make_array());
}

/// The rows of each code in their order, all in one; `ends` of each code's. Nulls are left out.
Status OrderByCode(const arrow::DictionaryArray& coded, shape::PoolVector<int64_t>* rows,
                   std::vector<int64_t>* ends) {
  const auto& codes = static_cast<const arrow::Int32Array&>(*coded.indices());
  ends->assign(static_cast<size_t>(coded.dictionary()->length()), 0);
  for (int64_t i = 0; i < codes.length(); ++i) {
    if (codes.IsValid(i)) ++(*ends)[static_cast<size_t>(codes.Value(i))];
  }
  int64_t before = 0;
  for (int64_t& end : *ends) before += std::exchange(end, before);
  ARROW_RETURN_NOT_OK(rows->Resize(before));
  for (int64_t i = 0; i < codes.length(); ++i) {
    if (codes.IsValid(i)) rows->data()[(*ends)[static_cast<size_t>(codes.Value(i))]++] = i;
  }
  return Status::OK();
}

}  // namespace

Result<std::shared_ptr<TicksToBars>> TicksToBars::Make(
    std::shared_ptr<arrow::RecordBatchReader> ticks, TicksToBarsOptions options,
    MemoryBudget* budget) {
  ARROW_RETURN_NOT_OK(IntakeColumns::OfTicks(*ticks->schema(), options.names, budget).status());
  ARROW_RETURN_NOT_OK(SymbolField(*ticks->schema(), options.symbol_column).status());
  // All bars are read once, at the end: those that memory holds stay in it.
  constexpr int64_t kAllBars = 1'000'000'000;
  BarStoreOptions store_options{.tick_timeframe = options.every,
                                .zone = options.zone,
                                .watermark_ns = options.watermark_ns,
                                .history_bars = kAllBars,
                                .memory_cap_bytes = options.memory_cap_bytes,
                                .spill_directory = options.spill_directory};
  if (!options.session.always_open()) store_options.sessions.push_back(options.session);
  ARROW_ASSIGN_OR_RAISE(auto store, BarStore::Make(std::move(store_options), budget));
  auto schema = BarSchema(options.zone, false);
  if (!options.symbol_column.empty()) {
    const auto field = arrow::field(options.symbol_column, arrow::utf8(), false);
    ARROW_ASSIGN_OR_RAISE(schema, schema->AddField(0, field));
  }
  return std::shared_ptr<TicksToBars>(new TicksToBars(
      std::move(ticks), std::move(schema), std::move(options), budget, std::move(store)));
}

Status TicksToBars::Append(const std::string& symbol, std::shared_ptr<arrow::RecordBatch> ticks) {
  const auto schema = ticks->schema();
  ARROW_ASSIGN_OR_RAISE(const auto reader,
                        arrow::RecordBatchReader::Make({std::move(ticks)}, schema));
  const BarKey key{.symbol = symbol, .session = options_.session.name};
  return store_->AppendTicks(key, *reader, options_.names).status();
}

Status TicksToBars::TakeBySymbol(const arrow::RecordBatch& batch, int symbol_field) {
  cp::ExecContext context(budget_, nullptr);
  ARROW_ASSIGN_OR_RAISE(const auto coded, Encoded(batch.column(symbol_field), &context));
  counts_.invalid += coded->null_count();
  shape::PoolVector<int64_t> rows(budget_);
  std::vector<int64_t> ends;
  ARROW_RETURN_NOT_OK(OrderByCode(*coded, &rows, &ends));
  const arrow::Int64Array order(rows.size(),
                                arrow::Buffer::Wrap(rows.data(), static_cast<size_t>(rows.size())));
  arrow::FieldVector fields;
  arrow::ArrayVector columns;
  for (const std::string* name :
       {&options_.names.time, &options_.names.price, &options_.names.volume}) {
    const int field = batch.schema()->GetFieldIndex(*name);
    ARROW_ASSIGN_OR_RAISE(
        const arrow::Datum taken,
        cp::Take(batch.column(field), order, cp::TakeOptions::NoBoundsCheck(), &context));
    fields.push_back(batch.schema()->field(field));
    columns.push_back(taken.make_array());
  }
  const auto sorted =
      arrow::RecordBatch::Make(arrow::schema(std::move(fields)), rows.size(), std::move(columns));
  const auto& symbols = static_cast<const arrow::StringArray&>(*coded->dictionary());
  int64_t begin = 0;
  for (size_t code = 0; code < ends.size(); ++code) {
    const int64_t end = ends[code];
    ARROW_RETURN_NOT_OK(
        Append(symbols.GetString(static_cast<int64_t>(code)), sorted->Slice(begin, end - begin)));
    begin = end;
  }
  return Status::OK();
}

Status TicksToBars::Compute() {
  ARROW_ASSIGN_OR_RAISE(const int field, SymbolField(*input().schema(), options_.symbol_column));
  ARROW_RETURN_NOT_OK(ReadAll(input(), [&](std::shared_ptr<arrow::RecordBatch> batch) {
    return field < 0 ? Append(kOnlySeries, std::move(batch)) : TakeBySymbol(*batch, field);
  }));
  const BarStoreStats stats = store_->stats();
  const int64_t without_symbol = counts_.invalid;
  counts_ = stats.appended;
  counts_.invalid += without_symbol;
  for (const BarFrameStats& frame : stats.frames) {
    if (frame.first_start == frame.last_end) continue;
    spans_.push_back({frame.key, frame.first_start, frame.last_end});
  }
  std::sort(spans_.begin(), spans_.end(),
            [](const Span& a, const Span& b) { return a.key.symbol < b.key.symbol; });
  return Status::OK();
}

Result<std::shared_ptr<arrow::RecordBatch>> TicksToBars::WithSymbol(
    const std::string& symbol, const std::shared_ptr<arrow::RecordBatch>& bars) const {
  ARROW_ASSIGN_OR_RAISE(const auto column, arrow::MakeArrayFromScalar(arrow::StringScalar(symbol),
                                                                      bars->num_rows(), budget_));
  arrow::ArrayVector columns = bars->columns();
  columns.insert(columns.begin(), column);
  return arrow::RecordBatch::Make(schema(), bars->num_rows(), std::move(columns));
}

Status TicksToBars::NextBatch(std::shared_ptr<arrow::RecordBatch>* batch) {
  constexpr int64_t kNewest = std::numeric_limits<int64_t>::max();
  const int64_t step = std::min(kLastTimeNs / kBarsRead, LengthOf(options_.every)) * kBarsRead;
  const BarReadOptions reading{.gaps = options_.gaps, .forming = options_.last_bar};
  while (next_span_ < spans_.size()) {
    Span& span = spans_[next_span_];
    if (span.next >= span.end) {
      ++next_span_;
      continue;
    }
    const int64_t from = span.next;
    span.next = span.end - from > step ? from + step : span.end;
    ARROW_ASSIGN_OR_RAISE(const BarSlice slice, store_->Range(span.key, options_.every, from,
                                                              span.next, kNewest, reading));
    if (slice.size() == 0) continue;
    ARROW_ASSIGN_OR_RAISE(*batch, store_->ToArrow(slice, span.key, options_.label_end));
    if (options_.symbol_column.empty()) return Status::OK();
    return WithSymbol(span.key.symbol, *batch).Value(batch);
  }
  return Status::OK();
}

void TicksToBars::Release() {
  spans_.clear();
  store_.reset();
}

}  // namespace headrace::bars
