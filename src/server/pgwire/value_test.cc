#include <cmath>
#include <limits>
#include <string>

#include <gtest/gtest.h>

#include "headrace/error_code.h"
#include "server/pgwire/binary_value.h"
#include "server/pgwire/parameter_value.h"
#include "server/pgwire/pg_type.h"
#include "server/pgwire/value_text.h"

namespace headrace::server::pgwire {
namespace {

using namespace std::string_literals;

std::string Float(double value) {
  std::string text;
  PrintFloat(value, &text);
  return text;
}
std::string Timestamp(int64_t micros) {
  std::string text;
  PrintTimestamp(micros, "", &text);
  return text;
}
std::string Interval(int32_t months, int32_t days, int64_t micros) {
  std::string text;
  PrintInterval(months, days, micros, &text);
  return text;
}
std::string Numeric(const std::string& text) {
  std::string bytes;
  AppendNumeric(text, &bytes);
  return NumericText(bytes).ValueOr("refused");
}

// What PostgreSQL 15 prints for the same values.
TEST(PrintFloat, AsPostgresDoes) {
  EXPECT_EQ(Float(1), "1");
  EXPECT_EQ(Float(0.1), "0.1");
  EXPECT_EQ(Float(100000), "100000");
  EXPECT_EQ(Float(123456789012345), "123456789012345");
  EXPECT_EQ(Float(1e15), "1e+15");
  EXPECT_EQ(Float(0.0001), "0.0001");
  EXPECT_EQ(Float(0.00001), "1e-05");
  EXPECT_EQ(Float(-std::numeric_limits<double>::infinity()), "-Infinity");
  EXPECT_EQ(Float(std::nan("")), "NaN");
  std::string single;
  PrintFloat(1e6F, &single);
  EXPECT_EQ(single, "1e+06");
}

TEST(PrintTimestamp, ReachesAcrossEras) {
  EXPECT_EQ(Timestamp(0), "1970-01-01 00:00:00");
  EXPECT_EQ(Timestamp(-1), "1969-12-31 23:59:59.999999");
  EXPECT_EQ(Timestamp(951'782'400'500'000), "2000-02-29 00:00:00.5");
  EXPECT_EQ(Timestamp(-62'167'219'200'000'000), "0001-01-01 00:00:00 BC");
  EXPECT_EQ(Timestamp(std::numeric_limits<int64_t>::max()), "infinity");
}

TEST(PrintInterval, AsPostgresDoes) {
  EXPECT_EQ(Interval(0, 0, 0), "00:00:00");
  EXPECT_EQ(Interval(14, 3, 14'706'700'000), "1 year 2 mons 3 days 04:05:06.7");
  EXPECT_EQ(Interval(-1, 2, -1'000'000), "-1 mons +2 days -00:00:01");
  EXPECT_EQ(Interval(0, -1, 1'000'000), "-1 days +00:00:01");
}

TEST(Numeric, BinaryIsReadBack) {
  for (const std::string text :
       {"0", "1", "-1.50", "10000", "0.0001", "12345678901234567890.123456", "0.00",
        "170141183460469231731687303715884105727", "100000000", "-0.5"}) {
    EXPECT_EQ(Numeric(text), text);
  }
  EXPECT_FALSE(NumericText("\0\1\0\0\0\0\0\0"s).ok());
  EXPECT_FALSE(NumericText("\0\1\0\0\0\0\0\0\x7f\xff"s).ok());
}

TEST(ReadParameter, TakesBothFormats) {
  EXPECT_EQ(*ReadParameter(kInt4, 1, "\xff\xff\xff\xfe"s), sql::Parameter(int64_t{-2}));
  EXPECT_EQ(*ReadParameter(kInt4, 0, " 42 "), sql::Parameter(int64_t{42}));
  EXPECT_EQ(*ReadParameter(kDate, 1, "\0\0\0\1"s), sql::Parameter("2000-01-02"s));
  EXPECT_EQ(*ReadParameter(kBytea, 0, "\\x00ff"), sql::Parameter("\\x00\\xFF"s));
  EXPECT_EQ(*ReadParameter(1007, 0, "{1,NULL,3}"), sql::Parameter("[1,NULL,3]"s));
  EXPECT_EQ(
      *ReadParameter(1007, 1,
                     "\0\0\0\1\0\0\0\1\0\0\0\x17\0\0\0\2\0\0\0\1\0\0\0\4\0\0\0\5\xff\xff\xff\xff"s),
      sql::Parameter("[5, NULL]"s));
  EXPECT_EQ(CodeOf(ReadParameter(kInt4, 0, "x").status()), ErrorCode::kTypeMismatch);
  EXPECT_EQ(CodeOf(ReadParameter(kInt4, 1, "abc").status()), ErrorCode::kMalformedBody);
  EXPECT_EQ(CodeOf(ReadParameter(1007, 1, "\0\0\0\1\0\0\0\1"s).status()),
            ErrorCode::kMalformedBody);
  EXPECT_EQ(CodeOf(ReadParameter(600, 1, "x").status()), ErrorCode::kNotImplemented);
}

}  // namespace
}  // namespace headrace::server::pgwire
