#include "server/http/table_json.h"

#include <iterator>
#include <optional>

#include <arrow/type.h>
#include <fmt/format.h>

#include "codec/json_rows.h"

namespace headrace::server {
namespace {

std::string CountOrNull(std::optional<int64_t> count) {
  return count ? std::to_string(*count) : "null";
}

}  // namespace

void WriteSchema(const arrow::Schema& schema, std::string* out) {
  *out += '[';
  for (int i = 0; i < schema.num_fields(); ++i) {
    const auto& field = schema.field(i);
    *out += i > 0 ? R"(,{"name":)" : R"({"name":)";
    codec::WriteJsonString(field->name(), out);
    *out += R"(,"type":)";
    codec::WriteJsonString(field->type()->ToString(), out);
    fmt::format_to(std::back_inserter(*out), R"(,"nullable":{}}})", field->nullable());
  }
  *out += ']';
}

void WriteTableInfo(const delivery::TableInfo& info, std::string* out) {
  // Names of sources need no escapes.
  fmt::format_to(std::back_inserter(*out),
                 R"({{"name":"{}","full_name":"{}","kind":"{}","rows":{},"bytes":{},"schema":)",
                 info.name, info.full_name, PrefixOf(info.kind),
                 CountOrNull(info.statistics.num_rows), CountOrNull(info.statistics.num_bytes));
  WriteSchema(*info.schema, out);
  *out += '}';
}

}  // namespace headrace::server
