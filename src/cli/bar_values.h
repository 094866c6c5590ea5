#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "headrace/timeframe.h"

namespace headrace::cli {

// What the texts of options mean that say how bars are made. None: against the rule, which stands
// behind "is not".

constexpr std::string_view kSessionRule = "two times of the day, such as 09:30-16:00";
/// "09:30-16:00": a calendar of Monday to Friday with the name "session".
std::optional<SessionCalendar> ParseSession(const std::string& text);

constexpr std::string_view kDurationRule = "a duration such as 250ms, 10s or 2m";
/// "250ms", "10s", "2m", "0": nanoseconds.
std::optional<int64_t> ParseDuration(std::string_view text);

}  // namespace headrace::cli
