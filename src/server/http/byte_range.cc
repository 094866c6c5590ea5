#include "server/http/byte_range.h"

#include <algorithm>
#include <charconv>

#include <arrow/buffer.h>

namespace headrace::server {
namespace {

constexpr std::string_view kUnit = "bytes=";

std::optional<int64_t> ReadPosition(std::string_view text) {
  int64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || stop != end || value < 0 || text.starts_with('-')) return {};
  return value;
}

}  // namespace

RangeKind ReadRange(std::string_view header, int64_t length, ByteRange* range) {
  if (!header.starts_with(kUnit)) return RangeKind::kWhole;
  header.remove_prefix(kUnit.size());
  const size_t dash = header.find('-');
  if (dash == std::string_view::npos) return RangeKind::kWhole;
  const std::string_view first = header.substr(0, dash);
  const std::string_view last = header.substr(dash + 1);
  const auto to = ReadPosition(last);
  if (!last.empty() && !to) return RangeKind::kWhole;
  if (first.empty()) {  // the last so many
    if (!to) return RangeKind::kWhole;
    *range = {.begin = std::max<int64_t>(0, length - *to), .end = length};
    return *to > 0 && length > 0 ? RangeKind::kPart : RangeKind::kUnsatisfiable;
  }
  const auto from = ReadPosition(first);
  if (!from || (to && *to < *from)) return RangeKind::kWhole;
  if (*from >= length) return RangeKind::kUnsatisfiable;
  *range = {.begin = *from, .end = to && *to < length - 1 ? *to + 1 : length};
  return RangeKind::kPart;
}

codec::Chunk SliceChunk(const codec::Chunk& chunk, ByteRange range) {
  codec::Chunk some;
  int64_t first = 0;
  for (const auto& buffer : chunk) {
    const int64_t from = std::clamp<int64_t>(range.begin - first, 0, buffer->size());
    const int64_t to = std::clamp<int64_t>(range.end - first, 0, buffer->size());
    if (from < to) some.push_back(arrow::SliceBuffer(buffer, from, to - from));
    first += buffer->size();
  }
  return some;
}

}  // namespace headrace::server
