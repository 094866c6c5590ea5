#include <limits>
#include <string>
#include <vector>

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/compute/api.h>
#include <arrow/json/from_string.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <gtest/gtest.h>

#include "expr/filter.h"
#include "headrace/error_code.h"

namespace headrace::expr {
namespace {

using TypePtr = std::shared_ptr<arrow::DataType>;

std::shared_ptr<arrow::Array> Json(const TypePtr& type, const std::string& text) {
  return arrow::json::ArrayFromJSONString(type, text).ValueOrDie();
}

/// 10:00:00, `seconds` later, and null.
std::shared_ptr<arrow::Array> Times(const TypePtr& type, int seconds) {
  std::string zeros;
  const auto unit = static_cast<const arrow::TimeType&>(*type).unit();
  for (int i = 0; i < static_cast<int>(unit); ++i) zeros += "000";
  return Json(type, "[36000" + zeros + ", " + std::to_string(36000 + seconds) + zeros + ", null]");
}

/// The filter over columns x, y, ...: one letter for each row, or the error's code. Every filter
/// that is parsed has a text that reads back to it, and binds to itself.
std::string Mask(const std::string& text, const arrow::ArrayVector& columns) {
  arrow::FieldVector fields;
  for (size_t i = 0; i < columns.size(); ++i) {
    fields.push_back(arrow::field(std::string(1, static_cast<char>('x' + i)), columns[i]->type()));
  }
  const auto batch = arrow::RecordBatch::Make(arrow::schema(fields), columns[0]->length(), columns);
  const auto filter = ParseFilter(text, *batch->schema());
  if (!filter.ok()) return std::string(Describe(CodeOf(filter.status())).name);
  const auto written = ToText(*filter);
  EXPECT_TRUE(written.ok()) << text << ": " << written.status();
  const auto bound = BindFilter(*filter, *batch->schema());
  EXPECT_TRUE(bound.ok() && bound->Equals(*filter))
      << text << ": " << bound.status() << filter->ToString();
  const auto mask = FilterMask(*filter, *batch, arrow::default_memory_pool());
  if (!mask.ok()) {
    return text + ": " + mask.status().ToString() + filter->ToString();
  }
  std::string letters;
  for (int64_t row = 0; row < (*mask)->length(); ++row) {
    letters += (*mask)->IsNull(row) ? '-' : (*mask)->Value(row) ? 'T' : 'F';
  }
  return letters;
}

TEST(FilterTypes, StringsOfEveryLayout) {
  for (const TypePtr& type : {arrow::utf8(), arrow::large_utf8(), arrow::utf8_view(),
                              arrow::dictionary(arrow::int8(), arrow::utf8()),
                              arrow::dictionary(arrow::int32(), arrow::large_utf8())}) {
    const auto x = Json(type, R"(["a", "b", null, "ab"])");
    EXPECT_EQ(Mask("x = 'a'", {x}), "TF-F") << type->ToString();
    EXPECT_EQ(Mask("x < 'b'", {x}), "TF-T") << type->ToString();
    EXPECT_EQ(Mask("x in ('b', 'ab')", {x}), "FT-T") << type->ToString();
    EXPECT_EQ(Mask("x like 'a%'", {x}), "TF-T") << type->ToString();
    EXPECT_EQ(Mask("x is null", {x}), "FFTF") << type->ToString();
    EXPECT_EQ(Mask("x between 'a' and 'ab'", {x}), "TF-T") << type->ToString();
    const auto y = Json(arrow::utf8(), R"(["a", "a", "a", "a"])");
    EXPECT_EQ(Mask("x = y", {x, y}), "TF-F") << type->ToString();
    EXPECT_EQ(Mask("x > y", {x, y}), "FT-T") << type->ToString();
  }
}

TEST(FilterTypes, BinaryOfEveryLayout) {
  const auto plain = Json(arrow::binary(), R"(["ab", "b%", null, "cd"])");
  for (const TypePtr& type : {arrow::binary(), arrow::large_binary(), arrow::binary_view(),
                              arrow::fixed_size_binary(2)}) {
    const auto x = arrow::compute::Cast(*plain, type);
    const auto y = x.ok() ? *x : Json(type, R"(["ab", "b%", null, "cd"])");
    EXPECT_EQ(Mask("x = 'ab'", {y}), "TF-F") << type->ToString();
    EXPECT_EQ(Mask("x = x'6162'", {y}), "TF-F") << type->ToString();
    EXPECT_EQ(Mask("x > x'62'", {y}), "FT-T") << type->ToString();
    EXPECT_EQ(Mask("x in (x'6364', 'q', x'ff00')", {y}), "FF-T") << type->ToString();
    EXPECT_EQ(Mask("x like '_!%' escape '!'", {y}), "FT-F") << type->ToString();
    EXPECT_EQ(Mask("x = y", {y, plain}), "TT-T") << type->ToString();
  }
}

TEST(FilterTypes, BackslashesInPatternsAreThemselves) {
  const auto x = Json(arrow::utf8(), R"(["a\\b", "a\\bc", "xa\\b", "ab", "a%b", "a\nb"])");
  EXPECT_EQ(Mask("x like 'a\\b'", {x}), "TFFFFF");
  EXPECT_EQ(Mask("x like 'a\\b%'", {x}), "TTFFFF");
  EXPECT_EQ(Mask("x like '%a\\b'", {x}), "TFTFFF");
  EXPECT_EQ(Mask("x like '%a\\b%'", {x}), "TTTFFF");
  EXPECT_EQ(Mask("x like 'a\\%b' escape '\\'", {x}), "FFFFTF");
  EXPECT_EQ(Mask("x like 'a_b'", {x}), "TFFFTT");
  EXPECT_EQ(Mask("x like 'a%b'", {x}), "TFFTTT");
  EXPECT_EQ(Mask("x like '(a)[b].*'", {x}), "FFFFFF");
  EXPECT_EQ(Mask("x like ''", {x}), "FFFFFF");
  EXPECT_EQ(Mask("x like null", {x}), "------");
}

TEST(FilterTypes, IntegersOfEveryWidth) {
  const std::vector<TypePtr> types = {arrow::int8(),   arrow::int16(), arrow::int32(),
                                      arrow::int64(),  arrow::uint8(), arrow::uint16(),
                                      arrow::uint32(), arrow::uint64()};
  for (const TypePtr& type : types) {
    const auto x = Json(type, "[0, 100, null]");
    EXPECT_EQ(Mask("x >= 99.5", {x}), "FT-") << type->ToString();
    EXPECT_EQ(Mask("x > -1", {x}), "TT-") << type->ToString();
    EXPECT_EQ(Mask("x < 18446744073709551616", {x}), "TT-") << type->ToString();
    EXPECT_EQ(Mask("x = 18446744073709551615", {x}), "FF-") << type->ToString();
    EXPECT_EQ(Mask("x in (-1, 100, 1e30)", {x}), "FT-") << type->ToString();
    EXPECT_EQ(Mask("x * 100 = 10000", {x}), "FT-") << type->ToString();
    EXPECT_EQ(Mask("-x = -100", {x}), "FT-") << type->ToString();
    for (const TypePtr& other : types) {
      const auto y = Json(other, "[1, 100, 3]");
      EXPECT_EQ(Mask("x < y", {x, y}), "TF-") << type->ToString() << other->ToString();
      EXPECT_EQ(Mask("x = y", {x, y}), "FT-") << type->ToString() << other->ToString();
    }
  }
}

TEST(FilterTypes, SignedAndUnsignedAreComparedByValue) {
  const auto u = Json(arrow::uint64(), "[18446744073709551615, 9223372036854775808, 5]");
  const auto i = Json(arrow::int64(), "[-1, -9223372036854775808, 5]");
  EXPECT_EQ(Mask("x = y", {u, i}), "FFT");
  EXPECT_EQ(Mask("x > y", {u, i}), "TTF");
  EXPECT_EQ(Mask("x = 18446744073709551615", {u}), "TFF");
  EXPECT_EQ(Mask("x >= 9223372036854775808", {u}), "TTF");
  EXPECT_EQ(Mask("x in (18446744073709551615, -1)", {u}), "TFF");
}

TEST(FilterTypes, FloatsTakeTheNearestLiteral) {
  const auto f = Json(arrow::float32(), "[0.1, 0.5, null, 3.4028234663852886e38]");
  EXPECT_EQ(Mask("x = 0.1", {f}), "TF-F");
  EXPECT_EQ(Mask("x > 0.1", {f}), "FT-T");
  EXPECT_EQ(Mask("x in (0.1, 7)", {f}), "TF-F");
  EXPECT_EQ(Mask("x < 1e39", {f}), "TT-T");
  EXPECT_EQ(Mask("x < 1e999", {f}), "TT-T");
  EXPECT_EQ(Mask("x in (1e39)", {f}), "FF-F");
  const auto d = Json(arrow::float64(), "[0.1, 0.3, null, 9007199254740992]");
  EXPECT_EQ(Mask("x = 0.1", {d}), "TF-F");
  EXPECT_EQ(Mask("x = 1e-1", {d}), "TF-F");
  EXPECT_EQ(Mask("x = y", {f, d}), "FF-F");
  // As everywhere in SQL, an integer beside a double is one.
  EXPECT_EQ(Mask("x = 9007199254740993", {d}), "FF-T");
  const auto h = Json(arrow::float16(), "[0.5, 2, null, 1]");
  EXPECT_EQ(Mask("x > 0.75", {h}), "FT-T");
  EXPECT_EQ(Mask("x in (0.5, 1)", {h}), "TF-T");
  const auto i = Json(arrow::int64(), "[9007199254740993, 0, 1, 2]");
  EXPECT_EQ(Mask("x < y", {d, i}), "TF-F");
}

TEST(FilterTypes, DecimalsAreExact) {
  for (const TypePtr& type : {arrow::decimal32(6, 2), arrow::decimal64(12, 2),
                              arrow::decimal128(20, 2), arrow::decimal256(50, 2)}) {
    const auto x = Json(type, R"(["0.10", "-1.25", null, "1000.00"])");
    EXPECT_EQ(Mask("x = 0.1", {x}), "TF-F") << type->ToString();
    EXPECT_EQ(Mask("x = 0.10000", {x}), "TF-F") << type->ToString();
    EXPECT_EQ(Mask("x = 0.1001", {x}), "FF-F") << type->ToString();
    EXPECT_EQ(Mask("x < 0.1001", {x}), "TT-F") << type->ToString();
    EXPECT_EQ(Mask("x > -1.2501", {x}), "TT-T") << type->ToString();
    EXPECT_EQ(Mask("x <= -1.2501", {x}), "FF-F") << type->ToString();
    EXPECT_EQ(Mask("x = 1000", {x}), "FF-T") << type->ToString();
    EXPECT_EQ(Mask("x = 1e3", {x}), "FF-T") << type->ToString();
    EXPECT_EQ(Mask("x < 99999999999999999999999999999999999999999999999999999", {x}), "TT-T");
    EXPECT_EQ(Mask("x in (0.1, 1000.000, 0.333)", {x}), "TF-T") << type->ToString();
    EXPECT_EQ(Mask("x + 0.005 = 0.105", {x}), "TF-F") << type->ToString();
    EXPECT_EQ(Mask("x * x = 1.5625", {x}), "FT-F") << type->ToString();
    EXPECT_EQ(Mask("x - 1 > 0", {x}), "FF-T") << type->ToString();
    EXPECT_EQ(Mask("-x = 1.25", {x}), "FT-F") << type->ToString();
    EXPECT_EQ(Mask("x % 0.5 = 0", {x}), "FF-T") << type->ToString();
    EXPECT_EQ(Mask("1 / x = 0.001", {x}), "FF-T") << type->ToString();
    const auto y = Json(arrow::int64(), "[0, 0, 0, 1000]");
    EXPECT_EQ(Mask("x > y", {x, y}), "TF-F") << type->ToString();
    EXPECT_EQ(Mask("x / y = 1", {x, y}), "---T") << type->ToString();
    const auto z = Json(arrow::decimal128(9, 4), R"(["0.1000", "0.0000", "0.0000", "0.0001"])");
    EXPECT_EQ(Mask("x = y", {x, z}), "TF-F") << type->ToString();
    EXPECT_EQ(Mask("x = y", {x, Json(arrow::float64(), "[0.1, 1, 1, 1000]")}), "TF-T");
  }
}

TEST(FilterTypes, TimestampsOfEveryUnitAndZone) {
  using arrow::TimeUnit;
  for (const auto unit : {TimeUnit::SECOND, TimeUnit::MILLI, TimeUnit::MICRO, TimeUnit::NANO}) {
    for (const char* zone : {"", "UTC", "Europe/Berlin"}) {
      const auto type = arrow::timestamp(unit, zone);
      // In UTC whatever the zone says.
      const auto naive =
          Json(arrow::timestamp(unit), R"(["2024-01-31 10:00:00", "2024-01-31 00:00:00", null])");
      const auto x = *naive->View(type);
      const std::string name = type->ToString();
      EXPECT_EQ(Mask("x = timestamp '2024-01-31 10:00:00'", {x}), "TF-") << name;
      EXPECT_EQ(Mask("x = '2024-01-31T12:00:00+02:00'", {x}), "TF-") << name;
      EXPECT_EQ(Mask("x = '2024-01-31 10:00:00Z'", {x}), "TF-") << name;
      EXPECT_EQ(Mask("x > '2024-01-31 09:59:59.999999999'", {x}), "TF-") << name;
      EXPECT_EQ(Mask("x >= '2024-01-31 10:00:00.000000001'", {x}), "FF-") << name;
      EXPECT_EQ(Mask("x = date '2024-01-31'", {x}), "FT-") << name;
      EXPECT_EQ(Mask("'2024-01-31' = x", {x}), "FT-") << name;
      EXPECT_EQ(Mask("x < '9999-12-31'", {x}), "TT-") << name;
      EXPECT_EQ(Mask("x <> '0001-01-01'", {x}), "TT-") << name;
      EXPECT_EQ(Mask("x between '2024-01-31' and '2024-01-31 09:00'", {x}), "FT-") << name;
      EXPECT_EQ(Mask("x in ('2024-01-31', '9999-01-01', date '2024-02-01')", {x}), "FT-") << name;
      EXPECT_EQ(Mask("x = 'today'", {x}), "invalid_argument") << name;
      EXPECT_EQ(Mask("x = 5", {x}), "type_mismatch") << name;
      for (const char* other : {"", "America/New_York"}) {
        const auto y = *Json(arrow::timestamp(TimeUnit::MILLI),
                             R"(["2024-01-31 10:00:00", "2024-01-31 00:00:01", null])")
                            ->View(arrow::timestamp(TimeUnit::MILLI, other));
        EXPECT_EQ(Mask("x = y", {x, y}), "TF-") << name << other;
        EXPECT_EQ(Mask("x <= y", {x, y}), "TT-") << name << other;
      }
    }
  }
}

TEST(FilterTypes, DatesAndTimes) {
  const auto day = Json(arrow::date32(), "[19753, 19754, null]");  // 2024-01-31
  EXPECT_EQ(Mask("x = '2024-01-31'", {day}), "TF-");
  EXPECT_EQ(Mask("x = date '2024-01-31'", {day}), "TF-");
  EXPECT_EQ(Mask("x < timestamp '2024-01-31 00:00:01'", {day}), "TF-");
  EXPECT_EQ(Mask("x = timestamp '2024-01-31 00:00:01'", {day}), "FF-");
  EXPECT_EQ(Mask("x in ('2024-02-01', '2024-01-31 12:00')", {day}), "FT-");
  const auto millis = Json(arrow::date64(), "[1706659200000, 1706745600000, null]");
  EXPECT_EQ(Mask("x = '2024-01-31'", {millis}), "TF-");
  EXPECT_EQ(Mask("x = y", {day, millis}), "TT-");
  const auto stamp = Json(arrow::timestamp(arrow::TimeUnit::NANO),
                          R"(["2024-01-31", "2024-02-01 00:00:01", null])");
  EXPECT_EQ(Mask("x = y", {day, stamp}), "TF-");
  for (const TypePtr& type :
       {arrow::time32(arrow::TimeUnit::SECOND), arrow::time32(arrow::TimeUnit::MILLI),
        arrow::time64(arrow::TimeUnit::MICRO), arrow::time64(arrow::TimeUnit::NANO)}) {
    const auto x = Times(type, 1);
    EXPECT_EQ(Mask("x = '10:00'", {x}), "TF-") << type->ToString();
    EXPECT_EQ(Mask("x > time '10:00:00.0000001'", {x}), "FT-") << type->ToString();
    EXPECT_EQ(Mask("x in ('10:00:01', '10:00:00.5')", {x}), "FT-") << type->ToString();
    EXPECT_EQ(Mask("x = y", {x, Times(arrow::time32(arrow::TimeUnit::SECOND), 0)}), "TF-");
  }
}

TEST(FilterTypes, MixedFamiliesAreRefused) {
  const auto i = Json(arrow::int64(), "[1]");
  const auto s = Json(arrow::utf8(), R"(["1"])");
  const auto b = Json(arrow::boolean(), "[true]");
  const auto l = Json(arrow::list(arrow::int64()), "[[1]]");
  const auto b8 = Json(arrow::binary(), R"(["a"])");
  for (const std::string text :
       {"x = '1'", "x < true", "x like 'a'", "x and true", "x in (1, 'a')", "x = date '2024-01-31'",
        "x is true", "not x", "x", "x + '1' = 2", "x = x'00'", "- 'a' = 1"}) {
    EXPECT_EQ(Mask(text, {i}), "type_mismatch") << text;
  }
  EXPECT_EQ(Mask("x = 1", {s}), "type_mismatch");
  EXPECT_EQ(Mask("x = y", {s, i}), "type_mismatch");
  EXPECT_EQ(Mask("x < true", {b}), "type_mismatch");
  EXPECT_EQ(Mask("x = 1", {b}), "type_mismatch");
  EXPECT_EQ(Mask("x = y", {l, l}), "type_mismatch");
  EXPECT_EQ(Mask("x in (1)", {l}), "type_mismatch");
  EXPECT_EQ(Mask("x = x'31'", {s}), "type_mismatch");
  EXPECT_EQ(Mask("x.y = 1", {i}), "type_mismatch");
  EXPECT_EQ(Mask("x = 1", {b8}), "type_mismatch");
  EXPECT_EQ(Mask("x is null", {l}), "F");
}

}  // namespace
}  // namespace headrace::expr
