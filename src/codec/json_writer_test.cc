#include "codec/json_writer.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <simdjson.h>

#include "codec/json_rows.h"

namespace headrace::codec {
namespace {

std::string Double(double value) {
  std::string text;
  AppendJsonDouble(value, &text);
  return text;
}

std::string Timestamp(int64_t value, TimeUnit unit) {
  std::array<char, kJsonScalarBytes> text;
  return {text.data(), WriteJsonTimestamp(value, unit, text.data())};
}

std::string Quoted(std::string_view text) {
  std::string out;
  WriteJsonString(text, &out);
  return out;
}

/// Significant decimal digits of a number's text.
size_t Digits(std::string_view text) {
  std::string digits;
  for (const char c : text.substr(0, text.find('e'))) {
    if (c >= '0' && c <= '9' && (c != '0' || !digits.empty())) digits += c;
  }
  while (!digits.empty() && digits.back() == '0') digits.pop_back();
  return digits.size();
}

TEST(JsonWriterTest, DoublesAreShortAndLookLikeDoubles) {
  const std::vector<std::pair<double, std::string>> cases = {
      {0.0, "0.0"},
      {-0.0, "-0.0"},
      {1.0, "1.0"},
      {-1.5, "-1.5"},
      {0.1, "0.1"},
      {0.1 + 0.2, "0.30000000000000004"},
      {36743.6, "36743.6"},
      {0.0001, "0.0001"},
      {0.0010, "0.001"},
      {12.3405, "12.3405"},
      {1e10, "10000000000.0"},
      {1e300, "1e+300"},
      {5e-324, "5e-324"},
      {std::numeric_limits<double>::max(), "1.7976931348623157e+308"},
      {std::numeric_limits<double>::quiet_NaN(), "null"},
      {std::numeric_limits<double>::infinity(), "null"},
      {-std::numeric_limits<double>::infinity(), "null"},
  };
  for (const auto& [value, text] : cases) {
    EXPECT_EQ(Double(value), text);
  }
}

void CheckDouble(double value) {
  const std::string text = Double(value);
  double back = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), back);
  RC_ASSERT(error == std::errc());
  RC_ASSERT(end == text.data() + text.size());
  RC_ASSERT(std::memcmp(&back, &value, sizeof value) == 0);
  RC_ASSERT(text.find_first_of(".e") != std::string::npos);
  RC_ASSERT(static_cast<int64_t>(text.size()) <= kJsonScalarBytes);
  std::array<char, 64> shortest;
  const auto result = std::to_chars(shortest.data(), shortest.data() + shortest.size(), value,
                                    std::chars_format::scientific);
  RC_ASSERT(Digits(text) ==
            Digits({shortest.data(), static_cast<size_t>(result.ptr - shortest.data())}));
}

TEST(JsonWriterTest, DoublesReadBackAndNoTextIsShorter) {
  EXPECT_TRUE(rc::check("any double", [](uint64_t bits) {
    double value;
    std::memcpy(&value, &bits, sizeof value);
    RC_PRE(std::isfinite(value));
    CheckDouble(value);
  }));
  EXPECT_TRUE(rc::check("doubles of few decimals and their neighbours", [] {
    const auto whole = *rc::gen::inRange<int64_t>(-200'000'000'000'000, 200'000'000'000'000);
    const auto scale = *rc::gen::element(1.0, 10.0, 100.0, 1e3, 1e4, 1e5, 1e9);
    const double value = static_cast<double>(whole) / scale;
    CheckDouble(value);
    CheckDouble(std::nextafter(value, 1e300));
  }));
}

TEST(JsonWriterTest, FloatsHaveTheDigitsOfAFloat) {
  std::array<char, kJsonScalarBytes> text;
  EXPECT_EQ(std::string(text.data(), WriteJsonFloat(0.1F, text.data())), "0.1");
  EXPECT_EQ(std::string(text.data(), WriteJsonFloat(3.0F, text.data())), "3.0");
  EXPECT_EQ(std::string(text.data(), WriteJsonFloat(NAN, text.data())), "null");
}

TEST(JsonWriterTest, Integers) {
  std::string text;
  AppendJsonInt64(std::numeric_limits<int64_t>::min(), &text);
  text += ' ';
  AppendJsonInt64(std::numeric_limits<int64_t>::max(), &text);
  EXPECT_EQ(text, "-9223372036854775808 9223372036854775807");
  std::array<char, kJsonScalarBytes> out;
  EXPECT_EQ(std::string(out.data(), WriteJsonUInt64(UINT64_MAX, out.data())),
            "18446744073709551615");
}

TEST(JsonWriterTest, TimestampsHaveTheDigitsTheyNeed) {
  using enum TimeUnit;
  EXPECT_EQ(Timestamp(0, kNano), "\"1970-01-01T00:00:00Z\"");
  EXPECT_EQ(Timestamp(-1, kNano), "\"1969-12-31T23:59:59.999999999Z\"");
  EXPECT_EQ(Timestamp(1'500'000'000, kNano), "\"1970-01-01T00:00:01.500Z\"");
  EXPECT_EQ(Timestamp(1'000'001'000, kNano), "\"1970-01-01T00:00:01.000001Z\"");
  EXPECT_EQ(Timestamp(1, kMilli), "\"1970-01-01T00:00:00.001Z\"");
  EXPECT_EQ(Timestamp(1, kMicro), "\"1970-01-01T00:00:00.000001Z\"");
  EXPECT_EQ(Timestamp(951'782'400, kSecond), "\"2000-02-29T00:00:00Z\"");
  EXPECT_EQ(Timestamp(4'107'542'400, kSecond), "\"2100-03-01T00:00:00Z\"");
  EXPECT_EQ(Timestamp(1'704'164'645, kSecond), "\"2024-01-02T03:04:05Z\"");
  EXPECT_EQ(Timestamp(253'402'300'800, kSecond), "\"+010000-01-01T00:00:00Z\"");
  EXPECT_EQ(Timestamp(-62'198'755'200, kSecond), "\"-000001-01-01T00:00:00Z\"");
  EXPECT_EQ(Timestamp(INT64_MAX, kNano), "\"2262-04-11T23:47:16.854775807Z\"");
  EXPECT_EQ(Timestamp(INT64_MIN, kNano), "\"1677-09-21T00:12:43.145224192Z\"");
  for (const int64_t extreme : {INT64_MIN, INT64_MAX}) {
    EXPECT_LE(static_cast<int64_t>(Timestamp(extreme, kSecond).size()), kJsonScalarBytes);
  }
}

TEST(JsonWriterTest, StringsAreEscapedOnlyWhereTheyMustBe) {
  EXPECT_EQ(Quoted(""), "\"\"");
  EXPECT_EQ(Quoted("a/b \x7F"), "\"a/b \x7F\"");
  EXPECT_EQ(Quoted("\"\\\b\f\n\r\t"), R"("\"\\\b\f\n\r\t")");
  EXPECT_EQ(Quoted(std::string_view("\0\x1f", 2)), R"("\u0000\u001f")");
  EXPECT_EQ(Quoted("\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80"),
            "\"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\"");
}

TEST(JsonWriterTest, BytesThatAreNotUtf8BecomeReplacementCharacters) {
  const std::string mark = "\xEF\xBF\xBD";
  EXPECT_EQ(Quoted("a\xFF z"), "\"a" + mark + " z\"");
  EXPECT_EQ(Quoted("\xC3"), "\"" + mark + "\"");
  EXPECT_EQ(Quoted("\xC0\x80"), "\"" + mark + mark + "\"");
  EXPECT_EQ(Quoted("\xED\xA0\x80"), "\"" + mark + mark + mark + "\"");
}

TEST(JsonWriterTest, AnyBytesBecomeAJsonStringThatReadsBack) {
  EXPECT_TRUE(rc::check("any bytes", [](const std::string& bytes) {
    const std::string text = Quoted(bytes);
    RC_ASSERT(simdjson::validate_utf8(text));
    simdjson::dom::parser parser;
    std::string_view back;
    RC_ASSERT(parser.parse(simdjson::padded_string(text)).get(back) == simdjson::SUCCESS);
    RC_ASSERT(!simdjson::validate_utf8(bytes) || back == bytes);
  }));
}

}  // namespace
}  // namespace headrace::codec
