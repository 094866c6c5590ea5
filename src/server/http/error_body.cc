#include "server/http/error_body.h"

#include <algorithm>
#include <span>
#include <string>
#include <vector>

#include "codec/json_rows.h"
#include "headrace/error_code.h"

namespace headrace::server {
namespace {

bool IsPosition(std::string_view text) {
  return !text.empty() && text.size() < 19 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

void WriteLocation(std::span<const std::string> location, bool positions_are_numbers,
                   std::string* out) {
  *out += '[';
  for (size_t i = 0; i < location.size(); ++i) {
    if (i > 0) *out += ',';
    if (positions_are_numbers && i > 0 && IsPosition(location[i])) {
      *out += location[i];
    } else {
      codec::WriteJsonString(location[i], out);
    }
  }
  *out += ']';
}

}  // namespace

void WriteErrorBody(const Status& status, std::string* out) {
  const ErrorKind& kind = Describe(CodeOf(status));
  const auto location = LocationOf(status);
  *out += R"({"error":{"code":)";
  codec::WriteJsonString(kind.name, out);
  *out += R"(,"message":)";
  codec::WriteJsonString(status.message(), out);
  *out += R"(,"location":)";
  WriteLocation(location, false, out);
  *out += R"(},"detail":)";
  if (kind.http_status == 422) {
    *out += R"([{"type":)";
    codec::WriteJsonString(kind.name, out);
    *out += R"(,"loc":)";
    WriteLocation(location, true, out);
    *out += R"(,"msg":)";
    codec::WriteJsonString(status.message(), out);
    *out += "}]";
  } else {
    codec::WriteJsonString(status.message(), out);
  }
  *out += '}';
}

void Refuse(const Status& status, Response* response) {
  response->status = Describe(CodeOf(status)).http_status;
  response->content_type = "application/json";
  response->stream.reset();
  response->body.clear();
  WriteErrorBody(status, &response->body);
}

Status LocatedIn(std::string_view where, const Status& status) {
  if (status.ok()) return status;
  const auto location = LocationOf(status);
  // A field may be called "path" too: then nothing comes behind it.
  if (!location.empty() && (location[0] == "body" || location[0] == "query" ||
                            (location[0] == "path" && location.size() > 1))) {
    return status;
  }
  std::vector<std::string> longer = {std::string(where)};
  longer.insert(longer.end(), location.begin(), location.end());
  return MakeError(CodeOf(status), status.message(), std::move(longer));
}

}  // namespace headrace::server
