#include "server/pgwire/cell_values.h"

#include <algorithm>

#include <arrow/array.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include "headrace/error_code.h"

namespace headrace::server::pgwire {

std::pair<int64_t, int64_t> Elements::Range(int64_t row) const {
  if (list->type_id() == arrow::Type::FIXED_SIZE_LIST) {
    const auto& fixed = static_cast<const arrow::FixedSizeListArray&>(*list);
    return {fixed.value_offset(row), fixed.value_offset(row + 1)};
  }
  const auto& varying = static_cast<const arrow::ListArray&>(*list);
  return {varying.value_offset(row), varying.value_offset(row + 1)};
}

Result<Elements> ElementsOf(const arrow::Array& list) {
  if (list.type_id() == arrow::Type::LIST) {
    return Elements{.values = static_cast<const arrow::ListArray&>(list).values(), .list = &list};
  }
  if (list.type_id() == arrow::Type::FIXED_SIZE_LIST) {
    return Elements{.values = static_cast<const arrow::FixedSizeListArray&>(list).values(),
                    .list = &list};
  }
  return MakeError(ErrorCode::kNotImplemented,
                   fmt::format("lists of type {} cannot be sent", list.type()->ToString()));
}

int64_t MicrosOf(int64_t value, arrow::TimeUnit::type unit) {
  constexpr int64_t kInfinite = std::numeric_limits<int64_t>::max();
  if (value == kInfinite || value == -kInfinite) return value;
  switch (unit) {
    case arrow::TimeUnit::SECOND: return value * 1'000'000;
    case arrow::TimeUnit::MILLI: return value * 1'000;
    case arrow::TimeUnit::MICRO: return value;
    case arrow::TimeUnit::NANO: return value / 1'000 - (value % 1'000 < 0 ? 1 : 0);
  }
  return value;
}

std::string UnsignedText(const arrow::Decimal128& value) {
  auto rest = static_cast<unsigned __int128>(static_cast<uint64_t>(value.high_bits())) << 64 |
              value.low_bits();
  std::string digits;
  do {
    digits.push_back(static_cast<char>('0' + static_cast<int>(rest % 10)));
    rest /= 10;
  } while (rest > 0);
  std::reverse(digits.begin(), digits.end());
  return digits;
}

}  // namespace headrace::server::pgwire
