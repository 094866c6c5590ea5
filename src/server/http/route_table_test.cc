#include "server/http/route_table.h"

#include <gtest/gtest.h>

#include "headrace/error_code.h"
#include "server/http/exchange.h"

namespace headrace::server {
namespace {

class RouteTableTest : public ::testing::Test {
 protected:
  RouteTableTest() {
    const Handler none = [](Exchange&) { return Status::OK(); };
    table_.Add(Method::kGet, "/", "", none);
    table_.Add(Method::kGet, "/buffers", "", none);
    table_.Add(Method::kPost, "/buffers", "", none);
    table_.Add(Method::kDelete, "/buffers/{id}", "", none);
    table_.Add(Method::kGet, "/buffers/{id}/data", "", none);
  }

  int Find(Method method, std::string_view path) {
    auto found = table_.Find(method, path, &params_);
    return found.ok() ? *found : -Describe(CodeOf(found.status())).http_status;
  }

  RouteTable table_;
  std::vector<std::string> params_;
};

TEST_F(RouteTableTest, FindsByMethodAndPath) {
  EXPECT_EQ(Find(Method::kGet, "/"), 0);
  EXPECT_EQ(Find(Method::kGet, "/buffers"), 1);
  EXPECT_EQ(Find(Method::kPost, "/buffers"), 2);
  EXPECT_EQ(Find(Method::kGet, "/buffers/x/data"), 4);
}

TEST_F(RouteTableTest, HeadIsGet) {
  EXPECT_EQ(Find(Method::kHead, "/buffers"), 1);
  EXPECT_EQ(Find(Method::kHead, "/buffers/x"), -405);
}

TEST_F(RouteTableTest, TakesAndDecodesParameters) {
  EXPECT_EQ(Find(Method::kDelete, "/buffers/a%3Ab"), 3);
  EXPECT_EQ(params_, (std::vector<std::string>{"a:b"}));
  EXPECT_EQ(Find(Method::kDelete, "/buffers/a%2Fb"), 3);
  EXPECT_EQ(params_, (std::vector<std::string>{"a/b"}));
  EXPECT_EQ(Find(Method::kDelete, "/buffers/%zz"), -400);
}

TEST_F(RouteTableTest, TellsUnknownPathsFromUnknownMethods) {
  for (const char* path : {"", "x", "//", "/buffers/", "/nothing", "/buffers/x/y", "/buffersx"}) {
    EXPECT_EQ(Find(Method::kGet, path), -404) << path;
  }
  EXPECT_EQ(Find(Method::kPut, "/buffers"), -405);
  EXPECT_EQ(Find(Method::kOther, "/buffers"), -405);
}

TEST_F(RouteTableTest, ListsWhatIsAllowed) {
  EXPECT_EQ(table_.AllowedMethods("/buffers"), "GET, HEAD, POST, OPTIONS");
  EXPECT_EQ(table_.AllowedMethods("/buffers/x"), "DELETE, OPTIONS");
  EXPECT_EQ(table_.AllowedMethods("/nothing"), "");
}

}  // namespace
}  // namespace headrace::server
