#include "server/pgwire/copy_insert.h"

#include <algorithm>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "headrace/error_code.h"

namespace headrace::server::pgwire {
namespace {

// Rows of one INSERT, and values of one, whatever is less.
constexpr size_t kMostRows = 512;
constexpr size_t kMostValues = 4096;
constexpr size_t kMostWaitingBytes = 16 << 20;  // a row

/// A query whose columns are those that `target` names: "t (a, b)", or all of "t".
std::string ColumnsQuery(const std::string& target) {
  const size_t open = target.find('(');
  if (open == std::string::npos) return fmt::format("SELECT * FROM {}", target);
  const std::string names = target.substr(open + 1, target.rfind(')') - open - 1);
  return fmt::format("SELECT {} FROM {}", names, target.substr(0, open));
}

std::string InsertOf(const std::string& target, size_t rows, size_t columns) {
  std::string sql = fmt::format("INSERT INTO {} VALUES ", target);
  size_t number = 0;
  for (size_t row = 0; row < rows; ++row) {
    for (size_t column = 0; column < columns; ++column) {
      sql += fmt::format("{}${}", column == 0 ? (row == 0 ? "(" : ", (") : ", ", ++number);
    }
    sql += ')';
  }
  return sql;
}

}  // namespace

Result<CopyInsert> CopyInsert::Make(const CopyRequest& request, sql::Session* session,
                                    OptionsOf options_of) {
  ARROW_ASSIGN_OR_RAISE(const auto probe, session->Prepare(ColumnsQuery(request.source)));
  return CopyInsert(request, session, std::move(options_of), probe->columns().size());
}

CopyInsert::CopyInsert(const CopyRequest& request, sql::Session* session, OptionsOf options_of,
                       size_t num_columns)
    : target_(request.source),
      session_(session),
      options_of_(std::move(options_of)),
      num_columns_(num_columns),
      batch_rows_(std::clamp<size_t>(kMostValues / std::max<size_t>(num_columns, 1), 1, kMostRows)),
      parser_(request) {}

Status CopyInsert::Add(std::string_view data) {
  parser_.Add(data);
  return TakeRows(false);
}

Status CopyInsert::Finish() {
  ARROW_RETURN_NOT_OK(TakeRows(true));
  return Insert();
}

Status CopyInsert::TakeRows(bool end) {
  while (true) {
    ARROW_ASSIGN_OR_RAISE(auto row, parser_.Next(end));
    if (!row) break;
    ARROW_RETURN_NOT_OK(TakeRow(*std::move(row)));
  }
  if (parser_.waiting_bytes() <= kMostWaitingBytes) return Status::OK();
  return MakeError(ErrorCode::kTooLarge, "a row of COPY data is too long");
}

Status CopyInsert::TakeRow(CopyParser::Row row) {
  if (row.size() != num_columns_) {
    return MakeError(
        ErrorCode::kTypeMismatch,
        fmt::format("row {} has {} columns, and {} are expected",
                    num_rows_ + static_cast<int64_t>(waiting_rows_) + 1, row.size(), num_columns_));
  }
  for (auto& value : row) {
    if (value) {
      values_.emplace_back(*std::move(value));
    } else {
      values_.emplace_back(std::monostate());
    }
  }
  return ++waiting_rows_ == batch_rows_ ? Insert() : Status::OK();
}

Status CopyInsert::Insert() {
  if (waiting_rows_ == 0) return Status::OK();
  const size_t rows = std::exchange(waiting_rows_, 0);
  std::shared_ptr<sql::Prepared> prepared = rows == batch_rows_ ? full_ : nullptr;
  if (prepared == nullptr) {
    ARROW_ASSIGN_OR_RAISE(prepared, session_->Prepare(InsertOf(target_, rows, num_columns_)));
    if (rows == batch_rows_) full_ = prepared;
  }
  ARROW_RETURN_NOT_OK(session_->Run(*prepared, options_of_(std::exchange(values_, {}))).status());
  num_rows_ += static_cast<int64_t>(rows);
  return Status::OK();
}

}  // namespace headrace::server::pgwire
