#include "server/http/table_query.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "headrace/error_code.h"

namespace headrace::server {
namespace {

using Names = std::vector<std::string>;

TEST(TableQueryTest, ReadsNames) {
  EXPECT_EQ(*ReadNames("a"), (Names{"a"}));
  EXPECT_EQ(*ReadNames("a,b c,ü"), (Names{"a", "b c", "ü"}));
  EXPECT_EQ(*ReadNames(R"("a,b",c,"d""e","")"), (Names{"a,b", "c", "d\"e", ""}));
  for (const char* text : {"", ",", "a,", ",a", "a,,b", "\"a", "\"a\"b", "\"a\"\""}) {
    EXPECT_FALSE(ReadNames(text).ok()) << text;
  }
}

TEST(TableQueryTest, EveryParameterIsReadFromItsExample) {
  for (const TableParameter& parameter : TableParameters()) {
    TableQuery query;
    EXPECT_TRUE(parameter.read(parameter.example, &query).ok()) << parameter.name;
    EXPECT_FALSE(parameter.help.empty());
  }
}

TEST(TableQueryTest, ReadsAWholeQuery) {
  const auto read = ReadTableQuery(
      "columns=b,a&filter=a%20%3E%203+and+b+is+null&limit=10&offset=0&group_by=k&agg=sum(a)"
      "&format=csv&cursor=r1-0000000000000000");
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(*read->request.columns, (Names{"b", "a"}));
  EXPECT_EQ(read->request.filter, "a > 3 and b is null");
  EXPECT_EQ(read->request.limit, 10);
  EXPECT_EQ(read->request.group_by, (Names{"k"}));
  EXPECT_EQ(read->request.aggregates, "sum(a)");
  EXPECT_EQ(read->format, codec::Format::kCsv);
  EXPECT_EQ(read->cursor, "r1-0000000000000000");
  const auto nothing = ReadTableQuery("");
  ASSERT_TRUE(nothing.ok());
  EXPECT_FALSE(nothing->request.columns || nothing->request.limit || nothing->cursor);
}

TEST(TableQueryTest, RefusalsNameTheParameter) {
  for (const std::string name : {"limit=-1", "limit=", "limit=1e3", "offset=x",
                                 "columns=", "format=xml", "limt=3", "limit=1&limit=2"}) {
    const auto read = ReadTableQuery(name);
    ASSERT_FALSE(read.ok()) << name;
    EXPECT_EQ(CodeOf(read.status()), ErrorCode::kInvalidArgument);
    const auto location = LocationOf(read.status());
    ASSERT_EQ(location.size(), 2U) << name;
    EXPECT_EQ(location[0], "query");
    EXPECT_EQ(location[1], name.substr(0, name.find('=')));
  }
}

}  // namespace
}  // namespace headrace::server
