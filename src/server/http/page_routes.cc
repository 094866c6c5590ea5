#include "server/http/page_routes.h"

#include <iterator>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "codec/json_rows.h"
#include "headrace/error_code.h"
#include "server/http/content_coding.h"
#include "server/http/exchange.h"
#include "server/http/page_assets.h"
#include "server/http/route_table.h"
#include "server/http/table_answer.h"

namespace headrace::server {
namespace {

constexpr std::string_view kIndexPath = "/index.html";
// The name of a file under /assets has a hash of its content: it is never another one.
constexpr std::string_view kForEver = "public, max-age=31536000, immutable";
constexpr std::string_view kAskAgain = "no-cache";
// Scripts, styles and pictures of this server, and answers of it; nothing else, and nothing inline.
constexpr std::string_view kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

void WriteIndex(const RouteTable& routes, std::string* out) {
  fmt::format_to(std::back_inserter(*out), R"({{"name":"headrace","version":"{}","routes":[)",
                 HEADRACE_VERSION);
  bool first = true;
  for (const Route& route : routes.routes()) {
    fmt::format_to(std::back_inserter(*out), R"({}{{"method":"{}","path":"{}","does":)",
                   first ? "" : ",", MethodName(route.method), route.pattern);
    codec::WriteJsonString(route.help, out);
    *out += '}';
    first = false;
  }
  *out += "]}";
}

const PageAsset* FindAsset(std::string_view path) noexcept {
  for (const PageAsset& asset : PageAssets()) {
    if (asset.path == path) return &asset;
  }
  return nullptr;
}

/// Packed for clients that take gzip; zstd they may take too, but it is not there.
Result<bool> TakesGzip(std::string_view accept_encoding) {
  ARROW_ASSIGN_OR_RAISE(const ContentCoding best, NegotiateCoding(accept_encoding, true));
  if (best != ContentCoding::kZstd) return best == ContentCoding::kGzip;
  return accept_encoding.find("gzip") != std::string_view::npos;
}

Status AnswerWithAsset(const PageAsset& asset, std::string_view cache_control, Exchange& exchange) {
  ARROW_ASSIGN_OR_RAISE(const bool packed, TakesGzip(exchange.request.accept_encoding));
  Response& response = exchange.response;
  response.content_type = asset.media_type;
  response.etag = fmt::format("\"{}{}\"", asset.etag, packed ? "-gzip" : "");
  fmt::format_to(std::back_inserter(response.fields),
                 "Cache-Control: {}\r\nVary: Accept, Accept-Encoding\r\n"
                 "Content-Security-Policy: {}\r\nX-Content-Type-Options: nosniff\r\n"
                 "Referrer-Policy: no-referrer\r\n",
                 cache_control, kPolicy);
  if (HasEntity(exchange.request, response.etag)) {
    response.status = 304;
    return Status::OK();
  }
  if (packed) response.fields += "Content-Encoding: gzip\r\n";
  response.body = packed ? asset.gzip : asset.body;
  return Status::OK();
}

/// Browsers name HTML when they open a page; programs that want the list do not.
bool WantsPage(const Request& request) {
  return request.accept.find("text/html") != std::string::npos;
}

}  // namespace

void AddPageRoutes(RouteTable* routes) {
  Route& index = routes->Add(Method::kGet, "/", "the page for browsers; for others this list",
                             [=](Exchange& exchange) {
                               const PageAsset* const page = FindAsset(kIndexPath);
                               if (page != nullptr && WantsPage(exchange.request)) {
                                 return AnswerWithAsset(*page, kAskAgain, exchange);
                               }
                               exchange.response.fields += "Vary: Accept\r\n";
                               WriteIndex(*routes, &exchange.response.body);
                               return Status::OK();
                             });
  index.answer_types = {"application/json", "text/html"};
  Route& assets =
      routes->Add(Method::kGet, "/assets/{file}", "files of the page", [](Exchange& exchange) {
        const std::string path = "/assets/" + exchange.request.path_params[0];
        const PageAsset* const asset = FindAsset(path);
        if (asset == nullptr) {
          return MakeError(ErrorCode::kUnknownRoute,
                           fmt::format("the page has no file {}", path.substr(0, 200)));
        }
        return AnswerWithAsset(*asset, kForEver, exchange);
      });
  assets.answer_types = {"text/javascript", "text/css", "image/svg+xml"};
}

}  // namespace headrace::server
