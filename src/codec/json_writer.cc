#include "codec/json_writer.h"

#include <array>
#include <cmath>
#include <cstddef>
#include <cstring>

#include "codec/json_rows.h"
#include "codec/number_text.h"
#include "codec/short_text.h"

namespace headrace::codec {
namespace {

constexpr char kHexDigits[] = "0123456789abcdef";

char* Put(std::string_view text, char* out) noexcept {
  std::memcpy(out, text.data(), text.size());
  return out + text.size();
}

/// Length of the UTF-8 sequence at `text`, 0 if it is none (Unicode 15, table 3-7).
size_t SequenceLength(std::string_view text) noexcept {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto continues = [&](size_t i, unsigned low = 0x80, unsigned high = 0xBF) {
    return i < text.size() && byte(i) >= low && byte(i) <= high;
  };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  if (first < 0xC2 || first > 0xF4) return 0;
  if (first < 0xE0) return continues(1) ? 2 : 0;
  if (first < 0xF0) {
    const unsigned low = first == 0xE0 ? 0xA0 : 0x80;
    const unsigned high = first == 0xED ? 0x9F : 0xBF;
    return continues(1, low, high) && continues(2) ? 3 : 0;
  }
  const unsigned low = first == 0xF0 ? 0x90 : 0x80;
  const unsigned high = first == 0xF4 ? 0x8F : 0xBF;
  return continues(1, low, high) && continues(2) && continues(3) ? 4 : 0;
}

char* PutEscaped(unsigned char c, char* out) noexcept {
  *out++ = '\\';
  switch (c) {
    case '"': *out++ = '"'; return out;
    case '\\': *out++ = '\\'; return out;
    case '\b': *out++ = 'b'; return out;
    case '\f': *out++ = 'f'; return out;
    case '\n': *out++ = 'n'; return out;
    case '\r': *out++ = 'r'; return out;
    case '\t': *out++ = 't'; return out;
    default:
      out = Put("u00", out);
      *out++ = kHexDigits[c >> 4];
      *out++ = kHexDigits[c & 15];
      return out;
  }
}

/// The high bit of each byte that is escaped, or is no ASCII; of those, the lowest is right.
constexpr uint64_t IsSpecial(uint64_t word) noexcept {
  const uint64_t control = word - EachByte(0x20);
  return ((control & ~word) | word | EqualBytes(word, '"') | EqualBytes(word, '\\')) &
         EachByte(0x80);
}

}  // namespace

char* WriteJsonInt64(int64_t value, char* out) noexcept { return WriteInt64(value, out); }

char* WriteJsonUInt64(uint64_t value, char* out) noexcept { return WriteUInt64(value, out); }

char* WriteJsonDouble(double value, char* out) noexcept {
  return std::isfinite(value) ? WriteShortest<kJsonFloats>(value, out) : Put("null", out);
}

char* WriteJsonFloat(float value, char* out) noexcept {
  return std::isfinite(value) ? WriteShortest<kJsonFloats>(value, out) : Put("null", out);
}

char* WriteJsonTimestamp(int64_t utc, TimeUnit unit, char* out) noexcept {
  DateText date;
  return WriteJsonTimestamp(utc, unit, &date, out);
}

char* WriteJsonTimestamp(int64_t utc, TimeUnit unit, DateText* date, char* out) noexcept {
  const Moment moment = MomentOf(utc, unit);
  *out++ = '"';
  out = date->Write(moment.day, out);
  *out++ = 'T';
  out = WriteTimeOfDay(moment.second_of_day, out);
  if (moment.fraction != 0) {
    constexpr auto kNano = static_cast<int64_t>(TimeUnit::kNano);
    uint64_t ns = moment.fraction * static_cast<uint64_t>(kNano / static_cast<int64_t>(unit));
    int digits = 9;
    for (; ns % 1000 == 0; ns /= 1000) {
      digits -= 3;
    }
    *out++ = '.';
    out = WritePadded(ns, digits, out);
  }
  return Put("Z\"", out);
}

char* WriteJsonString(std::string_view text, char* out) noexcept {
  *out++ = '"';
  while (!text.empty()) {
    const size_t plain = FindFirst<IsSpecial>(text);
    out = CopyShort(text.substr(0, plain), out);
    text.remove_prefix(plain);
    if (text.empty()) {
      break;
    }
    const auto c = static_cast<unsigned char>(text[0]);
    if (c < 0x80) {
      out = PutEscaped(c, out);
      text.remove_prefix(1);
    } else if (const size_t length = SequenceLength(text); length > 0) {
      out = Put(text.substr(0, length), out);
      text.remove_prefix(length);
    } else {
      out = Put("\xEF\xBF\xBD", out);
      text.remove_prefix(1);
    }
  }
  *out++ = '"';
  return out;
}

void WriteJsonString(std::string_view text, std::string* out) {
  const size_t before = out->size();
  out->resize(before + static_cast<size_t>(JsonStringBound(static_cast<int64_t>(text.size()))));
  out->resize(static_cast<size_t>(WriteJsonString(text, out->data() + before) - out->data()));
}

void AppendJsonInt64(int64_t value, std::string* out) {
  std::array<char, kJsonScalarBytes> text;
  out->append(text.data(), WriteJsonInt64(value, text.data()));
}

void AppendJsonDouble(double value, std::string* out) {
  std::array<char, kJsonScalarBytes> text;
  out->append(text.data(), WriteJsonDouble(value, text.data()));
}

void AppendJsonTimestamp(int64_t utc_ns, std::string* out) {
  std::array<char, kJsonScalarBytes> text;
  out->append(text.data(), WriteJsonTimestamp(utc_ns, TimeUnit::kNano, text.data()));
}

}  // namespace headrace::codec
