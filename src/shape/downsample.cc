#include "shape/downsample.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <utility>

#include <arrow/array.h>
#include <arrow/buffer.h>
#include <arrow/compute/api_vector.h>
#include <arrow/compute/exec.h>
#include <arrow/compute/initialize.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include "headrace/error_code.h"
#include "headrace/memory_budget.h"
#include "shape/column_index.h"
#include "shape/computed_reader.h"
#include "shape/group_keys.h"
#include "shape/point_series.h"
#include "shape/series_rows.h"

namespace headrace::shape {
namespace {

using ReaderPtr = std::shared_ptr<arrow::RecordBatchReader>;

struct MethodName {
  std::string_view name;
  DownsampleMethod method;
};
constexpr std::array<MethodName, 4> kMethods = {{{"minmaxlttb", DownsampleMethod::kMinMaxLttb},
                                                 {"lttb", DownsampleMethod::kLttb},
                                                 {"minmax", DownsampleMethod::kMinMax},
                                                 {"m4", DownsampleMethod::kM4}}};

struct BoundDownsample {
  std::vector<int> places;  // of x and the ys
  std::vector<std::shared_ptr<arrow::DataType>> types;
  std::optional<int> by;
  std::optional<PointAxis> axis;
  std::shared_ptr<arrow::Schema> schema;
};

Status CheckPoints(const DownsamplePlan& plan) {
  const int64_t least = plan.method == DownsampleMethod::kM4 ? 4 : 2;
  if (plan.points >= least && plan.points <= kMaxDownsamplePoints) return Status::OK();
  return MakeError(
      ErrorCode::kInvalidArgument,
      fmt::format("points are {} to {}, not {}", least, kMaxDownsamplePoints, plan.points),
      {"points"});
}

std::shared_ptr<arrow::DataType> DecodedType(const std::shared_ptr<arrow::DataType>& type) {
  if (type->id() != arrow::Type::DICTIONARY) return type;
  return static_cast<const arrow::DictionaryType&>(*type).value_type();
}

Result<BoundDownsample> Bind(const arrow::Schema& schema, const DownsamplePlan& plan) {
  ARROW_RETURN_NOT_OK(CheckPoints(plan));
  if (plan.y.empty() || plan.y.size() >= kMaxPointColumns) {
    return MakeError(
        ErrorCode::kInvalidArgument,
        fmt::format("y names 1 to {} columns, not {}", kMaxPointColumns - 1, plan.y.size()), {"y"});
  }
  BoundDownsample bound;
  arrow::FieldVector fields;
  const auto add = [&](const std::string& name, const char* argument) -> Result<int> {
    ARROW_ASSIGN_OR_RAISE(const int place, ColumnIndex(schema, name, argument));
    for (const auto& field : fields) {
      if (field->name() != name) continue;
      return MakeError(ErrorCode::kInvalidArgument,
                       fmt::format("the column '{}' is asked for twice", name), {argument, name});
    }
    fields.push_back(schema.field(place));
    return place;
  };
  ARROW_ASSIGN_OR_RAISE(const int x, add(plan.x, "x"));
  ARROW_ASSIGN_OR_RAISE(bound.axis, PointAxis::Make(*schema.field(x)->type(), plan.x));
  bound.places.push_back(x);
  for (const std::string& name : plan.y) {
    ARROW_ASSIGN_OR_RAISE(const int y, add(name, "y"));
    ARROW_RETURN_NOT_OK(PointValues::CheckType(*schema.field(y)->type(), name));
    bound.places.push_back(y);
  }
  for (const int place : bound.places) bound.types.push_back(schema.field(place)->type());
  if (plan.by) {
    ARROW_ASSIGN_OR_RAISE(bound.by, add(*plan.by, "by"));
    fields.back() = fields.back()->WithType(DecodedType(fields.back()->type()));
    ARROW_RETURN_NOT_OK(
        GroupKeys::Make({schema.field(*bound.by)->type()}, arrow::default_memory_pool()));
  }
  bound.schema = arrow::schema(std::move(fields));
  return bound;
}

class DownsampleReader final : public ComputedReader {
 public:
  DownsampleReader(ReaderPtr input, BoundDownsample bound, const DownsamplePlan& plan,
                   arrow::MemoryPool* pool)
      : ComputedReader({std::move(input)}, bound.schema, "the downsampling"),
        bound_(std::move(bound)),
        options_({.method = plan.method, .points = plan.points}),
        pool_(pool),
        records_(bound_.types),
        arranger_(*bound_.axis, pool),
        share_(pool) {}

 private:
  Status Compute() override {
    Status status = ReadRows();
    if (!status.ok() && CodeOf(status) == ErrorCode::kMemoryLimit) status = NameRows(status);
    if (status.ok() && keys_ != nullptr) status = keys_->Values().Value(&by_values_);
    arranger_.Clear();
    ARROW_RETURN_NOT_OK(status);
    order_.resize(series_.size());
    std::iota(order_.begin(), order_.end(), size_t{0});
    std::sort(order_.begin(), order_.end(), [&](size_t a, size_t b) {
      return series_[a]->first_row() < series_[b]->first_row();
    });
    return Status::OK();
  }

  void Release() override {
    order_.clear();
    series_.clear();
    keys_.reset();
    by_values_.clear();
    share_.Clear();
  }

  Status ReadRows() {
    if (bound_.by) {
      ARROW_ASSIGN_OR_RAISE(keys_,
                            GroupKeys::Make({input().schema()->field(*bound_.by)->type()}, pool_));
    }
    return ReadAll(
        input(), [this](const std::shared_ptr<arrow::RecordBatch>& batch) { return Add(*batch); });
  }

  Status Add(const arrow::RecordBatch& batch) {
    if (batch.num_rows() == 0) return Status::OK();
    const uint32_t* series = nullptr;
    if (keys_ != nullptr) {
      ARROW_ASSIGN_OR_RAISE(series, keys_->Number({batch.column(*bound_.by)}));
    }
    ARROW_RETURN_NOT_OK(AddSeries(keys_ == nullptr ? 1 : keys_->num_groups()));
    arrow::ArrayVector columns;
    for (const int place : bound_.places) columns.push_back(batch.column(place));
    ARROW_ASSIGN_OR_RAISE(const SeriesRows rows,
                          arranger_.Arrange(std::move(columns), series,
                                            static_cast<int64_t>(series_.size()), num_rows_));
    for (const auto& stretch : rows.stretches) {
      ARROW_RETURN_NOT_OK(series_[stretch.series]->Add(rows.batch, stretch.begin, stretch.end));
    }
    num_rows_ += batch.num_rows();
    return Status::OK();
  }

  Status AddSeries(int64_t count) {
    // What they take themselves, which is not from the pool.
    ARROW_RETURN_NOT_OK(
        share_.Reserve(count * static_cast<int64_t>(sizeof(PointSeries) + 2 * sizeof(size_t))));
    while (static_cast<int64_t>(series_.size()) < count) {
      series_.push_back(std::make_unique<PointSeries>(options_, records_, *bound_.axis, pool_));
    }
    return Status::OK();
  }

  Status NameRows(const Status& refused) const {
    int64_t bytes = share_.bytes();
    for (const auto& series : series_) bytes += series->bytes();
    return MakeError(ErrorCode::kMemoryLimit,
                     fmt::format("{} series hold {} after {} rows and do not fit: {}{}",
                                 series_.size(), FormatByteSize(bytes), num_rows_,
                                 options_.method == DownsampleMethod::kLttb
                                     ? "lttb holds all rows, minmaxlttb only some for each point; "
                                     : "ask for fewer points or series; ",
                                 refused.message()));
  }

  // Series after series, as many as make a batch.
  Status NextBatch(std::shared_ptr<arrow::RecordBatch>* batch) override {
    std::vector<const std::byte*> rows;
    PoolVector<uint32_t> series(pool_);
    const size_t first = next_;
    while (next_ < order_.size() && static_cast<int64_t>(rows.size()) < kComputedBatchRows) {
      const size_t number = order_[next_++];
      ARROW_ASSIGN_OR_RAISE(const auto chosen, series_[number]->Chosen());
      rows.insert(rows.end(), chosen.begin(), chosen.end());
      ARROW_RETURN_NOT_OK(
          series.Resize(static_cast<int64_t>(rows.size()), static_cast<uint32_t>(number)));
    }
    if (rows.empty()) {
      Release();
      return Status::OK();
    }
    ARROW_ASSIGN_OR_RAISE(auto columns, records_.ColumnsOf(rows, pool_));
    if (bound_.by) {
      ARROW_ASSIGN_OR_RAISE(auto by, ByColumn(series));
      columns.push_back(std::move(by));
    }
    for (size_t i = first; i < next_; ++i) series_[order_[i]].reset();
    *batch = arrow::RecordBatch::Make(bound_.schema, static_cast<int64_t>(rows.size()),
                                      std::move(columns));
    return Status::OK();
  }

  Result<std::shared_ptr<arrow::Array>> ByColumn(const PoolVector<uint32_t>& series) const {
    const arrow::UInt32Array indices(
        series.size(),
        std::make_shared<arrow::Buffer>(reinterpret_cast<const uint8_t*>(series.data()),
                                        series.size() * static_cast<int64_t>(sizeof(uint32_t))));
    arrow::compute::ExecContext context(pool_, nullptr);
    ARROW_ASSIGN_OR_RAISE(
        const arrow::Datum taken,
        arrow::compute::Take(by_values_[0], arrow::Datum(indices.data()),
                             arrow::compute::TakeOptions::NoBoundsCheck(), &context));
    return taken.make_array();
  }

  const BoundDownsample bound_;
  const PointSeries::Options options_;
  arrow::MemoryPool* const pool_;
  const PointRecords records_;
  SeriesArranger arranger_;
  std::unique_ptr<GroupKeys> keys_;  // null without `by`
  std::vector<std::unique_ptr<PointSeries>> series_;
  PoolVector<std::byte> share_;
  arrow::ArrayVector by_values_;
  std::vector<size_t> order_;  // of the series
  size_t next_ = 0;
  int64_t num_rows_ = 0;
};

}  // namespace

Result<DownsampleMethod> ParseDownsampleMethod(std::string_view name) {
  for (const MethodName& known : kMethods) {
    if (known.name == name) return known.method;
  }
  return MakeError(ErrorCode::kInvalidArgument,
                   fmt::format("'{}' is no way to downsample: there are minmaxlttb, lttb, minmax "
                               "and m4",
                               name),
                   {"downsample"});
}

Result<std::shared_ptr<arrow::Schema>> DownsampleSchema(const arrow::Schema& schema,
                                                        const DownsamplePlan& plan) {
  ARROW_ASSIGN_OR_RAISE(const BoundDownsample bound, Bind(schema, plan));
  return bound.schema;
}

Result<ReaderPtr> Downsample(ReaderPtr input, const DownsamplePlan& plan, arrow::MemoryPool* pool) {
  static const Status initialized = arrow::compute::Initialize();
  ARROW_RETURN_NOT_OK(initialized);
  ARROW_ASSIGN_OR_RAISE(BoundDownsample bound, Bind(*input->schema(), plan));
  return std::make_shared<DownsampleReader>(std::move(input), std::move(bound), plan, pool);
}

}  // namespace headrace::shape
