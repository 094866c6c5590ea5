#pragma once

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include <arrow/array/array_primitive.h>
#include <arrow/builder.h>
#include <arrow/record_batch.h>
#include <arrow/table.h>

namespace headrace::testing {

/// int64 `a`: begin, begin + 1, ...; double `b`: half of it, null where it is a multiple of three.
inline std::shared_ptr<arrow::RecordBatch> Numbers(int64_t begin, int64_t rows) {
  arrow::Int64Builder a;
  arrow::DoubleBuilder b;
  for (int64_t i = begin; i < begin + rows; ++i) {
    if (!a.Append(i).ok()) return nullptr;
    if (!(i % 3 == 0 ? b.AppendNull() : b.Append(static_cast<double>(i) / 2)).ok()) return nullptr;
  }
  return arrow::RecordBatch::Make(
      arrow::schema({arrow::field("a", arrow::int64()), arrow::field("b", arrow::float64())}), rows,
      {a.Finish().ValueOrDie(), b.Finish().ValueOrDie()});
}

/// Gives the batches, at least one, in turn; says whether it was closed.
class ListReader final : public arrow::RecordBatchReader {
 public:
  ListReader(arrow::RecordBatchVector batches, bool* closed)
      : schema_(batches.front()->schema()), batches_(std::move(batches)), closed_(closed) {}
  std::shared_ptr<arrow::Schema> schema() const override { return schema_; }
  arrow::Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override {
    *batch = next_ < batches_.size() ? batches_[next_++] : nullptr;
    return arrow::Status::OK();
  }
  arrow::Status Close() override {
    if (closed_ != nullptr) *closed_ = true;
    return arrow::Status::OK();
  }

 private:
  const std::shared_ptr<arrow::Schema> schema_;
  const arrow::RecordBatchVector batches_;
  bool* const closed_;
  size_t next_ = 0;
};

inline std::shared_ptr<arrow::RecordBatchReader> ReaderOf(arrow::RecordBatchVector batches,
                                                          bool* closed = nullptr) {
  return std::make_shared<ListReader>(std::move(batches), closed);
}

/// The values of the first column, an int64 one without nulls.
inline std::vector<int64_t> FirstColumn(const arrow::Table& table) {
  std::vector<int64_t> values;
  for (const auto& chunk : table.column(0)->chunks()) {
    const auto& numbers = static_cast<const arrow::Int64Array&>(*chunk);
    for (int64_t i = 0; i < numbers.length(); ++i) values.push_back(numbers.Value(i));
  }
  return values;
}

}  // namespace headrace::testing
