#include "server/http/row_body.h"

#include <array>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "headrace/error_code.h"
#include "server/http/media_type.h"

namespace headrace::server {
namespace {

using codec::Format;

constexpr std::array kRowFormats = {Format::kArrowStream, Format::kArrowFile, Format::kParquet,
                                    Format::kCsv, Format::kNdjson};

}  // namespace

std::span<const std::string_view> RowBodyTypes() {
  static const auto types = [] {
    std::array<std::string_view, kRowFormats.size()> made;
    for (size_t i = 0; i < made.size(); ++i) made[i] = codec::Describe(kRowFormats[i]).media_type;
    return made;
  }();
  return types;
}

Result<Format> FormatOfRowBody(const Request& request) {
  const std::string media_type = MediaType(request.content_type);
  for (const Format format : kRowFormats) {
    if (codec::Describe(format).media_type == media_type) return format;
  }
  return MakeError(ErrorCode::kUnsupportedMediaType,
                   fmt::format("the body's type is '{}'; rows are read from {}",
                               request.content_type, fmt::join(RowBodyTypes(), ", ")));
}

}  // namespace headrace::server
