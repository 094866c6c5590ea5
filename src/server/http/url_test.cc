#include "server/http/url.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "headrace/error_code.h"

namespace headrace::server {
namespace {

TEST(PercentDecode, Decodes) {
  EXPECT_EQ(*PercentDecode("a%20b%2fc", false), "a b/c");
  EXPECT_EQ(*PercentDecode("a+b", false), "a+b");
  EXPECT_EQ(*PercentDecode("a+b", true), "a b");
}

TEST(PercentDecode, RefusesBrokenEscapes) {
  for (const char* text : {"%", "%1", "a%zz", "%2", "%%20", "abc%4"}) {
    EXPECT_EQ(CodeOf(PercentDecode(text, false).status()), ErrorCode::kMalformedBody) << text;
  }
}

TEST(PercentDecode, UndoesEncodingOfAnyBytes) {
  EXPECT_TRUE(rc::check([](const std::string& bytes) {
    std::string encoded;
    for (unsigned char c : bytes) {
      constexpr char kDigits[] = "0123456789ABCDEF";
      encoded += {'%', kDigits[c >> 4], kDigits[c & 15]};
    }
    RC_ASSERT(*PercentDecode(encoded, true) == bytes);
  }));
}

TEST(Query, ReadsTypedParameters) {
  auto query =
      Query::Parse("tail=5&with_features=True&name=a%20b&&", {"tail", "with_features", "name"});
  ASSERT_TRUE(query.ok()) << query.status();
  EXPECT_EQ(**query->Int("tail"), 5);
  EXPECT_EQ(**query->Bool("with_features"), true);
  EXPECT_EQ(*query->Required("name"), "a b");
  EXPECT_FALSE(query->Int("absent")->has_value());
}

TEST(Query, RefusesWhatItDoesNotKnowAndOffersTheNearest) {
  const Status status = Query::Parse("tal=5", {"tail", "with_features"}).status();
  EXPECT_EQ(CodeOf(status), ErrorCode::kInvalidArgument);
  EXPECT_NE(status.message().find("'tail'"), std::string::npos);
  ASSERT_EQ(LocationOf(status).size(), 2u);
  EXPECT_EQ(LocationOf(status)[0], "query");
  EXPECT_EQ(LocationOf(status)[1], "tal");
}

TEST(Query, RefusesRepeatedMissingAndIllTyped) {
  EXPECT_FALSE(Query::Parse("a=1&a=2", {"a"}).ok());
  const Query query =
      *Query::Parse("n=1x&b=maybe&big=99999999999999999999&empty=", {"n", "b", "big", "empty"});
  EXPECT_EQ(CodeOf(query.Int("n").status()), ErrorCode::kInvalidArgument);
  EXPECT_EQ(CodeOf(query.Int("big").status()), ErrorCode::kInvalidArgument);
  EXPECT_EQ(CodeOf(query.Int("empty").status()), ErrorCode::kInvalidArgument);
  EXPECT_EQ(CodeOf(query.Bool("b").status()), ErrorCode::kInvalidArgument);
  EXPECT_EQ(CodeOf(query.Required("absent").status()), ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace headrace::server
