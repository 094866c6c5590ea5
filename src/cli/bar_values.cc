#include "cli/bar_values.h"

#include <charconv>

namespace headrace::cli {

std::optional<SessionCalendar> ParseSession(const std::string& text) {
  const size_t dash = text.find('-');
  if (dash == std::string::npos) return std::nullopt;
  const auto open = ParseTimeOfDay(text.substr(0, dash));
  const auto close = ParseTimeOfDay(text.substr(dash + 1));
  if (!open.ok() || !close.ok()) return std::nullopt;
  return SessionCalendar{.name = "session", .hours = {.open_s = *open, .close_s = *close}};
}

std::optional<int64_t> ParseDuration(std::string_view text) {
  constexpr int64_t kMillisecondNs = 1'000'000;
  constexpr int64_t kSecondNs = 1'000'000'000;
  constexpr int64_t kMostMs = 86'400'000;
  if (text == "0") return 0;
  if (text.ends_with("ms")) {
    int64_t count = 0;
    const char* const end = text.data() + text.size() - 2;
    const auto [rest, error] = std::from_chars(text.data(), end, count);
    const bool good = error == std::errc{} && rest == end && count >= 0 && count <= kMostMs;
    return good ? std::optional(count * kMillisecondNs) : std::nullopt;
  }
  const auto frame = ParseTimeframe(text);
  if (!frame.ok() || frame->unit != Timeframe::Unit::kSecond) return std::nullopt;
  return frame->count * kSecondNs;
}

}  // namespace headrace::cli
