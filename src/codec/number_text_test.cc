#include "codec/number_text.h"

#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <random>
#include <string>

#include <fmt/compile.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace headrace::codec {
namespace {

template <FloatStyle kStyle, typename Float>
std::string Shortest(Float value) {
  std::array<char, kNumberTextBytes> text;
  return {text.data(), WriteShortest<kStyle>(value, text.data())};
}

/// fmt's text of a floating number, with a point if it has no exponent.
template <typename Float>
std::string OracleText(Float value) {
  std::string text = fmt::format(FMT_COMPILE("{}"), value);
  return text.find_first_of(".e") == std::string::npos ? text + ".0" : text;
}

template <typename Float>
void CheckFloat(Float value) {
  if (!std::isfinite(value)) return;
  RC_ASSERT(Shortest<kJsonFloats>(value) == OracleText(value));
  const std::string csv = Shortest<kCsvFloats>(value);
  Float read = 0;
  const auto end = std::from_chars(csv.data(), csv.data() + csv.size(), read).ptr;
  RC_ASSERT(end == csv.data() + csv.size());
  RC_ASSERT(read == value);
  RC_ASSERT(std::signbit(read) == std::signbit(value));
}

void CheckPowers() {
  for (int exponent = -1074; exponent < 1024; ++exponent) {
    CheckFloat(std::ldexp(1.0, exponent));
    CheckFloat(std::nextafter(std::ldexp(1.0, exponent), 0.0));
    CheckFloat(static_cast<float>(std::ldexp(1.0, exponent)));
  }
  for (int exponent = -323; exponent < 309; ++exponent) {
    CheckFloat(std::strtod(("1e" + std::to_string(exponent)).c_str(), nullptr));
    CheckFloat(std::strtod(("-9.5e" + std::to_string(exponent)).c_str(), nullptr));
  }
}

TEST(NumberTextTest, FloatingNumbersAreThoseOfFmtAndReadBackTheSame) {
  EXPECT_TRUE(rc::check("any bits", [](uint32_t seed) {
    std::mt19937_64 random(seed);
    const uint64_t bits = random();
    CheckFloat(std::bit_cast<double>(bits));
    CheckFloat(std::bit_cast<float>(static_cast<uint32_t>(bits)));
    const auto shift = static_cast<int>(random() % 64);
    CheckFloat(static_cast<double>(bits >> shift));
    CheckFloat(static_cast<float>(bits >> shift));
    for (const double scale : {10.0, 100.0, 1e4, 1e5, 1e9}) {
      CheckFloat(static_cast<double>(static_cast<int64_t>(bits) >> shift) / scale);
    }
  }));
  EXPECT_TRUE(rc::check("powers", [] { CheckPowers(); }));
}

TEST(NumberTextTest, CsvHasItsExponentsWhereArrowHasThem) {
  EXPECT_EQ(Shortest<kCsvFloats>(0.0), "0");
  EXPECT_EQ(Shortest<kCsvFloats>(-0.0), "-0");
  EXPECT_EQ(Shortest<kCsvFloats>(3.0), "3");
  EXPECT_EQ(Shortest<kCsvFloats>(9999999999.0), "9999999999");
  EXPECT_EQ(Shortest<kCsvFloats>(1e10), "1e+10");
  EXPECT_EQ(Shortest<kCsvFloats>(12345678901.5), "1.23456789015e+10");
  EXPECT_EQ(Shortest<kCsvFloats>(0.000001), "0.000001");
  EXPECT_EQ(Shortest<kCsvFloats>(1.5e-7), "1.5e-7");
  EXPECT_EQ(Shortest<kCsvFloats>(5e-324), "5e-324");
  EXPECT_EQ(Shortest<kCsvFloats>(123456789.125f), "123456790");
}

template <typename Integer, typename Write>
void CheckInteger(Integer value, Write write) {
  std::array<char, kNumberTextBytes> text;
  RC_ASSERT(std::string(text.data(), write(value, text.data())) == std::to_string(value));
}

void CheckPowersOfTen() {
  uint64_t power = 1;
  for (int digits = 1; digits <= 20; ++digits, power *= 10) {
    for (const uint64_t value : {power - 1, power, power + 1}) {
      CheckInteger(value, WriteUInt64);
      CheckInteger(static_cast<int64_t>(value), WriteInt64);
      CheckInteger(-static_cast<int64_t>(value), WriteInt64);
    }
  }
  CheckInteger(std::numeric_limits<int64_t>::min(), WriteInt64);
  CheckInteger(std::numeric_limits<uint64_t>::max(), WriteUInt64);
}

TEST(NumberTextTest, IntegersHaveAllTheirDigits) {
  EXPECT_TRUE(rc::check("any bits", [](uint32_t seed) {
    std::mt19937_64 random(seed);
    const uint64_t bits = random();
    const auto shift = static_cast<int>(random() % 64);
    CheckInteger(bits >> shift, WriteUInt64);
    CheckInteger(static_cast<int64_t>(bits) >> shift, WriteInt64);
  }));
  EXPECT_TRUE(rc::check("powers of ten", [] { CheckPowersOfTen(); }));
}

TEST(NumberTextTest, PaddedNumbersHaveZerosInFront) {
  std::array<char, kNumberTextBytes> text;
  const auto padded = [&](uint64_t value, int width) {
    return std::string(text.data(), WritePadded(value, width, text.data()));
  };
  EXPECT_EQ(padded(0, 3), "000");
  EXPECT_EQ(padded(7, 9), "000000007");
  EXPECT_EQ(padded(123'456'789, 9), "123456789");
  EXPECT_EQ(padded(1'234'567'890'123'456, 16), "1234567890123456");
}

}  // namespace
}  // namespace headrace::codec
