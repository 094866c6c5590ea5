#include "delivery/opened_rows.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include <arrow/compute/expression.h>
#include <arrow/record_batch.h>

#include "expr/filter.h"
#include "headrace/error_code.h"
#include "shape/filter.h"
#include "shape/limit.h"
#include "shape/number_rows.h"

namespace headrace::delivery {
namespace {

using Reader = std::shared_ptr<arrow::RecordBatchReader>;

/// All columns that a source has to give for a filter to be applied behind it.
std::optional<std::vector<std::string>> ColumnsWithThoseOf(const ReadRequest& pushed) {
  auto columns = pushed.columns;
  if (!columns) return columns;
  for (const std::string& name : expr::ColumnsOf(*pushed.filter)) {
    if (std::find(columns->begin(), columns->end(), name) == columns->end()) {
      columns->push_back(name);
    }
  }
  return columns;
}

/// Gives no more batches once nobody wants them.
class StoppableReader final : public arrow::RecordBatchReader {
 public:
  StoppableReader(Reader input, std::shared_ptr<std::atomic<bool>> stop)
      : input_(std::move(input)), stop_(std::move(stop)) {}
  std::shared_ptr<arrow::Schema> schema() const override { return input_->schema(); }
  Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override {
    *batch = nullptr;
    if (stop_->load(std::memory_order_relaxed)) {
      return MakeError(ErrorCode::kCancelled, "nobody wants the rows any more");
    }
    return input_->ReadNext(batch);
  }
  Status Close() override { return input_->Close(); }

 private:
  const Reader input_;
  const std::shared_ptr<std::atomic<bool>> stop_;
};

/// What the source has left of a request is done to one of its readers.
Result<Reader> Finish(Reader reader, const ReadRequest& pushed, const OpenedSource& opened,
                      arrow::MemoryPool* pool) {
  if (pushed.stop != nullptr) {
    reader = std::make_shared<StoppableReader>(std::move(reader), pushed.stop);
  }
  if (!opened.start_applied) {
    ARROW_ASSIGN_OR_RAISE(reader, shape::Limit(std::move(reader), pushed.start_row, std::nullopt));
  }
  if (!pushed.row_number_column.empty() && !opened.rows_numbered) {
    const int64_t first = opened.start_applied ? opened.first_row : pushed.start_row;
    ARROW_ASSIGN_OR_RAISE(
        reader, shape::NumberRows(std::move(reader), pushed.row_number_column, first, pool));
  }
  if (pushed.filter == nullptr || opened.filter_applied) return reader;
  // The source may have got columns since its schema was asked for.
  ARROW_ASSIGN_OR_RAISE(auto bound, expr::BindFilter(*pushed.filter, *reader->schema()));
  return shape::Filter(std::move(reader),
                       std::make_shared<arrow::compute::Expression>(std::move(bound)), pool);
}

/// Whether the source has done what has to come before the limit.
bool IsFiltered(const ReadRequest& pushed, const OpenedSource& opened) {
  return (pushed.filter == nullptr || opened.filter_applied) &&
         (pushed.start_row == 0 || opened.start_applied) &&
         (pushed.row_number_column.empty() || opened.rows_numbered);
}

}  // namespace

std::vector<Reader> ReadersOf(OpenedSource opened) {
  std::vector<Reader> readers = {std::move(opened.reader)};
  std::move(opened.more_readers.begin(), opened.more_readers.end(), std::back_inserter(readers));
  return readers;
}

Result<OpenedSource> OpenFiltered(Source& source, const ReadRequest& pushed,
                                  arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(OpenedSource opened, source.Open(pushed));
  if (!IsFiltered(pushed, opened)) {
    // A limit comes behind the filter, and the filter has columns of its own: again without either.
    ReadRequest plain = pushed;
    plain.filter = nullptr;
    plain.row_number_column.clear();
    if (!opened.start_applied) plain.start_row = 0;
    if (pushed.filter != nullptr || !opened.start_applied) plain.limit = std::nullopt;
    if (pushed.filter != nullptr) plain.columns = ColumnsWithThoseOf(pushed);
    plain.dictionary_columns.clear();
    if (plain.start_row != pushed.start_row) plain.num_readers = 1;
    ARROW_RETURN_NOT_OK(opened.reader->Close());
    ARROW_ASSIGN_OR_RAISE(opened, source.Open(plain));
    opened.filter_applied = false;
    opened.start_applied = opened.start_applied && plain.start_row == pushed.start_row;
    opened.columns_applied = opened.columns_applied && pushed.filter == nullptr;
    opened.limit_applied = opened.limit_applied && plain.limit == pushed.limit;
  }
  OpenedSource finished = opened;
  finished.more_readers.clear();
  for (Reader& reader : ReadersOf(std::move(opened))) {
    ARROW_ASSIGN_OR_RAISE(reader, Finish(std::move(reader), pushed, finished, pool));
    finished.more_readers.push_back(std::move(reader));
  }
  if (!finished.start_applied) finished.first_row = pushed.start_row;
  finished.reader = std::move(finished.more_readers.front());
  finished.more_readers.erase(finished.more_readers.begin());
  return finished;
}

}  // namespace headrace::delivery
