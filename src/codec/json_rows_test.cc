#include "codec/json_rows.h"

#include <cmath>
#include <cstdlib>
#include <initializer_list>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "headrace/error_code.h"

namespace headrace::codec {
namespace {

using Kind = Cell::Kind;

class JsonRowsTest : public testing::Test {
 protected:
  Status Envelope(std::string_view json) {
    return parser_.ParseEnvelope(json, "data", &rows_, &others_);
  }
  Status Ndjson(std::string_view text) { return parser_.ParseNdjson(text, &rows_); }

  /// The only cell of {"data": {"x": <value>}}.
  Cell Value(std::string_view value) {
    value_body_ = "{\"data\":{\"x\": " + std::string(value) + " }}";
    const Status status = Envelope(value_body_);
    EXPECT_TRUE(status.ok()) << value << ": " << status;
    return rows_.num_columns() == 1 ? rows_.cells(0)[0] : Cell{};
  }

  void ExpectFailure(const Status& status, ErrorCode code, std::vector<std::string> location,
                     std::string_view what) {
    ASSERT_FALSE(status.ok()) << what;
    EXPECT_EQ(Describe(CodeOf(status)).name, Describe(code).name) << what << ": " << status;
    const auto actual = LocationOf(status);
    EXPECT_EQ(std::vector<std::string>(actual.begin(), actual.end()), location) << what;
  }

  JsonRowsParser parser_;
  RowBatch rows_;
  std::vector<JsonRowsParser::Member> others_;
  std::string value_body_;
};

TEST_F(JsonRowsTest, OneRow) {
  ASSERT_TRUE(Envelope(R"({"buffer_id":"b1","data":{"price":1.5,"size":3,"ok":true}})").ok());
  ASSERT_EQ(rows_.num_rows(), 1);
  ASSERT_EQ(rows_.num_columns(), 3);
  EXPECT_EQ(rows_.name(0), "price");
  EXPECT_EQ(rows_.cells(0)[0].float64, 1.5);
  EXPECT_EQ(rows_.name(1), "size");
  EXPECT_EQ(rows_.cells(1)[0].int64, 3);
  EXPECT_EQ(rows_.name(2), "ok");
  EXPECT_TRUE(rows_.cells(2)[0].boolean);
  ASSERT_EQ(others_.size(), 1);
  EXPECT_EQ(others_[0].name, "buffer_id");
  EXPECT_EQ(others_[0].value.view(), "b1");
}

TEST_F(JsonRowsTest, AListOfRowsWithKeysThatComeAndGo) {
  ASSERT_TRUE(Envelope(R"({"data":[{"a":1},{},{"b":null,"a":2}],"n":7,"f":false})").ok());
  ASSERT_EQ(rows_.num_rows(), 3);
  ASSERT_EQ(rows_.num_columns(), 2);
  EXPECT_EQ(rows_.cells(0)[0].int64, 1);
  EXPECT_EQ(rows_.cells(0)[1].kind, Kind::kAbsent);
  EXPECT_EQ(rows_.cells(0)[2].int64, 2);
  EXPECT_EQ(rows_.cells(1)[0].kind, Kind::kAbsent);
  EXPECT_EQ(rows_.cells(1)[2].kind, Kind::kNull);
  ASSERT_EQ(others_.size(), 2);
  EXPECT_EQ(others_[0].value.int64, 7);
  EXPECT_FALSE(others_[1].value.boolean);
}

TEST_F(JsonRowsTest, NoRowsAndARowWithoutKeys) {
  ASSERT_TRUE(Envelope(R"({"data":[]})").ok());
  EXPECT_EQ(rows_.num_rows(), 0);
  ASSERT_TRUE(Envelope(" \r\n\t{ \"data\" : { } } \n").ok());
  EXPECT_EQ(rows_.num_rows(), 1);
  EXPECT_EQ(rows_.num_columns(), 0);
  ASSERT_TRUE(Envelope(R"({"data":[{},{}]})").ok());
  EXPECT_EQ(rows_.num_rows(), 2);
}

TEST_F(JsonRowsTest, Numbers) {
  EXPECT_EQ(Value("0").int64, 0);
  EXPECT_EQ(Value("-0").kind, Kind::kInt64);
  EXPECT_EQ(Value("-0").int64, 0);
  EXPECT_EQ(Value("9223372036854775807").int64, INT64_MAX);
  EXPECT_EQ(Value("-9223372036854775808").int64, INT64_MIN);
  for (const char* text : {"1.0", "-0.0", "1e0", "1E+2", "0.1", "5e-324", "1e-400",
                           "123456789012345678901234567890.5", "1.7976931348623157e308"}) {
    const Cell cell = Value(text);
    EXPECT_EQ(cell.kind, Kind::kDouble) << text;
    EXPECT_EQ(cell.float64, std::strtod(text, nullptr)) << text;
  }
  EXPECT_TRUE(std::signbit(Value("-0.0").float64));
}

TEST_F(JsonRowsTest, IntegersBeyondInt64AreKeptAsText) {
  for (const std::string& text :
       {std::string("9223372036854775808"), std::string("-9223372036854775809"),
        std::string("18446744073709551615"), std::string("18446744073709551616"),
        "-1" + std::string(30, '0'), std::string(400, '9')}) {
    const Cell cell = Value(text);
    EXPECT_EQ(cell.kind, Kind::kBigInteger) << text;
    EXPECT_EQ(cell.view(), text);
  }
}

TEST_F(JsonRowsTest, ANumberBeyondDoubleIsInvalid) {
  for (const char* text : {"1e400", "-1e400", "1.5e999"}) {
    ExpectFailure(Envelope("{\"data\":{\"x\":" + std::string(text) + "}}"),
                  ErrorCode::kInvalidArgument, {"data", "x"}, text);
  }
}

TEST_F(JsonRowsTest, Strings) {
  EXPECT_EQ(Value(R"("")").view(), "");
  EXPECT_EQ(Value(R"("plain text")").view(), "plain text");
  EXPECT_EQ(Value(R"("\"\\\/\b\f\n\r\t")").view(), "\"\\/\b\f\n\r\t");
  EXPECT_EQ(Value(R"("\u00e9\u20AC\ud83d\ude00")").view(), "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80");
  EXPECT_EQ(Value("\"\xC3\xA9\xF0\x9F\x98\x80\"").view(), "\xC3\xA9\xF0\x9F\x98\x80");
  EXPECT_EQ(Value(R"("a\u0000b")").view(), std::string_view("a\0b", 3));
  EXPECT_EQ(Value(R"("ends in a backslash\\")").view(), "ends in a backslash\\");
}

TEST_F(JsonRowsTest, StringsOfAllRowsLiveUntilTheNextCall) {
  std::string body = R"({"data":[)";
  for (int row = 0; row < 1000; ++row) {
    body += (row ? "," : "") + std::string(R"({"a\n":")") + std::to_string(row) + R"(\t","b":"x)" +
            std::to_string(row) + "\"}";
  }
  body += "]}";
  {
    const std::string gone = body;
    ASSERT_TRUE(Envelope(gone).ok());
  }
  EXPECT_EQ(rows_.name(0), "a\n");
  for (int row = 0; row < 1000; ++row) {
    ASSERT_EQ(rows_.cells(0)[row].view(), std::to_string(row) + "\t");
    ASSERT_EQ(rows_.cells(1)[row].view(), "x" + std::to_string(row));
  }
}

TEST_F(JsonRowsTest, NestedValuesAreKeptAsTheirText) {
  const char* object = R"({"a":[1,{"b":"]}"}],"c":{}})";
  EXPECT_EQ(Value(object).kind, Kind::kNested);
  EXPECT_EQ(Value(object).view(), object);
  EXPECT_EQ(Value("[]").view(), "[]");
  EXPECT_EQ(Value("{}").view(), "{}");
  EXPECT_EQ(Value("[1, 2 ]").view(), "[1, 2 ]");
  ASSERT_TRUE(Envelope(R"({"schema":{"x":[1]} ,"data":[{"n":[[1],2] , "m":1}]})").ok());
  EXPECT_EQ(others_[0].value.view(), R"({"x":[1]})");
  EXPECT_EQ(rows_.cells(0)[0].view(), "[[1],2]");
  EXPECT_EQ(rows_.cells(1)[0].int64, 1);
}

TEST_F(JsonRowsTest, TextThatIsNotJsonIsMalformed) {
  for (const std::string_view text : std::initializer_list<std::string_view>{
           {},
           "",
           " ",
           "x",
           "{",
           "}",
           "[",
           "{]",
           R"({"data")",
           R"({"data":)",
           R"({"data":{})",
           R"({"data":{}}})",
           R"({"data":{}} x)",
           R"({"data":{}}{"data":{}})",
           R"({"data":{},})",
           R"({"data":[{},]})",
           R"({"data":[{} {}]})",
           R"({"data" {}})",
           R"({data:{}})",
           R"({'data':{}})",
           R"({"data":{"x":1 "y":2}})",
           R"({"data":{"x":1,,"y":2}})",
           R"({"data":{"x":}})",
           R"({"data":{"x"}})",
           R"({"data":{"x":01}})",
           R"({"data":{"x":1.}})",
           R"({"data":{"x":.5}})",
           R"({"data":{"x":+1}})",
           R"({"data":{"x":-}})",
           R"({"data":{"x":1e}})",
           R"({"data":{"x":1x}})",
           R"({"data":{"x":0x10}})",
           R"({"data":{"x":NaN}})",
           R"({"data":{"x":Infinity}})",
           R"({"data":{"x":nul}})",
           R"({"data":{"x":nulll}})",
           R"({"data":{"x":True}})",
           R"({"data":{"x":truee}})",
           R"({"data":{"x":fals}})",
           R"({"data":{"x":"open}})",
           R"({"data":{"x":"\q"}})",
           R"({"data":{"x":"\u12"}})",
           R"({"data":{"x":"\ud800"}})",
           R"({"data":{"x":"\udc00"}})",
           R"({"data":{"x":"\ud800\u0041"}})",
           R"({"data":{"x":"a":1}})",
           R"({"data":[{"x":"a":[{}]}},{}]})",
           R"({"n":1:2,"data":{}})",
           R"({"data":{"x":[1:2]}})",
           R"({"data":{"x":99999999999999999999:1}})",
           R"({"data":{"x":true:1}})",
           R"({"data":{"x":[1,}})",
           R"({"data":{"x":[1 2]}})",
           R"({"data":{"x":{"a":tru}}})",
           R"({"data":{"x":["\q"]}})",
           "{\"data\":{\"x\":\"\xFF\"}}",
           "{\"data\":{\"\xC3\":1}}",
           "{\"data\":{\"x\":\"\xED\xA0\x80\"}}",
           "{\"data\":{\"x\":\"a\nb\"}}",
           "nope",
           "[1,2",
           R"({"data":nope})",
           R"({"data":[nope]})",
       }) {
    const Status status = Envelope(text);
    ASSERT_FALSE(status.ok()) << text;
    EXPECT_EQ(CodeOf(status), ErrorCode::kMalformedBody) << text << ": " << status;
  }
}

TEST_F(JsonRowsTest, JsonThatIsNotRowsIsInvalidAndLocated) {
  const auto invalid = ErrorCode::kInvalidArgument;
  ExpectFailure(Envelope("[]"), invalid, {}, "a list");
  ExpectFailure(Envelope("7"), invalid, {}, "a number");
  ExpectFailure(Envelope(R"("data")"), invalid, {}, "a string");
  ExpectFailure(Envelope("{}"), invalid, {"data"}, "nothing");
  ExpectFailure(Envelope(R"({"rows":[]})"), invalid, {"data"}, "another name");
  ExpectFailure(Envelope(R"({"data":7})"), invalid, {"data"}, "a number as rows");
  ExpectFailure(Envelope(R"({"data":null})"), invalid, {"data"}, "null as rows");
  ExpectFailure(Envelope(R"({"data":[{"a":1},7]})"), invalid, {"data", "1"}, "a number as row");
  ExpectFailure(Envelope(R"({"data":[[{"a":1}]]})"), invalid, {"data", "0"}, "a list as row");
  ExpectFailure(Envelope(R"({"data":[{},{"a":1,"a":1}]})"), invalid, {"data", "1", "a"}, "a key");
  ExpectFailure(Envelope(R"({"data":{"a":1,"b":2,"a":1}})"), invalid, {"data", "a"}, "a key");
  ExpectFailure(Envelope(R"({"data":{},"data":{}})"), invalid, {"data"}, "rows twice");
  ExpectFailure(Envelope(R"({"n":1,"data":{},"n":2})"), invalid, {"n"}, "a member twice");
}

TEST_F(JsonRowsTest, EqualKeysAreFoundWhateverTheirSpelling) {
  ExpectFailure(Envelope(R"({"data":{"a":1,"\u0061":2}})"), ErrorCode::kInvalidArgument,
                {"data", "a"}, "escaped");
}

TEST_F(JsonRowsTest, Limits) {
  JsonRowsParser parser({.max_depth = 4, .max_rows = 2, .max_columns = 2, .max_string_bytes = 4});
  const auto parse = [&](std::string_view json) {
    return parser.ParseEnvelope(json, "data", &rows_, &others_);
  };
  const auto too_large = ErrorCode::kTooLarge;
  EXPECT_TRUE(parse(R"({"data":[{"a":1,"b":"1234"},{"a":[]}]})").ok());
  ExpectFailure(parse(R"({"data":[{},{},{}]})"), too_large, {"data", "2"}, "rows");
  ExpectFailure(parse(R"({"data":[{"a":1},{"b":1,"c":1}]})"), too_large, {"data", "1", "c"},
                "columns");
  ExpectFailure(parse(R"({"data":{"a":"12345"}})"), too_large, {"data", "a"}, "string");
  ExpectFailure(parse(R"({"data":{"a":"1234\n"}})"), too_large, {"data", "a"}, "escaped string");
  ExpectFailure(parse(R"({"data":{"12345":1}})"), too_large, {"data"}, "key");
  ExpectFailure(parse(R"({"data":[{"a":[[]]}]})"), too_large, {"data", "0", "a"}, "depth");
  ExpectFailure(parse(R"({"a":1,"b":1,"c":1,"data":{}})"), too_large, {}, "members");
}

TEST_F(JsonRowsTest, DepthIsBoundedByDefault) {
  for (const int depth : {100, 100'000}) {
    const std::string body = R"({"data":{"x":)" + std::string(static_cast<size_t>(depth), '[') +
                             std::string(static_cast<size_t>(depth), ']') + "}}";
    ExpectFailure(Envelope(body), ErrorCode::kTooLarge, {"data", "x"}, "lists");
  }
}

TEST_F(JsonRowsTest, AParserGoesOnAfterAnError) {
  EXPECT_FALSE(Envelope(R"({"data":{"x":"open)").ok());
  EXPECT_FALSE(Envelope("").ok());
  ASSERT_TRUE(Envelope(R"({"data":{"y":1}})").ok());
  EXPECT_EQ(rows_.num_rows(), 1);
  EXPECT_EQ(rows_.name(0), "y");
}

TEST_F(JsonRowsTest, AByteOrderMarkIsPassedOverAtTheBeginning) {
  const std::string mark = "\xEF\xBB\xBF";
  const std::string envelope = R"({"buffer_id":"b1","data":{"a":1}})";
  ASSERT_TRUE(Envelope(mark + envelope).ok());
  EXPECT_EQ(rows_.cells(0)[0].int64, 1);
  EXPECT_EQ(others_[0].value.view(), "b1");
  ASSERT_TRUE(Envelope(mark + " \n" + envelope).ok());
  ASSERT_TRUE(Ndjson(mark + "{\"a\":1}\n{\"a\":2}").ok());
  EXPECT_EQ(rows_.num_rows(), 2);
  ASSERT_TRUE(Ndjson(mark).ok());
  EXPECT_EQ(rows_.num_rows(), 0);
}

TEST_F(JsonRowsTest, AByteOrderMarkElsewhereIsMalformed) {
  const std::string mark = "\xEF\xBB\xBF";
  const auto malformed = ErrorCode::kMalformedBody;
  ExpectFailure(Envelope(mark), malformed, {}, "nothing else");
  ExpectFailure(Envelope(mark + mark + R"({"data":{}})"), malformed, {}, "two");
  ExpectFailure(Envelope(" " + mark + R"({"data":{}})"), malformed, {}, "behind a space");
  ExpectFailure(Envelope(R"({"data":{}})" + mark), malformed, {}, "at the end");
  ExpectFailure(Envelope(R"({"data":[)" + mark + "{}]}"), malformed, {"data", "0"}, "inside");
  ExpectFailure(Ndjson(mark + mark + "{}"), malformed, {"0"}, "two");
  ExpectFailure(Ndjson("{}\n" + mark + "{}"), malformed, {"1"}, "a second line");
  ExpectFailure(Ndjson("{}" + mark + "\n{}"), malformed, {"0"}, "the end of a line");
}

TEST_F(JsonRowsTest, NdjsonIsOneObjectALine) {
  ASSERT_TRUE(Ndjson("{\"a\":1,\"s\":\"x\\ny\"}\r\n\n  {\"a\":2.5}  \n{\"s\":null}").ok());
  ASSERT_EQ(rows_.num_rows(), 3);
  EXPECT_EQ(rows_.cells(0)[0].int64, 1);
  EXPECT_EQ(rows_.cells(0)[1].float64, 2.5);
  EXPECT_EQ(rows_.cells(1)[0].view(), "x\ny");
  EXPECT_EQ(rows_.cells(1)[2].kind, Kind::kNull);
  for (const std::string_view empty : {std::string_view(), {"\n"}, {" \r\n\n "}}) {
    ASSERT_TRUE(Ndjson(empty).ok());
    EXPECT_EQ(rows_.num_rows(), 0);
  }
}

TEST_F(JsonRowsTest, NdjsonFaultsAreLocatedByRow) {
  const auto malformed = ErrorCode::kMalformedBody;
  const auto invalid = ErrorCode::kInvalidArgument;
  ExpectFailure(Ndjson("{}\n\n{\"a\":1"), malformed, {"1"}, "cut off");
  ExpectFailure(Ndjson("{\"a\":1\n\"b\":2}"), malformed, {"0"}, "a row on two lines");
  ExpectFailure(Ndjson("{\"a\":1,\n\"b\":2}"), malformed, {"0"}, "a row on two lines");
  ExpectFailure(Ndjson("{} {}"), malformed, {"0"}, "two rows on a line");
  ExpectFailure(Ndjson("{},{}"), malformed, {"0"}, "two rows on a line");
  ExpectFailure(Ndjson("{}\n[]"), invalid, {"1"}, "a list");
  ExpectFailure(Ndjson("{}\n7"), invalid, {"1"}, "a number");
  ExpectFailure(Ndjson("{}\n}"), malformed, {"1"}, "a brace");
  ExpectFailure(Ndjson("{}\n{\"a\":1,\"a\":1}"), invalid, {"1", "a"}, "a key twice");
  ExpectFailure(Ndjson("{\"a\":1x}"), malformed, {"0", "a"}, "a number");
}

TEST_F(JsonRowsTest, NdjsonStringsOfAllLinesLive) {
  std::string body;
  for (int row = 0; row < 1000; ++row) {
    body += R"({"a":"\t)" + std::to_string(row) + "\"}\n";
  }
  ASSERT_TRUE(Ndjson(body).ok());
  ASSERT_EQ(rows_.num_rows(), 1000);
  for (int row = 0; row < 1000; ++row) {
    ASSERT_EQ(rows_.cells(0)[row].view(), "\t" + std::to_string(row));
  }
}

TEST_F(JsonRowsTest, KeysThatMostRowsLackAreBounded) {
  std::string body;
  for (int row = 0; row < 1000; ++row) {
    body += "{\"c" + std::to_string(row) + "\":1}\n";
  }
  EXPECT_EQ(CodeOf(Ndjson(body)), ErrorCode::kTooLarge);
}

}  // namespace
}  // namespace headrace::codec
