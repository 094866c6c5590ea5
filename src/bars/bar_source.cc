#include <limits>
#include <utility>
#include <vector>

#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include "bars/bar_arrow.h"
#include "headrace/bar_store.h"
#include "headrace/error_code.h"
#include "headrace/names.h"

namespace headrace {
namespace {

/// What the catalog takes for `bars.NAME_5m`.
class BarSource final : public Source {
 public:
  BarSource(BarStore* store, BarKey key, Timeframe timeframe)
      : store_(store),
        key_(std::move(key)),
        timeframe_(timeframe),
        schema_(bars::BarSchema(key_.zone.empty() ? store->options().zone : key_.zone, false)),
        epoch_(NewEpoch()) {}

  std::shared_ptr<arrow::Schema> schema() const override { return schema_; }

  SourceStatistics statistics() const override { return {.epoch = epoch_}; }

  Result<OpenedSource> Open(const ReadRequest& request) override {
    constexpr int64_t kAll = std::numeric_limits<int64_t>::max();
    ARROW_ASSIGN_OR_RAISE(
        const BarSlice slice,
        store_->Range(key_, timeframe_, std::numeric_limits<int64_t>::min(), kAll, kAll));
    ARROW_ASSIGN_OR_RAISE(auto batch, store_->ToArrow(slice, key_));
    if (request.columns) {
      std::vector<int> fields;
      for (const std::string& name : *request.columns) {
        const int field = schema_->GetFieldIndex(name);
        if (field < 0) {
          return MakeError(ErrorCode::kUnknownName,
                           fmt::format("there is no column '{}'{}", name,
                                       NameHint(name, schema_->field_names())),
                           {"columns"});
        }
        fields.push_back(field);
      }
      ARROW_ASSIGN_OR_RAISE(batch, batch->SelectColumns(fields));
    }
    OpenedSource opened;
    opened.columns_applied = true;
    opened.end_row = batch->num_rows();
    opened.epoch = epoch_;
    ARROW_ASSIGN_OR_RAISE(opened.reader, arrow::RecordBatchReader::Make({batch}, batch->schema()));
    return opened;
  }

 private:
  BarStore* const store_;
  const BarKey key_;
  const Timeframe timeframe_;
  const std::shared_ptr<arrow::Schema> schema_;
  const uint64_t epoch_;
};

}  // namespace

Result<std::shared_ptr<Source>> BarStore::MakeSource(const BarKey& key, Timeframe timeframe) {
  // Says now what would be wrong later.
  ARROW_RETURN_NOT_OK(Last(key, timeframe, 0, std::numeric_limits<int64_t>::max()).status());
  return std::shared_ptr<Source>(std::make_shared<BarSource>(this, key, timeframe));
}

}  // namespace headrace
