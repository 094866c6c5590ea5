#include "delivery/table_page.h"

#include <limits>
#include <utility>

#include <arrow/array/array_primitive.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include "delivery/cursor.h"
#include "headrace/error_code.h"

namespace headrace::delivery {
namespace {

constexpr int64_t kMostRows = std::numeric_limits<int64_t>::max() / 4;
// No file has it by accident: names of columns are text, and this is no text that anybody types.
constexpr const char* kRowNumbers = "\x01row";

/// Whether rows come as the source has them, so that their numbers say where a page ends.
bool KeepsRowsOfSource(const TableRequest& request) {
  return !Groups(request) && request.order_by.empty();
}

Status Misplaced(std::string_view message) {
  return MakeError(ErrorCode::kInvalidArgument, std::string(message), {"cursor"});
}

Status GoOnFrom(const std::string& text, uint64_t hash, TableRequest* request) {
  ARROW_ASSIGN_OR_RAISE(const Cursor cursor, Cursor::Parse(text));
  if (request->offset > 0) return Misplaced("cursor and offset do not go together: leave one out");
  if (cursor.request != hash || (cursor.kind == 'r') != KeepsRowsOfSource(*request)) {
    return Misplaced(
        "the cursor is of another request, or of rows that are no longer what they were: begin "
        "again without it");
  }
  (cursor.kind == 'r' ? request->start_row : request->offset) = cursor.position;
  return Status::OK();
}

/// Rows that were read already.
struct CollectedRows {
  std::shared_ptr<arrow::Schema> schema;
  arrow::RecordBatchVector batches;
  int64_t num_rows = 0;
};

Result<CollectedRows> Collect(arrow::RecordBatchReader& reader) {
  CollectedRows rows{.schema = reader.schema()};
  std::shared_ptr<arrow::RecordBatch> batch;
  while (true) {
    ARROW_RETURN_NOT_OK(reader.ReadNext(&batch));
    if (batch == nullptr) return rows;
    rows.num_rows += batch->num_rows();
    if (batch->num_rows() > 0) rows.batches.push_back(std::move(batch));
  }
}

int64_t LastNumber(const arrow::RecordBatch& batch) {
  const auto& numbers = static_cast<const arrow::Int64Array&>(*batch.columns().back());
  return numbers.Value(numbers.length() - 1);
}

/// All but the last row, and the last column if that is the numbers.
Result<std::shared_ptr<arrow::RecordBatchReader>> WithoutNext(CollectedRows rows, bool drop_row,
                                                              bool drop_numbers) {
  if (drop_row) {
    auto& last = rows.batches.back();
    last = last->Slice(0, last->num_rows() - 1);
  }
  if (drop_numbers) {
    const int numbers = rows.schema->num_fields() - 1;
    ARROW_ASSIGN_OR_RAISE(rows.schema, rows.schema->RemoveField(numbers));
    for (auto& batch : rows.batches) {
      ARROW_ASSIGN_OR_RAISE(batch, batch->RemoveColumn(numbers));
    }
  }
  return arrow::RecordBatchReader::Make(std::move(rows.batches), std::move(rows.schema));
}

/// Opens one page; `limit` is given.
class PageOpener {
 public:
  PageOpener(Source& source, const TableRequest& request, arrow::MemoryPool* pool)
      : source_(source), request_(request), pool_(pool) {}

  Result<TablePage> Open() {
    if (!KeepsRowsOfSource(request_)) return OpenCollected();
    if (!request_.filter.empty() || request_.bound_filter != nullptr) return OpenByNumbers();
    ARROW_ASSIGN_OR_RAISE(page_.reader, OpenTable(source_, request_, pool_, &place_));
    if (!place_.end_row) return OpenByNumbers();
    const int64_t next = place_.first_row + *request_.limit;
    if (next < *place_.end_row) next_ = next;
    return std::move(page_);
  }

  std::optional<int64_t> next() const { return next_; }
  int64_t first_row() const { return place_.first_row; }

 private:
  /// One row more than the page, to see whether there is one.
  TableRequest OneMore() const {
    TableRequest more = request_;
    more.limit = *request_.limit + 1;
    return more;
  }

  /// The result has to be there before its first row: it is kept.
  Result<TablePage> OpenCollected() {
    ARROW_ASSIGN_OR_RAISE(const auto reader, OpenTable(source_, OneMore(), pool_, &place_));
    ARROW_ASSIGN_OR_RAISE(auto rows, Collect(*reader));
    const bool more = rows.num_rows > *request_.limit;
    if (more) next_ = request_.offset + *request_.limit;
    ARROW_ASSIGN_OR_RAISE(page_.reader, WithoutNext(std::move(rows), more, false));
    return std::move(page_);
  }

  /// The number of the first row behind the page is where the next one begins. Files stay as they
  /// are, and are looked at for that alone; of memory the page is kept, for it may move on.
  Result<TablePage> OpenByNumbers() {
    const bool in_files = !source_.files().empty();
    TableRequest numbered = OneMore();
    numbered.row_number_column = kRowNumbers;
    if (in_files) numbered.columns.emplace();
    ARROW_ASSIGN_OR_RAISE(const auto reader, OpenTable(source_, numbered, pool_, &place_));
    if (in_files) {
      ARROW_RETURN_NOT_OK(FindNext(*reader));
      ARROW_ASSIGN_OR_RAISE(page_.reader, OpenTable(source_, request_, pool_));
      return std::move(page_);
    }
    ARROW_ASSIGN_OR_RAISE(auto rows, Collect(*reader));
    const bool more = rows.num_rows > *request_.limit;
    if (more) next_ = LastNumber(*rows.batches.back());
    ARROW_ASSIGN_OR_RAISE(page_.reader, WithoutNext(std::move(rows), more, true));
    return std::move(page_);
  }

  Status FindNext(arrow::RecordBatchReader& reader) {
    int64_t rows = 0;
    std::shared_ptr<arrow::RecordBatch> batch;
    while (true) {
      ARROW_RETURN_NOT_OK(reader.ReadNext(&batch));
      if (batch == nullptr) return Status::OK();
      rows += batch->num_rows();
      if (rows > *request_.limit) next_ = LastNumber(*batch);
    }
  }

  Source& source_;
  const TableRequest& request_;
  arrow::MemoryPool* const pool_;
  TablePlace place_;
  TablePage page_;
  std::optional<int64_t> next_;
};

}  // namespace

Result<TablePage> OpenPage(Source& source, std::string_view name, TableRequest request,
                           const std::optional<std::string>& cursor, arrow::MemoryPool* pool) {
  const uint64_t hash = RequestHash(request, name, source.statistics().epoch);
  if (cursor) ARROW_RETURN_NOT_OK(GoOnFrom(*cursor, hash, &request));
  TablePage page;
  const int64_t wanted = request.start_row;
  // What is chosen of the rows up to the limit is all there is.
  const bool whole = !request.limit || Chooses(request);
  if (whole || *request.limit > kMostRows || request.offset > kMostRows) {
    TablePlace place;
    ARROW_ASSIGN_OR_RAISE(page.reader, OpenTable(source, request, pool, &place));
    if (cursor) page.rows_missed = std::max<int64_t>(0, place.first_row - wanted);
    return page;
  }
  PageOpener opener(source, request, pool);
  ARROW_ASSIGN_OR_RAISE(page, opener.Open());
  if (cursor && KeepsRowsOfSource(request)) {
    page.rows_missed = std::max<int64_t>(0, opener.first_row() - wanted);
  }
  if (opener.next() && *request.limit > 0) {
    const char kind = KeepsRowsOfSource(request) ? 'r' : 'o';
    page.next_cursor = Cursor{.kind = kind, .position = *opener.next(), .request = hash}.ToString();
  }
  return page;
}

}  // namespace headrace::delivery
