#include "shape/select.h"

#include <algorithm>
#include <utility>

#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include "headrace/error_code.h"
#include "shape/column_index.h"

namespace headrace::shape {
namespace {

class SelectReader final : public arrow::RecordBatchReader {
 public:
  SelectReader(std::shared_ptr<arrow::RecordBatchReader> input,
               std::shared_ptr<arrow::Schema> schema, std::vector<int> places)
      : input_(std::move(input)), schema_(std::move(schema)), places_(std::move(places)) {}

  std::shared_ptr<arrow::Schema> schema() const override { return schema_; }

  Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override {
    ARROW_RETURN_NOT_OK(input_->ReadNext(batch));
    if (*batch == nullptr) return Status::OK();
    std::vector<std::shared_ptr<arrow::Array>> columns;
    columns.reserve(places_.size());
    for (const int place : places_) columns.push_back((*batch)->column(place));
    *batch = arrow::RecordBatch::Make(schema_, (*batch)->num_rows(), std::move(columns));
    return Status::OK();
  }

  Status Close() override { return input_->Close(); }

 private:
  const std::shared_ptr<arrow::RecordBatchReader> input_;
  const std::shared_ptr<arrow::Schema> schema_;
  const std::vector<int> places_;
};

}  // namespace

Result<std::shared_ptr<arrow::RecordBatchReader>> Select(
    std::shared_ptr<arrow::RecordBatchReader> input, const std::vector<std::string>& columns) {
  const std::shared_ptr<arrow::Schema> schema = input->schema();
  if (schema->field_names() == columns) return input;
  std::vector<int> places;
  arrow::FieldVector fields;
  for (const std::string& name : columns) {
    ARROW_ASSIGN_OR_RAISE(const int place, ColumnIndex(*schema, name, "columns"));
    if (std::find(places.begin(), places.end(), place) != places.end()) {
      return MakeError(ErrorCode::kInvalidArgument,
                       fmt::format("the column '{}' is asked for twice", name), {"columns", name});
    }
    places.push_back(place);
    fields.push_back(schema->field(place));
  }
  return std::make_shared<SelectReader>(std::move(input), arrow::schema(std::move(fields)),
                                        std::move(places));
}

}  // namespace headrace::shape
