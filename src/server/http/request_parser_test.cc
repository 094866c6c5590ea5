#include "server/http/request_parser.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "headrace/error_code.h"
#include "headrace/memory_budget.h"
#include "server/http/body_buffer.h"

namespace headrace::server {
namespace {

class RequestParserTest : public ::testing::Test {
 protected:
  /// Offers `bytes` in parts of `step`, as a socket would. Returns what is left behind the message.
  Result<std::string> Parse(std::string_view bytes, size_t step = 1 << 20) {
    request_.Reset();
    body_.Reset();
    parser_.Reset();
    std::string unread;
    while (!bytes.empty()) {
      unread += bytes.substr(0, step);
      bytes.remove_prefix(std::min(step, bytes.size()));
      if (!parser_.head_done()) {
        ARROW_ASSIGN_OR_RAISE(const size_t taken, parser_.ParseHead(unread, &request_));
        unread.erase(0, taken);
      }
      if (parser_.head_done() && parser_.is_chunked() && !parser_.chunks_done()) {
        ARROW_ASSIGN_OR_RAISE(const size_t taken, parser_.ParseChunks(unread, &body_));
        unread.erase(0, taken);
      }
    }
    return unread;
  }

  ErrorCode Refusal(std::string_view bytes, size_t step = 1 << 20) {
    auto result = Parse(bytes, step);
    EXPECT_FALSE(result.ok()) << bytes;
    return result.ok() ? ErrorCode::kInternal : CodeOf(result.status());
  }

  MemoryBudget budget_{16 << 20};
  Request request_;
  BodyBuffer body_{&budget_};
  RequestParser parser_{{.max_header_bytes = 512, .max_body_bytes = 1000}};
};

TEST_F(RequestParserTest, ReadsTheHead) {
  auto rest = Parse(
      "POST /a/b?x=1&y=2 HTTP/1.1\r\nHost: h\r\nContent-Type: text/csv\r\nAccept: a/b\r\n"
      "accept: c/d\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\nabc");
  ASSERT_TRUE(rest.ok()) << rest.status();
  EXPECT_EQ(request_.method, Method::kPost);
  EXPECT_EQ(request_.path, "/a/b");
  EXPECT_EQ(request_.query, "x=1&y=2");
  EXPECT_EQ(request_.content_type, "text/csv");
  EXPECT_EQ(request_.accept, "a/b, c/d");
  EXPECT_TRUE(request_.expects_continue);
  EXPECT_TRUE(request_.keep_alive);
  EXPECT_EQ(parser_.content_length(), 3u);
  EXPECT_EQ(*rest, "abc");
}

TEST_F(RequestParserTest, AnyCutGivesTheSame) {
  const std::string text =
      "POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
      "5;ext=1\r\nhello\r\n1\r\n,\r\n6\r\n world\r\n0\r\nTrailer: x\r\nAccept: "
      "evil/type\r\n\r\nrest";
  for (size_t step = 1; step <= text.size(); ++step) {
    auto rest = Parse(text, step);
    ASSERT_TRUE(rest.ok()) << step << ": " << rest.status();
    EXPECT_TRUE(parser_.chunks_done()) << step;
    EXPECT_EQ(body_.view(), "hello, world") << step;
    EXPECT_EQ(*rest, "rest") << step;
    EXPECT_EQ(request_.accept, "") << step;
  }
}

TEST_F(RequestParserTest, KeepAliveByVersionAndField) {
  ASSERT_TRUE(Parse("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n").ok());
  EXPECT_FALSE(request_.keep_alive);
  ASSERT_TRUE(Parse("GET / HTTP/1.0\r\n\r\n").ok());
  EXPECT_FALSE(request_.keep_alive);
  EXPECT_EQ(request_.http_minor, 0);
  ASSERT_TRUE(Parse("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").ok());
  EXPECT_TRUE(request_.keep_alive);
}

TEST_F(RequestParserTest, AbsoluteFormIsCutToItsPath) {
  ASSERT_TRUE(Parse("GET http://h:1/a/b?c HTTP/1.1\r\nHost: h\r\n\r\n").ok());
  EXPECT_EQ(request_.path, "/a/b");
  EXPECT_EQ(request_.query, "c");
  ASSERT_TRUE(Parse("GET http://h HTTP/1.1\r\nHost: h\r\n\r\n").ok());
  EXPECT_EQ(request_.path, "/");
}

TEST_F(RequestParserTest, RefusesWhatIsNotHttp) {
  for (const char* text : {
           "nonsense\r\n\r\n",
           "GET /\r\n\r\n",
           "GET / HTTP/2.0\r\nHost: h\r\n\r\n",
           "GET / HTTP/1.1\r\n\r\n",
           "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
           "GET / HTTP/1.1\r\nHost : h\r\n\r\n",
           "GET / HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n",
           "GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
           "GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
           "GET / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n",
           "\x16\x03\x01\x02 TLS",
       }) {
    EXPECT_EQ(Refusal(text), ErrorCode::kMalformedBody) << text;
  }
}

TEST_F(RequestParserTest, RefusesOtherTransferCodings) {
  EXPECT_EQ(Refusal("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\r\n"),
            ErrorCode::kNotImplemented);
  EXPECT_EQ(Refusal("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"),
            ErrorCode::kNotImplemented);
}

TEST_F(RequestParserTest, HoldsToItsLimits) {
  const std::string head = "GET / HTTP/1.1\r\nHost: h\r\n";
  EXPECT_EQ(Refusal(head + "X: " + std::string(1000, 'x') + "\r\n\r\n"), ErrorCode::kTooLarge);
  EXPECT_EQ(Refusal("GET /" + std::string(1000, 'x')), ErrorCode::kTooLarge);
  // Many short lines, of which each by itself is within the limit.
  std::string lines = head;
  for (int i = 0; i < 200; ++i) lines += "X: y\r\n";
  EXPECT_EQ(Refusal(lines, 7), ErrorCode::kTooLarge);
  EXPECT_EQ(Refusal(head + "Content-Length: 1001\r\n\r\n"), ErrorCode::kTooLarge);
  EXPECT_EQ(Refusal(head + "Transfer-Encoding: chunked\r\n\r\n3e9\r\n"), ErrorCode::kTooLarge);
}

TEST_F(RequestParserTest, RefusesBrokenChunks) {
  const std::string head = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
  EXPECT_EQ(Refusal(head + "zz\r\n"), ErrorCode::kMalformedBody);
  EXPECT_EQ(Refusal(head + "2\r\nabc\r\n0\r\n\r\n"), ErrorCode::kMalformedBody);
  EXPECT_EQ(Refusal(head + std::string(40'000, '0')), ErrorCode::kMalformedBody);
}

TEST_F(RequestParserTest, RefusesABodyBeyondTheBudget) {
  MemoryBudget small(1 << 16);
  BodyBuffer body(&small);
  EXPECT_EQ(CodeOf(body.Reserve(1 << 20)), ErrorCode::kMemoryLimit);
  EXPECT_TRUE(body.Reserve(1 << 15).ok());
}

TEST_F(RequestParserTest, NeverFailsOtherwiseOnAnyBytes) {
  EXPECT_TRUE(rc::check([this](const std::string& bytes) {
    const auto step = *rc::gen::inRange<size_t>(1, 64);
    auto result =
        Parse("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n" + bytes, step);
    RC_ASSERT(result.ok() || CodeOf(result.status()) == ErrorCode::kMalformedBody ||
              CodeOf(result.status()) == ErrorCode::kTooLarge ||
              CodeOf(result.status()) == ErrorCode::kNotImplemented);
  }));
}

}  // namespace
}  // namespace headrace::server
