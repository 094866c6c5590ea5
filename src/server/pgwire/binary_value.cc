#include "server/pgwire/binary_value.h"

#include <algorithm>
#include <limits>
#include <vector>

#include <fmt/format.h>

#include "headrace/error_code.h"
#include "server/pgwire/backend_message.h"
#include "server/pgwire/message_reader.h"

namespace headrace::server::pgwire {
namespace {

constexpr int32_t kDaysTo2000 = 10'957;
constexpr int64_t kMicrosTo2000 = int64_t{kDaysTo2000} * 86'400'000'000;
constexpr int kPositive = 0;
constexpr int kNegative = 0x4000;
constexpr int kNaN = 0xC000;
constexpr size_t kGroup = 4;  // decimal digits in one of base 10,000

/// Moves by `offset`; both ends of the range are infinite, the lower one is DuckDB's -MAX or
/// PostgreSQL's MIN.
template <typename Number>
Number Move(Number value, Number offset, Number lowest) {
  constexpr Number kMost = std::numeric_limits<Number>::max();
  if (value == kMost) return kMost;
  if (value <= -kMost) return lowest;
  Number moved = 0;
  if (!__builtin_add_overflow(value, offset, &moved)) return moved;
  return offset > 0 ? kMost : lowest;
}

}  // namespace

int32_t DaysSince2000(int32_t days) noexcept {
  return Move(days, -kDaysTo2000, std::numeric_limits<int32_t>::min());
}
int64_t MicrosSince2000(int64_t micros) noexcept {
  return Move(micros, -kMicrosTo2000, std::numeric_limits<int64_t>::min());
}
int32_t DaysSince1970(int32_t days) noexcept {
  return Move(days, kDaysTo2000, -std::numeric_limits<int32_t>::max());
}
int64_t MicrosSince1970(int64_t micros) noexcept {
  return Move(micros, kMicrosTo2000, -std::numeric_limits<int64_t>::max());
}

void AppendNumeric(std::string_view text, std::string* out) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  const size_t point = std::min(text.find('.'), text.size());
  std::string digits(text.substr(0, point));
  const std::string_view decimals = point < text.size() ? text.substr(point + 1) : "";
  digits.insert(0, (kGroup - digits.size() % kGroup) % kGroup, '0');
  int weight = static_cast<int>(digits.size() / kGroup) - 1;
  digits += decimals;
  digits.append((kGroup - digits.size() % kGroup) % kGroup, '0');
  std::vector<int> groups;
  for (size_t i = 0; i < digits.size(); i += kGroup) {
    int group = 0;
    for (size_t k = 0; k < kGroup; ++k) group = 10 * group + (digits[i + k] - '0');
    groups.push_back(group);
  }
  while (!groups.empty() && groups.back() == 0) groups.pop_back();
  size_t first = 0;
  while (first < groups.size() && groups[first] == 0) ++first;
  weight = groups.empty() ? 0 : weight - static_cast<int>(first);
  MessageWriter writer(out);
  writer.Int16(static_cast<int>(groups.size() - first)).Int16(weight);
  writer.Int16(negative && !groups.empty() ? kNegative : kPositive);
  writer.Int16(static_cast<int>(decimals.size()));
  for (size_t i = first; i < groups.size(); ++i) writer.Int16(groups[i]);
}

Result<std::string> NumericText(std::string_view bytes) {
  MessageReader reader(bytes);
  const int count = reader.Int16();
  const int weight = reader.Int16();
  const int sign = static_cast<uint16_t>(reader.Int16());
  const int scale = reader.Int16();
  std::vector<int> groups;
  while (!reader.failed() && static_cast<int>(groups.size()) < count) {
    groups.push_back(reader.Int16());
  }
  const bool fits = std::all_of(groups.begin(), groups.end(),
                                [](int group) { return group >= 0 && group < 10'000; });
  // DuckDB holds 38 digits: what is far beyond need not be written out.
  if (!reader.Done().ok() || !fits || scale < 0 || weight < -1'000 || weight > 1'000 ||
      scale > 4'000) {
    return MakeError(ErrorCode::kMalformedBody, "bytes that are no numeric");
  }
  if (sign == kNaN) return "NaN";
  const auto group_at = [&](int place) {
    const int i = weight - place;
    return i >= 0 && i < static_cast<int>(groups.size()) ? groups[static_cast<size_t>(i)] : 0;
  };
  std::string text = sign == kNegative ? "-" : "";
  text += std::to_string(group_at(std::max(weight, 0)));
  for (int place = weight - 1; place >= 0; --place) text += fmt::format("{:04}", group_at(place));
  if (scale == 0) return text;
  std::string decimals;
  for (int place = -1; static_cast<int>(decimals.size()) < scale; --place) {
    decimals += fmt::format("{:04}", group_at(place));
  }
  return text + "." + decimals.substr(0, static_cast<size_t>(scale));
}

void AppendUuid(std::string_view text, std::string* out) {
  int high = -1;
  for (const char c : text) {
    if (c == '-') continue;
    const int digit = c <= '9' ? c - '0' : (c | 32) - 'a' + 10;
    if (high < 0) {
      high = digit;
    } else {
      out->push_back(static_cast<char>(high << 4 | digit));
      high = -1;
    }
  }
}

std::string UuidText(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) {
    if (text.size() == 8 || text.size() == 13 || text.size() == 18 || text.size() == 23) {
      text += '-';
    }
    text += fmt::format("{:02x}", static_cast<unsigned char>(c));
  }
  return text;
}

}  // namespace headrace::server::pgwire
