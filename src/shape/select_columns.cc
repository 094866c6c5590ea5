#include "shape/select_columns.h"

#include <utility>

#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "shape/column_index.h"

namespace headrace::shape {
namespace {

class SelectReader final : public arrow::RecordBatchReader {
 public:
  SelectReader(std::shared_ptr<arrow::RecordBatchReader> reader,
               std::shared_ptr<arrow::Schema> schema, std::vector<int> columns)
      : reader_(std::move(reader)), schema_(std::move(schema)), columns_(std::move(columns)) {}

  std::shared_ptr<arrow::Schema> schema() const override { return schema_; }

  Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override {
    ARROW_RETURN_NOT_OK(reader_->ReadNext(batch));
    if (*batch == nullptr) return Status::OK();
    std::vector<std::shared_ptr<arrow::Array>> columns;
    columns.reserve(columns_.size());
    for (const int index : columns_) columns.push_back((*batch)->column(index));
    *batch = arrow::RecordBatch::Make(schema_, (*batch)->num_rows(), std::move(columns));
    return Status::OK();
  }

  Status Close() override { return reader_->Close(); }

 private:
  std::shared_ptr<arrow::RecordBatchReader> reader_;
  std::shared_ptr<arrow::Schema> schema_;
  std::vector<int> columns_;
};

}  // namespace

Result<std::shared_ptr<arrow::RecordBatchReader>> SelectColumns(
    std::shared_ptr<arrow::RecordBatchReader> reader, const std::vector<std::string>& columns) {
  const std::shared_ptr<arrow::Schema> from = reader->schema();
  arrow::FieldVector fields;
  std::vector<int> indices;
  for (const std::string& name : columns) {
    ARROW_ASSIGN_OR_RAISE(const int index, ColumnIndex(*from, name));
    indices.push_back(index);
    fields.push_back(from->field(index));
  }
  auto schema = arrow::schema(std::move(fields), from->metadata());
  return std::make_shared<SelectReader>(std::move(reader), std::move(schema), std::move(indices));
}

}  // namespace headrace::shape
