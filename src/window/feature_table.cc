#include "window/feature_table.h"

#include <algorithm>
#include <cstring>
#include <set>
#include <utility>

#include <arrow/array/data.h>
#include <arrow/buffer.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include "headrace/error_code.h"
#include "headrace/names.h"
#include "window/window_store.h"

namespace headrace::window {
namespace {

using kernels::RollingColumn;
using kernels::RollingKind;
using kernels::RollingSpec;
using kernels::RollingStack;

// Appends of more rows than this go through the batch kernels, which cost less for each row but
// more to begin with.
constexpr int64_t kPushRows = 64;

// Stat and RollingKind have the same members in the same order: one is the public name of the
// other.
static_assert(static_cast<int>(Stat::kEwmMean) == static_cast<int>(RollingKind::kEwmMean));
static_assert(static_cast<int>(Stat::kMedian) == static_cast<int>(RollingKind::kMedian));

std::shared_ptr<const std::vector<RollingSpec>> MakeSpecs(const FeaturePlan& plan) {
  auto specs = std::make_shared<std::vector<RollingSpec>>();
  for (const int64_t window : plan.windows) {
    for (const StatRequest& stat : plan.stats) {
      specs->push_back({.kind = static_cast<RollingKind>(stat.stat),
                        .window = window,
                        .min_samples = plan.min_samples,
                        .ddof = plan.ddof,
                        .quantile = stat.quantile});
    }
  }
  for (const int64_t lag : plan.lags) specs->push_back({.kind = RollingKind::kLag, .window = lag});
  return specs;
}

std::span<std::byte> Bytes(arrow::Buffer& buffer) {
  return {reinterpret_cast<std::byte*>(buffer.mutable_data()), static_cast<size_t>(buffer.size())};
}

int64_t BitmapBytes(int64_t rows) { return (rows + 63) / 64 * 8; }

}  // namespace

Result<std::shared_ptr<FeatureTable>> FeatureTable::Make(const FeaturePlan& plan,
                                                         const WindowStore& store,
                                                         arrow::MemoryPool* pool) {
  auto table = std::shared_ptr<FeatureTable>(new FeatureTable(plan));
  table->specs_ = MakeSpecs(plan);
  ARROW_RETURN_NOT_OK(table->Resolve(store));
  ARROW_RETURN_NOT_OK(table->MakeColumns(store));
  const size_t state_bytes = RollingStack::StateBytes(*table->specs_);
  for (Source& source : table->sources_) {
    ARROW_ASSIGN_OR_RAISE(source.state,
                          arrow::AllocateBuffer(static_cast<int64_t>(state_bytes), pool));
    source.stack.emplace(*table->specs_, Bytes(*source.state));
  }
  return table;
}

Status FeatureTable::Resolve(const WindowStore& store) {
  const auto& columns = store.columns();
  std::vector<std::string> names;
  for (size_t i = 0; i < columns.size(); ++i) {
    names.push_back(columns[i].name);
    if (IsNumeric(columns[i].type())) numeric_columns_.push_back(static_cast<int>(i));
  }
  if (!plan_.columns) {
    for (const int column : numeric_columns_) sources_.push_back({.column = column});
    return Status::OK();
  }
  for (size_t i = 0; i < plan_.columns->size(); ++i) {
    const std::string& wanted = (*plan_.columns)[i];
    const std::vector<std::string> location = {"columns", fmt::format("{}", i)};
    const int place = store.Find(wanted, columns.size());
    if (place < 0) {
      return MakeError(ErrorCode::kUnknownName,
                       fmt::format("there is no column '{}'{}", wanted, NameHint(wanted, names)),
                       location);
    }
    if (!IsNumeric(columns[place].type())) {
      return MakeError(ErrorCode::kTypeMismatch,
                       fmt::format("column '{}' is {}; features are made of int64 and double",
                                   wanted, TypeName(columns[place].type())),
                       location);
    }
    for (const Source& other : sources_) {
      if (other.column != place) continue;
      return MakeError(ErrorCode::kInvalidArgument, fmt::format("columns holds '{}' twice", wanted),
                       location);
    }
    sources_.push_back({.column = place});
  }
  return Status::OK();
}

Status FeatureTable::CheckNames(const WindowStore& store,
                                const std::vector<std::string>& derived) const {
  std::set<std::string_view> names;
  for (const auto& column : store.columns()) names.insert(column.name);
  for (const std::string& name : derived) {
    if (names.insert(name).second) continue;
    return MakeError(ErrorCode::kInvalidArgument,
                     fmt::format("the feature '{}' would have the name of another column", name),
                     {"columns"});
  }
  return Status::OK();
}

Status FeatureTable::MakeColumns(const WindowStore& store) {
  int stagger = static_cast<int>(store.columns().size());
  const ColumnOptions options = {.type = ColumnType::kDouble,
                                 .origin_row = store.origin_row(),
                                 .capacity_rows = store.capacity_rows(),
                                 .granule_bytes = store.granule_bytes(),
                                 .nullable = !plan_.fill_zero};
  const auto add = [&](bool nullable, std::shared_ptr<Column>* column) -> Status {
    ColumnOptions own = options;
    own.nullable = nullable;
    own.stagger = stagger++;
    ARROW_ASSIGN_OR_RAISE(*column, Column::Make(own));
    row_bytes_ += Column::RowBytes(own.type, nullable);
    num_regions_ += (*column)->NumRegions();
    return Status::OK();
  };
  arrow::FieldVector fields = store.schema()->fields();
  std::vector<std::string> names;
  for (Source& source : sources_) {
    const auto& column = store.columns()[source.column];
    if (column.type() == ColumnType::kInt64) ARROW_RETURN_NOT_OK(add(false, &source.doubles));
    for (std::string& name : plan_.DerivedNames(column.name)) names.push_back(std::move(name));
  }
  ARROW_RETURN_NOT_OK(CheckNames(store, names));
  derived_.resize(names.size());
  for (size_t i = 0; i < names.size(); ++i) {
    ARROW_RETURN_NOT_OK(add(!plan_.fill_zero, &derived_[i]));
    derived_values_.push_back(derived_[i]->Values<double>());
    fields.push_back(arrow::field(names[i], arrow::float64(), !plan_.fill_zero));
  }
  schema_ = arrow::schema(std::move(fields));
  row_values_.resize(specs_->size());
  row_exists_.resize(specs_->size());
  outputs_.resize(specs_->size());
  return Status::OK();
}

Result<std::shared_ptr<FeatureTable>> FeatureTable::Move(FeatureTable& from,
                                                         const WindowStore& store,
                                                         int64_t first_row, int64_t end_row,
                                                         arrow::MemoryPool* pool) {
  auto table = std::shared_ptr<FeatureTable>(new FeatureTable(from.plan_));
  table->specs_ = from.specs_;
  ARROW_RETURN_NOT_OK(table->Resolve(store));
  ARROW_RETURN_NOT_OK(table->MakeColumns(store));
  for (size_t i = 0; i < table->sources_.size(); ++i) {
    Source& source = table->sources_[i];
    source.state = from.sources_[i].state;
    source.stack = from.sources_[i].stack;
    if (source.doubles != nullptr) table->FillDoubles(store, source, store.floor_row(), end_row);
  }
  for (size_t i = 0; i < table->derived_.size(); ++i) {
    table->derived_[i]->CopyRows(*from.derived_[i], first_row, end_row);
  }
  table->last_read = from.last_read.load();
  return table;
}

void FeatureTable::FillDoubles(const WindowStore& store, const Source& source, int64_t first_row,
                               int64_t end_row) noexcept {
  const Column& integers = *store.columns()[source.column].column;
  for (int64_t row = first_row; row < end_row; ++row) {
    source.doubles->WriteDouble(row, static_cast<double>(integers.GetInt64(row)));
  }
}

void FeatureTable::RunBatch(size_t index, RollingColumn view, int64_t begin_row, int64_t first_row,
                            int64_t end_row, std::span<std::byte> scratch) {
  const int64_t rows = end_row - first_row;
  const int64_t bitmap_bytes = plan_.fill_zero ? 0 : BitmapBytes(rows);
  const auto bitmaps = scratch.first(static_cast<size_t>(bitmap_bytes) * specs_->size());
  const size_t used = (bitmaps.size() + 63) / 64 * 64;
  for (size_t k = 0; k < specs_->size(); ++k) {
    Column& column = *derived_[index * specs_->size() + k];
    outputs_[k].values = column.Values<double>() + (first_row - column.origin_row());
    outputs_[k].validity = plan_.fill_zero ? nullptr
                                           : reinterpret_cast<uint8_t*>(bitmaps.data()) +
                                                 k * static_cast<size_t>(bitmap_bytes);
  }
  kernels::RollStack(*specs_, view, begin_row, first_row, end_row, outputs_, scratch.subspan(used));
  if (plan_.fill_zero) return;
  for (size_t k = 0; k < specs_->size(); ++k) {
    Column& column = *derived_[index * specs_->size() + k];
    for (int64_t i = 0; i < rows; ++i) {
      if ((outputs_[k].validity[i >> 3] >> (i & 7)) & 1) {
        column.WriteDouble(first_row + i, outputs_[k].values[i]);
      } else {
        column.WriteNull(first_row + i);
      }
    }
  }
}

Result<std::shared_ptr<arrow::Buffer>> FeatureTable::Prepare(int64_t rows,
                                                             arrow::MemoryPool* pool) const {
  if (rows <= kPushRows || sources_.empty()) return nullptr;
  int64_t bytes =
      static_cast<int64_t>(kernels::RollStackScratchBytes(*specs_, rows + plan_.LookBackRows()));
  if (!plan_.fill_zero) bytes += BitmapBytes(rows) * static_cast<int64_t>(specs_->size()) + 64;
  ARROW_ASSIGN_OR_RAISE(auto buffer, arrow::AllocateBuffer(std::max<int64_t>(bytes, 64), pool));
  return std::shared_ptr<arrow::Buffer>(std::move(buffer));
}

Status FeatureTable::Compute(const WindowStore& store, int64_t begin_row, int64_t first_row,
                             int64_t end_row, arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(auto scratch, Prepare(std::max(kPushRows + 1, end_row - first_row), pool));
  for (size_t i = 0; i < sources_.size(); ++i) {
    Source& source = sources_[i];
    const Column& column = *store.columns()[source.column].column;
    if (source.doubles != nullptr) FillDoubles(store, source, begin_row, end_row);
    const Column& doubles = source.doubles != nullptr ? *source.doubles : column;
    // A copy of the bits: the writer goes on setting those of later rows in the same words.
    int64_t valid = 0;
    ARROW_ASSIGN_OR_RAISE(auto validity, column.CopyValidity(begin_row, end_row, &valid, pool));
    const RollingColumn view = {
        .values = doubles.Values<double>() + (begin_row - doubles.origin_row()),
        .validity = validity ? validity->data() : nullptr,
        .origin = begin_row};
    if (scratch != nullptr) RunBatch(i, view, begin_row, first_row, end_row, Bytes(*scratch));
    source.stack->Rebuild(view, begin_row, end_row);
  }
  return Status::OK();
}

RollingColumn FeatureTable::WriterView(const WindowStore& store, const Source& source,
                                       int64_t begin_row) const noexcept {
  const Column& column = *store.columns()[source.column].column;
  const Column& doubles = source.doubles != nullptr ? *source.doubles : column;
  return {.values = doubles.Values<double>(),
          .validity = column.WriterValidity(begin_row),
          .origin = column.origin_row()};
}

void FeatureTable::Advance(const WindowStore& store, int64_t begin_row, int64_t first_row,
                           int64_t end_row, arrow::Buffer* scratch) noexcept {
  for (const Source& source : sources_) {
    if (source.doubles != nullptr) FillDoubles(store, source, first_row, end_row);
  }
  if (scratch == nullptr) {
    for (int64_t row = first_row; row < end_row; ++row) PushRow(store, row, begin_row);
    return;
  }
  for (size_t i = 0; i < sources_.size(); ++i) {
    const RollingColumn view = WriterView(store, sources_[i], begin_row);
    RunBatch(i, view, begin_row, first_row, end_row, Bytes(*scratch));
    sources_[i].stack->Rebuild(view, begin_row, end_row);
  }
}

void FeatureTable::PushRow(const WindowStore& store, int64_t row, int64_t begin_row) noexcept {
  const size_t per_column = specs_->size();
  for (size_t i = 0; i < sources_.size(); ++i) {
    Source& source = sources_[i];
    auto* exists = plan_.fill_zero ? nullptr : reinterpret_cast<bool*>(row_exists_.data());
    source.stack->Push(WriterView(store, source, begin_row), row, row_values_.data(), exists);
    if (plan_.fill_zero) {
      const int64_t index = row - store.origin_row();
      double* const* targets = derived_values_.data() + i * per_column;
      for (size_t k = 0; k < per_column; ++k) targets[k][index] = row_values_[k];
      continue;
    }
    for (size_t k = 0; k < per_column; ++k) {
      Column& column = *derived_[i * per_column + k];
      row_exists_[k] ? column.WriteDouble(row, row_values_[k]) : column.WriteNull(row);
    }
  }
}

std::vector<Column*> FeatureTable::shown_columns() const {
  std::vector<Column*> columns;
  for (const auto& column : derived_) columns.push_back(column.get());
  return columns;
}

std::vector<Column*> FeatureTable::history_columns() const {
  std::vector<Column*> columns;
  for (const Source& source : sources_) {
    if (source.doubles != nullptr) columns.push_back(source.doubles.get());
  }
  return columns;
}

}  // namespace headrace::window
