#include "server/http/page_routes.h"

#include <algorithm>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "catalog/catalog.h"
#include "headrace/error_code.h"
#include "headrace/memory_budget.h"
#include "server/http/exchange.h"
#include "server/http/http_server.h"
#include "server/http/page_assets.h"
#include "server/http/raw_client.h"
#include "server/http/route_table.h"

namespace headrace::server {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

constexpr std::string_view kBrowser = "text/html,application/xhtml+xml,*/*;q=0.8";

class PageRoutesTest : public ::testing::Test {
 protected:
  PageRoutesTest() { AddPageRoutes(&routes_); }

  /// The answer; of a refusal its status alone.
  Response Get(std::string_view path, Request request = {}) {
    Exchange exchange;
    exchange.request = std::move(request);
    const auto route = routes_.Find(Method::kGet, path, &exchange.request.path_params);
    Status status = route.status();
    if (route.ok()) status = routes_.routes()[static_cast<size_t>(*route)].handler(exchange);
    if (!status.ok()) exchange.response.status = Describe(CodeOf(status)).http_status;
    return std::move(exchange.response);
  }

  RouteTable routes_;
};

const PageAsset& AssetThat(std::string_view ends_with) {
  const auto assets = PageAssets();
  const auto found = std::find_if(assets.begin(), assets.end(), [&](const PageAsset& asset) {
    return asset.path.ends_with(ends_with);
  });
  EXPECT_NE(found, assets.end()) << ends_with;
  return *found;
}

TEST_F(PageRoutesTest, BrowsersGetThePage) {
  const Response page = Get("/", {.accept = std::string(kBrowser)});
  EXPECT_EQ(page.status, 200);
  EXPECT_THAT(page.content_type, StartsWith("text/html"));
  EXPECT_EQ(page.body, AssetThat("/index.html").body);
  EXPECT_THAT(page.fields, HasSubstr("Cache-Control: no-cache\r\n"));
  EXPECT_THAT(page.fields, HasSubstr("Vary: Accept, Accept-Encoding\r\n"));
}

TEST_F(PageRoutesTest, OthersGetTheListOfCalls) {
  for (const char* accept : {"", "*/*", "application/json"}) {
    const Response list = Get("/", {.accept = accept});
    EXPECT_THAT(list.body, StartsWith(R"({"name":"headrace","version":")")) << accept;
    EXPECT_THAT(list.body, HasSubstr(R"({"method":"GET","path":"/assets/{file}","does":)"));
    EXPECT_THAT(list.fields, HasSubstr("Vary: Accept\r\n"));
    EXPECT_THAT(list.etag, IsEmpty());
  }
}

TEST_F(PageRoutesTest, EveryFileIsWhatItIsAndKeptForEver) {
  int files = 0;
  for (const PageAsset& asset : PageAssets()) {
    if (!asset.path.starts_with("/assets/")) continue;
    ++files;
    const Response file = Get(asset.path);
    EXPECT_EQ(file.status, 200) << asset.path;
    EXPECT_EQ(file.content_type, asset.media_type);
    EXPECT_EQ(file.body, asset.body);
    EXPECT_EQ(file.etag, '"' + std::string(asset.etag) + '"');
    EXPECT_THAT(file.fields, HasSubstr("Cache-Control: public, max-age=31536000, immutable\r\n"));
    EXPECT_THAT(file.fields, Not(HasSubstr("Content-Encoding")));
  }
  EXPECT_GE(files, 2);  // a script and a style sheet
  EXPECT_THAT(AssetThat(".js").media_type, StartsWith("text/javascript"));
  EXPECT_THAT(AssetThat(".css").media_type, StartsWith("text/css"));
}

TEST_F(PageRoutesTest, ThePolicyAllowsThisServerAlone) {
  for (const std::string_view path : {std::string_view("/"), AssetThat(".js").path}) {
    const std::string fields = Get(path, {.accept = std::string(kBrowser)}).fields;
    EXPECT_THAT(fields, HasSubstr("Content-Security-Policy: default-src 'none'; "));
    EXPECT_THAT(fields, HasSubstr("frame-ancestors 'none'"));
    EXPECT_THAT(fields, Not(HasSubstr("unsafe")));
    EXPECT_THAT(fields, HasSubstr("X-Content-Type-Options: nosniff\r\n"));
    EXPECT_THAT(fields, HasSubstr("Referrer-Policy: no-referrer\r\n"));
  }
}

TEST_F(PageRoutesTest, PackedForWhoTakesGzip) {
  const PageAsset& script = AssetThat(".js");
  for (const char* accept : {"gzip", "gzip, deflate, br, zstd"}) {
    const Response packed = Get(script.path, {.accept_encoding = accept});
    EXPECT_EQ(packed.body, script.gzip) << accept;
    EXPECT_THAT(packed.fields, HasSubstr("Content-Encoding: gzip\r\n")) << accept;
    EXPECT_EQ(packed.etag, '"' + std::string(script.etag) + "-gzip\"");
  }
  for (const char* accept : {"identity", "zstd", "br"}) {
    const Response plain = Get(script.path, {.accept_encoding = accept});
    EXPECT_EQ(plain.body, script.body) << accept;
    EXPECT_THAT(plain.fields, Not(HasSubstr("Content-Encoding"))) << accept;
  }
}

TEST_F(PageRoutesTest, WhatIsKnownIsNotSentAgain) {
  const std::string_view path = AssetThat(".css").path;
  const std::string etag = Get(path).etag;
  const Response known = Get(path, {.if_none_match = etag});
  EXPECT_EQ(known.status, 304);
  EXPECT_THAT(known.body, IsEmpty());
  EXPECT_EQ(known.etag, etag);
  EXPECT_THAT(known.fields, HasSubstr("immutable"));
  // The packed bytes are another entity.
  EXPECT_EQ(Get(path, {.accept_encoding = "gzip", .if_none_match = etag}).status, 200);
  EXPECT_EQ(Get(path, {.if_none_match = "\"other\""}).status, 200);
}

// Files are looked up by their whole name among those built in: there is no folder to climb out of.
TEST_F(PageRoutesTest, NothingElseIsFound) {
  const std::vector<std::string> paths = {
      "/assets/",
      "/assets/none.js",
      "/assets/../index.html",
      "/assets/..%2findex.html",
      "/assets/%2e%2e%2findex.html",
      "/assets/..%5Cindex.html",
      "/assets/%2Fetc%2Fpasswd",
      "/assets/..%2f..%2f..%2f..%2fetc%2fpasswd",
      "/assets/../../etc/passwd",
      "/index.html",
      std::string(AssetThat(".js").path) + "%00",
      std::string(AssetThat(".js").path) + "/",
      "/assets/" + std::string(10'000, 'a'),
  };
  for (const std::string& path : paths) {
    const Response answer = Get(path, {.accept = std::string(kBrowser)});
    EXPECT_THAT(answer.status, ::testing::AnyOf(400, 404)) << path;
    EXPECT_THAT(answer.body, IsEmpty()) << path;
  }
}

TEST_F(PageRoutesTest, HeadIsTakenAndOtherMethodsAreNot) {
  std::vector<std::string> params;
  EXPECT_TRUE(routes_.Find(Method::kHead, "/", &params).ok());
  EXPECT_TRUE(routes_.Find(Method::kHead, AssetThat(".js").path, &params).ok());
  EXPECT_EQ(CodeOf(routes_.Find(Method::kPost, "/", &params).status()),
            ErrorCode::kMethodNotAllowed);
  EXPECT_EQ(routes_.AllowedMethods("/assets/x.js"), "GET, HEAD, OPTIONS");
}

// Over a socket, where paths are not tidied up on the way as browsers do.
TEST(PageOverHttp, HeadHasTheFieldsAlone) {
  MemoryBudget budget(64 << 20);
  catalog::Catalog catalog(&budget);
  const auto server =
      *HttpServer::Start({.port = 0, .threads = 1}, {.catalog = &catalog, .budget = &budget});
  testing::RawClient client(server->port());
  for (const std::string_view path : {std::string_view("/"), AssetThat(".js").path}) {
    testing::RawResponse whole = client.Call("GET", path, {}, "Accept: text/html\r\n");
    testing::RawResponse head = client.Call("HEAD", path, {}, "Accept: text/html\r\n");
    EXPECT_EQ(head.status, 200);
    EXPECT_THAT(head.body, IsEmpty());
    EXPECT_EQ(head.fields["content-length"], std::to_string(whole.body.size()));
    for (const char* field : {"content-type", "etag", "cache-control"}) {
      EXPECT_EQ(head.fields[field], whole.fields[field]) << field;
    }
  }
  EXPECT_EQ(client.Call("GET", "/assets/../index.html").status, 404);
  EXPECT_EQ(client.Call("GET", "/assets/..%2f..%2f..%2fetc%2fpasswd").status, 404);
}

}  // namespace
}  // namespace headrace::server
