#include "delivery/cursor.h"

#include <charconv>

#include <fmt/format.h>

#include "headrace/error_code.h"

namespace headrace::delivery {
namespace {

constexpr size_t kHashDigits = 16;

template <typename Number>
bool ReadWhole(std::string_view text, int base, Number* out) {
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, *out, base);
  return !text.empty() && error == std::errc{} && stop == end;
}

}  // namespace

std::string Cursor::ToString() const {
  return fmt::format("{}{}-{:016x}", kind, position, request);
}

Result<Cursor> Cursor::Parse(std::string_view text) {
  Cursor cursor;
  const size_t dash = text.find('-');
  const bool good = !text.empty() && (text[0] == 'r' || text[0] == 'o') && text[1] != '-' &&
                    dash != std::string_view::npos && text.size() == dash + 1 + kHashDigits &&
                    ReadWhole(text.substr(1, dash - 1), 10, &cursor.position) &&
                    ReadWhole(text.substr(dash + 1), 16, &cursor.request);
  if (good && cursor.position >= 0) {
    cursor.kind = text[0];
    return cursor;
  }
  return MakeError(ErrorCode::kInvalidArgument,
                   fmt::format("'{}' is no cursor: give what X-Next-Cursor said, as it stands",
                               text.substr(0, 64)),
                   {"cursor"});
}

uint64_t HashBytes(std::string_view bytes, uint64_t hash) {
  constexpr uint64_t kPrime = 0x100000001b3;
  for (const char c : bytes) hash = (hash ^ static_cast<uint8_t>(c)) * kPrime;
  // So that "a" and "b" are not "ab".
  return (hash ^ 0xff) * kPrime;
}

uint64_t RequestHash(const TableRequest& request, std::string_view name, uint64_t epoch) {
  uint64_t hash = HashBytes(name);
  hash = HashBytes(std::to_string(epoch), hash);
  hash = HashBytes(request.filter, hash);
  for (const std::string& key : request.group_by) hash = HashBytes(key, hash);
  hash = HashBytes(request.aggregates, hash);
  return HashBytes(request.order_by, hash);
}

}  // namespace headrace::delivery
