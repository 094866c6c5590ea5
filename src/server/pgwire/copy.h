#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "headrace/status.h"

namespace headrace::server::pgwire {

/// `COPY … TO STDOUT` or `COPY … FROM STDIN`.
struct CopyRequest {
  enum Format { kText, kCsv, kBinary };
  bool is_in = false;
  std::string source;  ///< TO: the query; FROM: the table, with its columns
  Format format = kText;
  char delimiter = '\t';
  std::string null = "\\N";
  bool header = false;
  char quote = '"';
  char escape = '"';
};

/// None for any other statement, COPY to and from files among them. kSyntaxError for options that
/// there are not, kNotImplemented for a format or an encoding.
Result<std::optional<CopyRequest>> ReadCopy(std::string_view statement);

}  // namespace headrace::server::pgwire
