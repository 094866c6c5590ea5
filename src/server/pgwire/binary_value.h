#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "headrace/status.h"

namespace headrace::server::pgwire {

// PostgreSQL's binary forms of values that are not plain numbers.

/// Infinite dates and times stay so.
int32_t DaysSince2000(int32_t days_since_1970) noexcept;
int64_t MicrosSince2000(int64_t micros_since_1970) noexcept;
int32_t DaysSince1970(int32_t days_since_2000) noexcept;
int64_t MicrosSince1970(int64_t micros_since_2000) noexcept;

/// "-12.50": digits of base 10,000 with their weight, and how many decimals were written.
void AppendNumeric(std::string_view text, std::string* out);
/// kMalformedBody for what is no numeric.
Result<std::string> NumericText(std::string_view bytes);

/// "6ba7b810-9dad-11d1-80b4-00c04fd430c8"
void AppendUuid(std::string_view text, std::string* out);
std::string UuidText(std::string_view bytes);

}  // namespace headrace::server::pgwire
