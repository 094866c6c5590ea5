#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace headrace::server::pgwire {

// Values as PostgreSQL prints them (DateStyle ISO, IntervalStyle postgres).

/// The shortest digits that are read back as the same number; exponents from 1e+15 (float8) or
/// 1e+06 (float4) on, and below 1e-04.
void PrintFloat(double value, std::string* out);
void PrintFloat(float value, std::string* out);

/// "2024-02-29", "0044-03-15 BC", "infinity".
void PrintDate(int32_t days, std::string* out);
/// "2024-02-29 12:00:00.5", with `zone` behind it; INT64_MAX and its negative are infinite.
void PrintTimestamp(int64_t micros, std::string_view zone, std::string* out);
/// "12:00:00.5"
void PrintTime(int64_t micros, std::string* out);
/// "1 year 2 mons -3 days +04:05:06.5"
void PrintInterval(int32_t months, int32_t days, int64_t micros, std::string* out);
/// "\x0aff"
void PrintBytes(std::string_view bytes, std::string* out);
/// In quotes.
void PrintJsonString(std::string_view text, std::string* out);
/// An element of "{...}", in quotes where it needs them.
void PrintArrayElement(std::string_view text, std::string* out);

}  // namespace headrace::server::pgwire
