#pragma once

#include <cstdint>
#include <utility>

namespace headrace::kernels {

enum class NumberType : uint8_t {
  kInt8,
  kInt16,
  kInt32,
  kInt64,
  kUInt8,
  kUInt16,
  kUInt32,
  kUInt64,
  kFloat,
  kDouble,
};

/// Calls visit(Value{}) for the C++ type.
template <typename Visit>
[[gnu::always_inline]] inline auto VisitNumberType(NumberType type, Visit&& visit) {
  switch (type) {
    case NumberType::kInt8: return visit(int8_t{});
    case NumberType::kInt16: return visit(int16_t{});
    case NumberType::kInt32: return visit(int32_t{});
    case NumberType::kInt64: return visit(int64_t{});
    case NumberType::kUInt8: return visit(uint8_t{});
    case NumberType::kUInt16: return visit(uint16_t{});
    case NumberType::kUInt32: return visit(uint32_t{});
    case NumberType::kUInt64: return visit(uint64_t{});
    case NumberType::kFloat: return visit(float{});
    default: return visit(double{});
  }
}

}  // namespace headrace::kernels
