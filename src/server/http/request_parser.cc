#include "server/http/request_parser.h"

#include <algorithm>
#include <optional>
#include <string>

#include <boost/beast/http/basic_parser.hpp>
#include <fmt/format.h>

#include "headrace/error_code.h"
#include "server/http/body_buffer.h"

namespace headrace::server {
namespace {

namespace http = boost::beast::http;
using boost::system::error_code;
using BeastView = boost::beast::string_view;

// Chunk sizes, extensions and trailers are short; what is longer is not meant well.
constexpr size_t kMaxChunkLineBytes = 16 << 10;

std::string_view View(BeastView text) { return {text.data(), text.size()}; }

Method MethodOf(http::verb verb) {
  switch (verb) {
    case http::verb::get: return Method::kGet;
    case http::verb::head: return Method::kHead;
    case http::verb::post: return Method::kPost;
    case http::verb::put: return Method::kPut;
    case http::verb::patch: return Method::kPatch;
    case http::verb::delete_: return Method::kDelete;
    case http::verb::options: return Method::kOptions;
    default: return Method::kOther;
  }
}

void Join(std::string_view value, std::string* field) {
  if (!field->empty()) *field += ", ";
  *field += value;
}

/// "http://host/path?query", as proxies ask, to "/path?query".
std::string_view OriginForm(std::string_view target) {
  for (std::string_view scheme : {"http://", "https://"}) {
    if (!target.starts_with(scheme)) continue;
    const size_t slash = target.find('/', scheme.size());
    return slash == std::string_view::npos ? "/" : target.substr(slash);
  }
  return target;
}

/// Beast's grammar, with the fields that anybody here looks at copied out.
class Grammar final : public http::basic_parser<true> {
 public:
  void Aim(Request* request, BodyBuffer* body) {
    request_ = request;
    body_ = body;
  }
  const Status& body_status() const { return body_status_; }

 private:
  void on_request_impl(http::verb verb, BeastView, BeastView target, int version,
                       error_code&) override {
    request_->method = MethodOf(verb);
    request_->target = OriginForm(View(target));
    request_->http_minor = version % 10;
  }

  void on_field_impl(http::field name, BeastView, BeastView value, error_code& ec) override {
    if (request_ == nullptr) return;  // trailers change nothing
    switch (name) {
      case http::field::host:
        if (request_->has_host) ec = http::error::bad_field;
        request_->has_host = true;
        break;
      case http::field::expect:
        request_->expects_continue = boost::beast::iequals(value, "100-continue");
        break;
      case http::field::content_type: request_->content_type = View(value); break;
      case http::field::content_encoding: Join(View(value), &request_->content_encoding); break;
      case http::field::transfer_encoding: Join(View(value), &request_->transfer_encoding); break;
      case http::field::accept: Join(View(value), &request_->accept); break;
      case http::field::accept_encoding: Join(View(value), &request_->accept_encoding); break;
      case http::field::if_none_match: Join(View(value), &request_->if_none_match); break;
      case http::field::if_range: request_->if_range = View(value); break;
      case http::field::range: Join(View(value), &request_->range); break;
      case http::field::origin: request_->origin = View(value); break;
      case http::field::access_control_request_method: request_->cors_method = View(value); break;
      case http::field::access_control_request_headers:
        Join(View(value), &request_->cors_headers);
        break;
      case http::field::upgrade: Join(View(value), &request_->upgrade); break;
      case http::field::sec_websocket_key: Join(View(value), &request_->websocket_key); break;
      case http::field::sec_websocket_version:
        Join(View(value), &request_->websocket_version);
        break;
      default: break;
    }
  }

  size_t on_chunk_body_impl(std::uint64_t, BeastView bytes, error_code& ec) override {
    body_status_ = body_->Append(View(bytes));
    if (!body_status_.ok()) ec = http::error::buffer_overflow;
    return bytes.size();
  }

  void on_response_impl(int, BeastView, int, error_code&) override {}
  void on_header_impl(error_code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  size_t on_body_impl(BeastView bytes, error_code&) override { return bytes.size(); }
  void on_chunk_header_impl(std::uint64_t, BeastView, error_code&) override {}
  void on_finish_impl(error_code&) override {}

  Request* request_ = nullptr;
  BodyBuffer* body_ = nullptr;
  Status body_status_;
};

Status NotHttp(const error_code& ec) {
  return MakeError(ErrorCode::kMalformedBody,
                   fmt::format("the request is not HTTP/1.1: {}", ec.message()));
}

}  // namespace

class RequestParser::Impl {
 public:
  std::optional<Grammar> grammar;
  size_t head_bytes = 0;

  Status Fail(const error_code& ec, const ParserLimits& limits) const {
    if (!grammar->body_status().ok()) return grammar->body_status();
    if (ec == http::error::header_limit) {
      return MakeError(ErrorCode::kTooLarge,
                       fmt::format("the request's head is over {} bytes", limits.max_header_bytes));
    }
    if (ec == http::error::body_limit) {
      return MakeError(ErrorCode::kTooLarge,
                       fmt::format("the body is over {} bytes, the most allowed; send it in parts",
                                   limits.max_body_bytes));
    }
    return NotHttp(ec);
  }

  Status CheckHead(Request* request) const {
    if (request->http_minor >= 1 && !request->has_host) {
      return MakeError(ErrorCode::kMalformedBody, "the request has no Host field");
    }
    // Any other coding would leave the body's end in doubt.
    if (!request->transfer_encoding.empty() && !(grammar->chunked() && request->http_minor >= 1 &&
                                                 request->transfer_encoding.size() == 7)) {
      return MakeError(ErrorCode::kNotImplemented,
                       fmt::format("the transfer coding '{}' is not understood; send chunked",
                                   request->transfer_encoding));
    }
    return Status::OK();
  }
};

RequestParser::RequestParser(ParserLimits limits)
    : limits_(limits), impl_(std::make_unique<Impl>()) {
  Reset();
}

RequestParser::~RequestParser() = default;

void RequestParser::Reset() {
  impl_->grammar.emplace();
  impl_->head_bytes = 0;
  impl_->grammar->header_limit(static_cast<std::uint32_t>(limits_.max_header_bytes));
  impl_->grammar->body_limit(limits_.max_body_bytes);
}

Result<size_t> RequestParser::ParseHead(std::string_view bytes, Request* request) {
  impl_->grammar->Aim(request, nullptr);
  error_code ec;
  const size_t taken = impl_->grammar->put({bytes.data(), bytes.size()}, ec);
  impl_->head_bytes += taken;
  if (ec == http::error::need_more) ec = {};
  // Beast bounds what it is offered at once; lines that were taken before count as well.
  const size_t pending = head_done() ? 0 : bytes.size() - taken;
  if (!ec && impl_->head_bytes + pending > limits_.max_header_bytes) ec = http::error::header_limit;
  if (ec) return impl_->Fail(ec, limits_);
  if (!head_done()) return taken;

  ARROW_RETURN_NOT_OK(impl_->CheckHead(request));
  request->keep_alive = impl_->grammar->keep_alive();
  request->asks_upgrade = impl_->grammar->upgrade();
  const std::string_view target = request->target;
  request->path = target.substr(0, target.find('?'));
  request->query = target.substr(std::min(target.size(), request->path.size() + 1));
  return taken;
}

bool RequestParser::head_done() const noexcept { return impl_->grammar->is_header_done(); }
bool RequestParser::is_chunked() const noexcept { return impl_->grammar->chunked(); }

size_t RequestParser::content_length() const noexcept {
  return static_cast<size_t>(impl_->grammar->content_length().value_or(0));
}

Result<size_t> RequestParser::ParseChunks(std::string_view bytes, BodyBuffer* body) {
  impl_->grammar->Aim(nullptr, body);
  size_t taken = 0;
  while (taken < bytes.size() && !chunks_done()) {
    error_code ec;
    const size_t n = impl_->grammar->put({bytes.data() + taken, bytes.size() - taken}, ec);
    taken += n;
    if (ec == http::error::need_more) break;
    if (ec) return impl_->Fail(ec, limits_);
    if (n == 0) break;
  }
  if (taken == 0 && bytes.size() > kMaxChunkLineBytes) return NotHttp(http::error::bad_chunk);
  return taken;
}

bool RequestParser::chunks_done() const noexcept { return impl_->grammar->is_done(); }

}  // namespace headrace::server
