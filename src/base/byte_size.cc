#include <array>
#include <charconv>
#include <cmath>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "base/trim.h"
#include "headrace/error_code.h"
#include "headrace/memory_budget.h"

namespace headrace {
namespace {

struct Unit {
  std::string_view name;
  double bytes;
};

constexpr std::array kUnits = {
    Unit{"", 1},
    Unit{"b", 1},
    Unit{"kb", 1e3},
    Unit{"mb", 1e6},
    Unit{"gb", 1e9},
    Unit{"tb", 1e12},
    Unit{"k", 1024},
    Unit{"m", 1048576},
    Unit{"g", 1073741824},
    Unit{"t", 1099511627776},
    Unit{"kib", 1024},
    Unit{"mib", 1048576},
    Unit{"gib", 1073741824},
    Unit{"tib", 1099511627776},
};

constexpr double kMaxBytes = 9e18;  // below 2^63, so that the cast is defined

}  // namespace

Result<int64_t> ParseByteSize(std::string_view text) {
  const std::string_view trimmed = base::Trim(text, base::kBlanks);
  double number = 0;
  const auto [rest, error] = std::from_chars(trimmed.data(), trimmed.data() + trimmed.size(),
                                             number, std::chars_format::fixed);
  std::string unit(base::Trim({rest, static_cast<size_t>(trimmed.data() + trimmed.size() - rest)},
                              base::kBlanks));
  for (char& c : unit) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  if (error == std::errc{} && std::isfinite(number)) {
    for (const Unit& known : kUnits) {
      if (unit != known.name) continue;
      const double bytes = number * known.bytes;
      if (bytes >= 1 && bytes <= kMaxBytes) return static_cast<int64_t>(bytes);
    }
  }
  return MakeError(ErrorCode::kInvalidArgument,
                   fmt::format("'{}' is not a size: give a number above 0 and a unit, such as "
                               "512MB, 1.5GiB or 2000000",
                               text));
}

namespace {

template <typename Round>
std::string Format(int64_t bytes, Round&& round) {
  constexpr std::array<std::string_view, 5> kNames = {"B", "KiB", "MiB", "GiB", "TiB"};
  double scaled = static_cast<double>(bytes);
  size_t unit = 0;
  while (std::abs(scaled) >= 1024 && unit + 1 < kNames.size()) {
    scaled /= 1024;
    ++unit;
  }
  if (unit == 0) return fmt::format("{} B", bytes);
  return fmt::format("{:.1f} {}", round(scaled * 10) / 10, kNames[unit]);
}

}  // namespace

std::string FormatByteSize(int64_t bytes) {
  return Format(bytes, [](double tenths) { return tenths; });
}

std::string FormatByteSizeUp(int64_t bytes) {
  return Format(bytes, [](double tenths) { return std::ceil(tenths); });
}

}  // namespace headrace
