#include "server/websocket/live_message.h"

#include <gtest/gtest.h>

#include "headrace/error_code.h"

namespace headrace::server {
namespace {

class LiveMessageTest : public ::testing::Test {
 protected:
  Result<LiveMessage> Parse(std::string_view text) { return ParseLiveMessage(text, &body_); }

  template <typename T>
  T Take(std::string_view text) {
    auto parsed = Parse(text);
    EXPECT_TRUE(parsed.ok()) << parsed.status();
    return std::get<T>(std::move(*parsed));
  }

  void ExpectRefused(std::string_view text, ErrorCode code, std::vector<std::string> location) {
    const auto parsed = Parse(text);
    ASSERT_FALSE(parsed.ok()) << text;
    EXPECT_EQ(CodeOf(parsed.status()), code) << parsed.status();
    const auto found = LocationOf(parsed.status());
    EXPECT_EQ(std::vector<std::string>(found.begin(), found.end()), location) << text;
  }

  JsonBody body_;
};

TEST_F(LiveMessageTest, SubscribeHasDefaults) {
  const auto subscribe = Take<Subscribe>(R"( { "subscribe" : {"table": "w"} } )");
  EXPECT_EQ(subscribe.request.table, "w");
  EXPECT_EQ(subscribe.id, "");
  EXPECT_EQ(subscribe.rate, 30);
  EXPECT_EQ(subscribe.policy, LivePolicy::kLatest);
  EXPECT_FALSE(subscribe.tail || subscribe.request.features || subscribe.request.columns);
}

TEST_F(LiveMessageTest, SubscribeTakesEverything) {
  const auto subscribe = Take<Subscribe>(
      R"({"subscribe":{"table":"w","columns":["a"],"filter":"a > 1","tail":5,"rate":2.5,)"
      R"("policy":"all","id":"é\"","features":{"rolling_windows":[3],"lag_periods":[],"ddof":0}}})");
  EXPECT_EQ(subscribe.id, R"("é\"")");
  EXPECT_EQ(subscribe.tail, 5);
  EXPECT_EQ(subscribe.rate, 2.5);
  EXPECT_EQ(subscribe.policy, LivePolicy::kAll);
  EXPECT_EQ(subscribe.request.filter, "a > 1");
  EXPECT_EQ(subscribe.request.columns, std::vector<std::string>{"a"});
  EXPECT_EQ(subscribe.request.features->windows, std::vector<int64_t>{3});
  EXPECT_EQ(subscribe.request.features->ddof, 0);
}

TEST_F(LiveMessageTest, OthersAreSmall) {
  EXPECT_EQ(Take<Unsubscribe>(R"({"unsubscribe":"x"})").id, R"("x")");
  EXPECT_EQ(Take<Unsubscribe>(R"({"unsubscribe":-7})").id, "-7");
  EXPECT_EQ(Take<AppendTo>(R"({"append_to":"b"})").buffer_id, "b");
  EXPECT_EQ(Take<AppendJson>(R"({"append":{"buffer_id":"b","data":[{"x":1}]}})").body,
            R"({"buffer_id":"b","data":[{"x":1}]})");
}

TEST_F(LiveMessageTest, RefusesWithThePlace) {
  using enum ErrorCode;
  for (const char* text : {"", "[]", "{}", "nonsense", R"("subscribe")"}) {
    ExpectRefused(text, kInvalidArgument, {"message"});
  }
  ExpectRefused(R"({subscribe:1})", kMalformedBody, {"message"});
  ExpectRefused(R"({"subscribe" 1})", kMalformedBody, {"message"});
  ExpectRefused(R"({"subscribes":{}})", kInvalidArgument, {"message", "subscribes"});
  ExpectRefused(R"({"subscribe":[]})", kInvalidArgument, {"subscribe"});
  ExpectRefused(R"({"subscribe":{"table":"w"},"more":1})", kMalformedBody, {"subscribe"});
  ExpectRefused(R"({"subscribe":{"table":7}})", kInvalidArgument, {"subscribe", "table"});
  ExpectRefused(R"({"subscribe":{"table":"w","rate":1e9}})", kInvalidArgument,
                {"subscribe", "rate"});
  ExpectRefused(R"({"subscribe":{"table":"w","id":1.5}})", kInvalidArgument, {"subscribe", "id"});
  ExpectRefused(R"({"subscribe":{"table":"w","features":[]}})", kInvalidArgument,
                {"subscribe", "features"});
  ExpectRefused(R"({"subscribe":{"table":"w","features":{"ddof":2}}})", kInvalidArgument,
                {"subscribe", "features", "ddof"});
  ExpectRefused(R"({"unsubscribe":{}})", kInvalidArgument, {"unsubscribe", "id"});
  ExpectRefused(R"({"append_to":"a b"})", kInvalidArgument, {"append_to", "buffer_id"});
}

TEST_F(LiveMessageTest, ErrorsNameWhatWasRefused) {
  const Status status = MakeError(ErrorCode::kUnknownName, "none", {"subscribe", "table"});
  EXPECT_EQ(ErrorMessage("subscribe", "7", status),
            R"({"error":{"code":"unknown_name","message":"none","location":["subscribe","table"]},)"
            R"("detail":"none","refused":"subscribe","id":7})");
}

}  // namespace
}  // namespace headrace::server
