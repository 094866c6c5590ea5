#pragma once

#include <memory>
#include <string>
#include <vector>

#include <arrow/type_fwd.h>

#include "headrace/status.h"

namespace headrace::scan {

/// Brings the schemas of files together by name. Columns are in the order in which they are first
/// seen; a type that differs is widened where no value can change (integers, float to double,
/// decimals, finer timestamps, days to times without a zone, null to anything, dictionary to its
/// values), else refused.
class SchemaUnion {
 public:
  /// kTypeMismatch, naming the file, the column and both types; kInvalidArgument if the file has
  /// two columns of one name.
  Status Add(const arrow::Schema& schema, const std::string& path);

  std::shared_ptr<arrow::Schema> schema() const;

 private:
  struct Column {
    std::shared_ptr<arrow::Field> field;
    std::string path;  // the file that gave it its type
  };
  std::vector<Column> columns_;
};

}  // namespace headrace::scan
