#include "server/http/json_body.h"

#include <gtest/gtest.h>

#include "headrace/error_code.h"

namespace headrace::server {
namespace {

class JsonBodyTest : public ::testing::Test {
 protected:
  Status Parse(std::string_view json) {
    return body_.Parse(json, {"buffer_id", "window_size", "flag", "list", "names", "schema"});
  }

  /// "code at body/field/0", or "ok".
  template <typename T>
  static std::string Outcome(const Result<T>& result) {
    return Outcome(result.status());
  }
  static std::string Outcome(const Status& status) {
    if (status.ok()) return "ok";
    std::string text(Describe(CodeOf(status)).name);
    for (const std::string& step : LocationOf(status)) text += "/" + step;
    return text;
  }

  JsonBody body_;
};

TEST_F(JsonBodyTest, ReadsTypes) {
  ASSERT_TRUE(Parse(R"({"buffer_id":"a","window_size":7,"flag":false,"list":[1,2],
                        "names":["x"],"schema":{"b":"bool","a":"int64"}})")
                  .ok());
  EXPECT_EQ(*body_.RequiredString("buffer_id"), "a");
  EXPECT_EQ(**body_.Int("window_size"), 7);
  EXPECT_EQ(**body_.Bool("flag"), false);
  EXPECT_EQ(**body_.Ints("list"), (std::vector<int64_t>{1, 2}));
  EXPECT_EQ(**body_.Strings("names"), (std::vector<std::string>{"x"}));
  EXPECT_EQ(**body_.Map("schema"), (JsonBody::StringMap{{"b", "bool"}, {"a", "int64"}}));
}

TEST_F(JsonBodyTest, NullIsAsAbsent) {
  ASSERT_TRUE(Parse(R"({"window_size":null,"list":null})").ok());
  EXPECT_FALSE(body_.Int("window_size")->has_value());
  EXPECT_FALSE(body_.Ints("list")->has_value());
  EXPECT_FALSE(body_.Strings("names")->has_value());
  EXPECT_TRUE(body_.IsNull("window_size"));
  EXPECT_FALSE(body_.IsNull("names"));
  EXPECT_FALSE(body_.Has("window_size"));
}

TEST_F(JsonBodyTest, AByteOrderMarkIsPassedOver) {
  ASSERT_TRUE(Parse("\xEF\xBB\xBF{\"buffer_id\":\"a\"}").ok());
  EXPECT_EQ(*body_.RequiredString("buffer_id"), "a");
  EXPECT_EQ(Outcome(Parse("\xEF\xBB\xBF\xEF\xBB\xBF{}")), "malformed_body/body");
}

TEST_F(JsonBodyTest, LocatesWrongTypes) {
  ASSERT_TRUE(Parse(R"({"buffer_id":5,"window_size":1.5,"flag":1,"list":[1,"2"],"names":[1],
                        "schema":{"a":1}})")
                  .ok());
  EXPECT_EQ(Outcome(body_.RequiredString("buffer_id")), "invalid_argument/body/buffer_id");
  EXPECT_EQ(Outcome(body_.Int("window_size")), "invalid_argument/body/window_size");
  EXPECT_EQ(Outcome(body_.Bool("flag")), "invalid_argument/body/flag");
  EXPECT_EQ(Outcome(body_.Ints("list")), "invalid_argument/body/list/1");
  EXPECT_EQ(Outcome(body_.Strings("names")), "invalid_argument/body/names/0");
  EXPECT_EQ(Outcome(body_.Map("schema")), "invalid_argument/body/schema/a");
}

TEST_F(JsonBodyTest, IntegersAreNeitherTruthValuesNorTooLarge) {
  ASSERT_TRUE(Parse(R"({"window_size":true,"list":5,"names":"x"})").ok());
  EXPECT_EQ(Outcome(body_.Int("window_size")), "invalid_argument/body/window_size");
  EXPECT_EQ(Outcome(body_.Ints("list")), "invalid_argument/body/list");
  EXPECT_EQ(Outcome(body_.Strings("names")), "invalid_argument/body/names");
  ASSERT_TRUE(Parse(R"({"window_size":18446744073709551615})").ok());
  EXPECT_EQ(Outcome(body_.Int("window_size")), "invalid_argument/body/window_size");
}

TEST_F(JsonBodyTest, RefusesUnknownAndRepeatedFields) {
  const Status unknown = Parse(R"({"window_sze":5})");
  EXPECT_EQ(Outcome(unknown), "invalid_argument/body/window_sze");
  EXPECT_NE(unknown.message().find("'window_size'"), std::string::npos);
  EXPECT_EQ(Outcome(Parse(R"({"zzzzzzzzzz":5})")), "invalid_argument/body/zzzzzzzzzz");
  EXPECT_EQ(Outcome(Parse(R"({"flag":true,"flag":true})")), "invalid_argument/body/flag");
}

TEST_F(JsonBodyTest, MissingIsLocated) {
  ASSERT_TRUE(Parse("{}").ok());
  EXPECT_EQ(Outcome(body_.RequiredString("buffer_id")), "invalid_argument/body/buffer_id");
}

TEST_F(JsonBodyTest, TellsMalformedFromWrong) {
  for (const char* json : {"", "{", "{\"a\":}", "nonsense", "{} {}", "{'a':1}", "\xff"}) {
    EXPECT_EQ(CodeOf(Parse(json)), ErrorCode::kMalformedBody) << json;
  }
  for (const char* json : {"[]", "5", "null", "\"text\""}) {
    EXPECT_EQ(Outcome(Parse(json)), "invalid_argument/body") << json;
  }
}

TEST_F(JsonBodyTest, RefusesLongBodies) {
  EXPECT_EQ(CodeOf(Parse("{" + std::string(JsonBody::kMaxBytes, ' ') + "}")), ErrorCode::kTooLarge);
}

}  // namespace
}  // namespace headrace::server
