#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "codec/calendar_text.h"

namespace headrace::codec {

// JSON texts of single values, in two forms: at a place that has room (returns the end), and at the
// end of a string. None allocates in the first form, none fails.

/// Room that any number or timestamp fits in, with what may be overwritten behind it.
inline constexpr int64_t kJsonScalarBytes = 64;

/// Room that a string of `size` bytes fits in, with its quotes.
constexpr int64_t JsonStringBound(int64_t size) noexcept { return 6 * size + 2; }

char* WriteJsonInt64(int64_t value, char* out) noexcept;
char* WriteJsonUInt64(uint64_t value, char* out) noexcept;

/// The shortest text that reads back the same, with a point or an exponent; `null` for NaN and
/// infinities.
char* WriteJsonDouble(double value, char* out) noexcept;
char* WriteJsonFloat(float value, char* out) noexcept;

/// "2024-01-02T03:04:05Z" with its quotes; 0, 3, 6 or 9 fraction digits, as many as needed.
/// Years outside 0000..9999 have a sign and at least six digits, as ISO 8601 wants it.
char* WriteJsonTimestamp(int64_t utc, TimeUnit unit, char* out) noexcept;
/// The same for many of a column.
char* WriteJsonTimestamp(int64_t utc, TimeUnit unit, DateText* date, char* out) noexcept;

/// With quotes. Bytes that are not UTF-8 become U+FFFD. Needs JsonStringBound(text.size()).
char* WriteJsonString(std::string_view text, char* out) noexcept;

void AppendJsonInt64(int64_t value, std::string* out);
void AppendJsonDouble(double value, std::string* out);
void AppendJsonTimestamp(int64_t utc_ns, std::string* out);
// A string: WriteJsonString(text, std::string*) in json_rows.h.

}  // namespace headrace::codec
