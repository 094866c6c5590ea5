#pragma once

#include <string_view>

namespace headrace::codec {

/// What a piece of text is by the number grammar of RFC 8259, whatever its size.
enum class NumberForm { kNone, kInteger, kFraction };

NumberForm NumberFormOf(std::string_view text) noexcept;

}  // namespace headrace::codec
