#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace headrace::codec {

// Looking through and copying texts that are mostly a few bytes long, a word at a time and without
// a call. Nothing outside the texts is read or written.

/// The byte in each of a word's.
constexpr uint64_t EachByte(uint8_t byte) noexcept {
  return uint64_t{byte} * 0x0101'0101'0101'0101U;
}

/// Has the high bit set in bytes that are `byte`; the lowest of them is right, bytes above it may
/// be taken for it. Other bits mean nothing.
constexpr uint64_t EqualBytes(uint64_t word, uint8_t byte) noexcept {
  const uint64_t zero = word ^ EachByte(byte);
  return (zero - EachByte(1)) & ~zero;
}

/// Where the first byte is that `kIsSpecial` marks, in a word, with its high bit; the size if there
/// is none.
template <uint64_t (*kIsSpecial)(uint64_t)>
size_t FindFirst(std::string_view text) noexcept {
  const char* const data = text.data();
  const size_t size = text.size();
  size_t at = 0;
  for (; at + 8 <= size; at += 8) {
    uint64_t word;
    std::memcpy(&word, data + at, sizeof word);
    if (const uint64_t special = kIsSpecial(word)) return at + std::countr_zero(special) / 8;
  }
  if (at == size) return size;
  // The end, in a word that begins with it; 'a' is special nowhere.
  uint64_t word = EachByte('a');
  switch (size - at) {
    case 7: std::memcpy(&word, data + at, 7); break;
    case 6: std::memcpy(&word, data + at, 6); break;
    case 5: std::memcpy(&word, data + at, 5); break;
    case 4: std::memcpy(&word, data + at, 4); break;
    case 3: std::memcpy(&word, data + at, 3); break;
    case 2: std::memcpy(&word, data + at, 2); break;
    default: std::memcpy(&word, data + at, 1); break;
  }
  const uint64_t special = kIsSpecial(word);
  return special == 0 ? size : at + std::countr_zero(special) / 8;
}

/// Copies by overlapping words; returns the end.
inline char* CopyShort(std::string_view text, char* out) noexcept {
  const char* const in = text.data();
  const size_t size = text.size();
  const auto ends = [&]<size_t kSize>() {
    std::memcpy(out, in, kSize);
    std::memcpy(out + size - kSize, in + size - kSize, kSize);
  };
  if (size > 32) {
    std::memcpy(out, in, size);
  } else if (size >= 16) {
    ends.operator()<16>();
  } else if (size >= 8) {
    ends.operator()<8>();
  } else if (size >= 4) {
    ends.operator()<4>();
  } else if (size >= 2) {
    ends.operator()<2>();
  } else if (size == 1) {
    *out = *in;
  }
  return out + size;
}

}  // namespace headrace::codec
