#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "headrace/status.h"
#include "server/pgwire/copy_rows.h"
#include "sql/session.h"

namespace headrace::server::pgwire {

/// Puts the data of `COPY … FROM STDIN` into its table, by INSERTs of many rows each. What they
/// begin they do not end: the transaction is the caller's. Thread rule: that of the session.
class CopyInsert {
 public:
  /// How one INSERT with these parameters is run.
  using OptionsOf = std::function<sql::RunOptions(std::vector<sql::Parameter>)>;

  /// Errors as Session::Prepare() has them for a table or a column that there is not. `session`
  /// outlives what is made.
  static Result<CopyInsert> Make(const CopyRequest& request, sql::Session* session,
                                 OptionsOf options_of);

  /// Takes data, however it was cut. kTypeMismatch for a row of another width, kTooLarge for one
  /// that does not end, and the errors of Session::Run(); after one nothing more is to be added.
  Status Add(std::string_view data);
  /// After the last data: inserts what is left.
  Status Finish();

  size_t num_columns() const noexcept { return num_columns_; }
  /// That were inserted.
  int64_t num_rows() const noexcept { return num_rows_; }

 private:
  CopyInsert(const CopyRequest& request, sql::Session* session, OptionsOf options_of,
             size_t num_columns);

  Status TakeRows(bool end);
  Status TakeRow(CopyParser::Row row);
  Status Insert();

  std::string target_;  // the table, with its columns
  sql::Session* session_;
  OptionsOf options_of_;
  size_t num_columns_;
  size_t batch_rows_;  // of a full INSERT
  CopyParser parser_;
  std::shared_ptr<sql::Prepared> full_;  // null until it is needed
  std::vector<sql::Parameter> values_;   // of the rows that wait
  size_t waiting_rows_ = 0;
  int64_t num_rows_ = 0;
};

}  // namespace headrace::server::pgwire
