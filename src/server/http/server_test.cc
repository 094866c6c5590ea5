// The HTTP server as its clients see it: a real server on a free port, raw bytes on real sockets.

#include <atomic>
#include <thread>
#include <vector>

#include <arrow/buffer.h>
#include <arrow/io/memory.h>
#include <arrow/ipc/reader.h>
#include <arrow/table.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "catalog/catalog.h"
#include "headrace/error_code.h"
#include "headrace/memory_budget.h"
#include "server/http/http_server.h"
#include "server/http/raw_client.h"

namespace headrace::server {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;
using testing::RawClient;
using testing::RawResponse;
using testing::RequestText;
using ::testing::StartsWith;

constexpr std::string_view kPrefix = "/v1/ml/polars";

std::string Path(std::string_view rest) { return std::string(kPrefix) + std::string(rest); }

class ServerTest : public ::testing::Test {
 protected:
  void SetUp() override { Start({}); }

  void Start(HttpServerOptions options) {
    server_.reset();
    options.port = 0;
    options.threads = 2;
    auto server = HttpServer::Start(options, {.catalog = &catalog_, .budget = &budget_});
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = std::move(*server);
  }

  void CreateAndFill(int rows) {
    ASSERT_TRUE(catalog_.CreateBuffer({.name = "b", .window_size = 1'000'000}).ok());
    RawClient client(server_->port());
    std::string lines;
    for (int64_t i = 0; i < rows; ++i)
      lines += fmt::format("{{\"x\":{}.5,\"y\":{}}}\n", i, i * i % 997);
    ASSERT_EQ(client
                  .Call("POST", Path("/append?buffer_id=b"), lines,
                        "Content-Type: application/x-ndjson\r\n")
                  .status,
              200);
  }

  MemoryBudget budget_{512 << 20};
  catalog::Catalog catalog_{&budget_};
  std::unique_ptr<HttpServer> server_;
};

TEST_F(ServerTest, ServesTheBufferApi) {
  RawClient client(server_->port());
  RawResponse answer = client.Call("POST", Path("/buffers"), R"({"buffer_id":"s"})");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.fields["content-type"], "application/json");
  EXPECT_THAT(answer.fields["date"], HasSubstr("GMT"));
  answer = client.Call("POST", Path("/append"), R"({"buffer_id":"s","data":{"t":72.5}})");
  EXPECT_THAT(answer.body, StartsWith(R"({"object":"append_result","buffer_id":"s","appended":1)"));
  answer = client.Call("POST", Path("/features"), R"({"buffer_id":"s","tail":1})");
  EXPECT_THAT(answer.body, HasSubstr(R"("t_rolling_mean_5":72.5)"));
  EXPECT_EQ(client.Call("GET", Path("/buffers/s/data")).status, 200);
  EXPECT_EQ(client.Call("GET", Path("/buffers")).status, 200);
  EXPECT_EQ(client.Call("GET", Path("/buffers/s")).status, 200);
  EXPECT_EQ(client.Call("POST", Path("/buffers/s/clear")).status, 200);
  EXPECT_EQ(client.Call("DELETE", Path("/buffers/s")).status, 200);
  EXPECT_EQ(client.Call("GET", Path("/buffers/s")).status, 404);
}

TEST_F(ServerTest, TellsHealthMetricsAndRoutes) {
  RawClient client(server_->port());
  EXPECT_THAT(client.Call("GET", "/v1/health").body, StartsWith(R"({"status":"ok")"));
  EXPECT_THAT(client.Call("GET", "/").body, HasSubstr(Path("/buffers/{buffer_id}/data")));
  const RawResponse metrics = client.Call("GET", "/metrics");
  EXPECT_THAT(metrics.body, HasSubstr("headrace_http_connections 1"));
  EXPECT_THAT(metrics.body, HasSubstr(R"(headrace_http_requests_total{method="GET",)"
                                      R"(route="/v1/health",status="200"} 1)"));
}

TEST_F(ServerTest, AnswersPipelinedRequestsInOrder) {
  ASSERT_TRUE(catalog_.CreateBuffer({.name = "p"}).ok());
  RawClient client(server_->port());
  std::string requests;
  for (int i = 0; i < 100; ++i) {
    requests += RequestText("POST", Path("/append"),
                            fmt::format(R"({{"buffer_id":"p","data":{{"i":{}}}}})", i));
  }
  ASSERT_TRUE(client.Send(requests));
  for (int i = 1; i <= 100; ++i) {
    const RawResponse answer = client.Read();
    ASSERT_EQ(answer.status, 200);
    ASSERT_THAT(answer.body, HasSubstr(fmt::format(R"("buffer_size":{},)", i)));
  }
}

TEST_F(ServerTest, PipelinedAnswersKeepTheirOrderAcrossThePool) {
  CreateAndFill(50'000);
  RawClient client(server_->port());
  const std::string quick = RequestText("GET", "/v1/health");
  const std::string slow = RequestText("GET", Path("/buffers/b/data?with_features=1"));
  ASSERT_TRUE(client.Send(quick + slow + quick + slow + quick));
  for (int i = 0; i < 5; ++i) {
    const RawResponse answer = client.Read();
    ASSERT_EQ(answer.status, 200);
    EXPECT_THAT(answer.body.substr(0, 20),
                StartsWith(i % 2 == 0 ? R"({"status")" : R"({"object")"));
  }
}

TEST_F(ServerTest, HeadHasNoBody) {
  CreateAndFill(20'000);
  RawClient client(server_->port());
  RawResponse answer = client.Call("HEAD", "/v1/health");
  EXPECT_EQ(answer.status, 200);
  EXPECT_GT(std::stoi(answer.fields["content-length"]), 0);
  EXPECT_EQ(client.Call("HEAD", Path("/buffers/b/data")).status, 200);
  EXPECT_EQ(client.Call("HEAD", Path("/buffers/no")).status, 404);
  EXPECT_EQ(client.Call("HEAD", Path("/append")).status, 405);
  EXPECT_EQ(client.Call("GET", "/v1/health").status, 200);
}

TEST_F(ServerTest, OptionsAndPreflight) {
  RawClient client(server_->port());
  RawResponse answer = client.Call("OPTIONS", Path("/buffers"));
  EXPECT_EQ(answer.status, 204);
  EXPECT_EQ(answer.fields["allow"], "GET, HEAD, POST, OPTIONS");
  EXPECT_FALSE(answer.fields.contains("content-length"));

  answer = client.Call("OPTIONS", Path("/append"), {},
                       "Origin: http://page\r\nAccess-Control-Request-Method: POST\r\n"
                       "Access-Control-Request-Headers: content-type,x-y\r\n");
  EXPECT_EQ(answer.status, 204);
  EXPECT_EQ(answer.fields["access-control-allow-origin"], "*");
  EXPECT_EQ(answer.fields["access-control-allow-methods"], "POST, OPTIONS");
  EXPECT_EQ(answer.fields["access-control-allow-headers"], "content-type,x-y");
  EXPECT_EQ(answer.fields["access-control-max-age"], "7200");

  answer = client.Call("GET", "/v1/health", {}, "Origin: http://page\r\n");
  EXPECT_EQ(answer.fields["access-control-allow-origin"], "*");
  EXPECT_THAT(answer.fields["access-control-expose-headers"], HasSubstr("Content-Type"));
  EXPECT_EQ(client.Call("OPTIONS", "/nothing").status, 404);
  EXPECT_EQ(client.Call("OPTIONS", "*").status, 204);
}

TEST_F(ServerTest, ErrorsHaveOneBodyAndKeepTheConnection) {
  RawClient client(server_->port());
  RawResponse answer = client.Call("GET", "/nothing");
  EXPECT_EQ(answer.status, 404);
  EXPECT_THAT(answer.body, StartsWith(R"({"error":{"code":"unknown_route","message":)"));
  EXPECT_EQ(answer.fields["access-control-allow-origin"], "*");
  answer = client.Call("DELETE", Path("/buffers"));
  EXPECT_EQ(answer.status, 405);
  EXPECT_EQ(answer.fields["allow"], "GET, HEAD, POST, OPTIONS");
  answer = client.Call("BREW", Path("/buffers"));
  EXPECT_EQ(answer.status, 405);
  EXPECT_EQ(client.Call("POST", Path("/buffers"), "{").status, 400);
  EXPECT_EQ(client.Call("POST", Path("/buffers"), "{}").status, 422);
  EXPECT_EQ(client.Call("POST", Path("/buffers"), "{}", "Content-Type: a/b\r\n").status, 415);
  EXPECT_EQ(client.Call("GET", "/v1/health").status, 200);
}

TEST_F(ServerTest, RefusesAnUnwantedBodyBeforeItComes) {
  RawClient client(server_->port());
  ASSERT_TRUE(
      client.Send("POST /nothing HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n"
                  "Expect: 100-continue\r\n\r\n"));
  RawResponse answer = client.Read();
  EXPECT_EQ(answer.status, 404);
  EXPECT_EQ(answer.fields["connection"], "close");
  EXPECT_TRUE(client.ReadsEnd());
}

TEST_F(ServerTest, ContinuesWhenAsked) {
  ASSERT_TRUE(catalog_.CreateBuffer({.name = "c"}).ok());
  RawClient client(server_->port());
  const std::string body = R"({"buffer_id":"c","data":{"x":1}})";
  ASSERT_TRUE(
      client.Send(fmt::format("POST {} HTTP/1.1\r\nHost: h\r\nContent-Length: {}\r\n"
                              "Expect: 100-continue\r\n\r\n",
                              Path("/append"), body.size())));
  EXPECT_EQ(client.Read().status, 100);
  ASSERT_TRUE(client.Send(body));
  EXPECT_EQ(client.Read().status, 200);
}

TEST_F(ServerTest, TakesChunkedBodies) {
  ASSERT_TRUE(catalog_.CreateBuffer({.name = "c"}).ok());
  RawClient client(server_->port());
  std::string text = "POST " + Path("/append") +
                     " HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n"
                     "Content-Type: application/json\r\n\r\n";
  const std::string body =
      R"({"buffer_id":"c","data":[)" + std::string(50'000, ' ') + R"({"x":1}]})";
  for (size_t i = 0; i < body.size(); i += 777) {
    const std::string piece = body.substr(i, 777);
    text += fmt::format("{:x}\r\n{}\r\n", piece.size(), piece);
  }
  text += "0\r\n\r\n";
  ASSERT_TRUE(client.Send(text + text));
  EXPECT_EQ(client.Read().status, 200);
  EXPECT_THAT(client.Read().body, HasSubstr(R"("buffer_size":2)"));
}

TEST_F(ServerTest, AnswersHttp10) {
  CreateAndFill(50'000);
  RawClient client(server_->port());
  ASSERT_TRUE(client.Send("GET " + Path("/buffers/b/data") + " HTTP/1.0\r\n\r\n"));
  const RawResponse answer = client.Read();
  EXPECT_EQ(answer.status, 200);
  EXPECT_FALSE(answer.fields.contains("transfer-encoding"));
  EXPECT_THAT(answer.body, ::testing::EndsWith("]}"));
}

TEST_F(ServerTest, StreamsALongAnswerInChunks) {
  CreateAndFill(100'000);
  RawClient client(server_->port());
  RawResponse answer = client.Call("GET", Path("/buffers/b/data"), {},
                                   "Accept: application/vnd.apache.arrow.stream\r\n");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.fields["vary"], "Accept");
  auto reader = *arrow::ipc::RecordBatchStreamReader::Open(
      std::make_shared<arrow::io::BufferReader>(arrow::Buffer::FromString(answer.body)));
  const auto table = *reader->ToTable();
  EXPECT_EQ(table->num_rows(), 100'000);
  EXPECT_TRUE(table->ValidateFull().ok());

  answer = client.Call("GET", Path("/buffers/b/data"));
  EXPECT_EQ(answer.fields["transfer-encoding"], "chunked");
  EXPECT_EQ(std::count(answer.body.begin(), answer.body.end(), '{'), 100'001);
}

TEST_F(ServerTest, RefusesWhatIsNotHttpAndCloses) {
  const std::pair<std::string, int> cases[] = {
      {"nonsense\r\n\r\n", 400},
      {"GET / HTTP/3.0\r\nHost: h\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: x\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: h\r\nX: " + std::string(40'000, 'x') + "\r\n\r\n", 413},
      {"POST " + Path("/append") +
           " HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
       400},
      {"POST " + Path("/append") + " HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: br\r\n\r\n", 501},
  };
  for (const auto& [text, status] : cases) {
    RawClient client(server_->port());
    ASSERT_TRUE(client.Send(text));
    RawResponse answer = client.Read();
    EXPECT_EQ(answer.status, status) << text.substr(0, 60);
    EXPECT_THAT(answer.body, StartsWith(R"({"error")"));
    EXPECT_EQ(answer.fields["connection"], "close");
    EXPECT_TRUE(client.ReadsEnd());
  }
}

TEST_F(ServerTest, RefusesLongBodies) {
  Start({.max_body_bytes = 1000});
  for (const char* framing :
       {"Content-Length: 1001\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n3e9\r\n"}) {
    RawClient client(server_->port());
    ASSERT_TRUE(client.Send("POST " + Path("/append") + " HTTP/1.1\r\nHost: h\r\n" + framing));
    EXPECT_EQ(client.Read().status, 413);
  }
  // The client gets the answer although it sends on.
  RawClient client(server_->port());
  (void)client.Send(RequestText("POST", Path("/append"), std::string(4 << 20, 'x')));
  EXPECT_EQ(client.Read().status, 413);
}

TEST_F(ServerTest, RefusesBodiesBeyondTheBudgetBeforeTheyCome) {
  RawClient client(server_->port());
  ASSERT_EQ(client.Call("GET", "/v1/health").status, 200);
  budget_.set_limit_bytes(budget_.used_bytes() + (1 << 20));
  ASSERT_TRUE(client.Send("POST " + Path("/append") +
                          " HTTP/1.1\r\nHost: h\r\nContent-Length: 20000000\r\n\r\n"));
  const RawResponse answer = client.Read();
  EXPECT_EQ(answer.status, 507);
  EXPECT_THAT(answer.body, HasSubstr("memory_limit"));
}

TEST_F(ServerTest, IgnoresAClientThatLeavesInTheMiddle) {
  for (const char* text : {"GET / HT",
                           "POST /v1/ml/polars/append HTTP/1.1\r\nHost: h\r\n"
                           "Content-Length: 100\r\n\r\nhalf",
                           "POST /v1/ml/polars/append HTTP/1.1\r\nHost: h\r\n"
                           "Transfer-Encoding: chunked\r\n\r\n5\r\nab"}) {
    RawClient client(server_->port());
    ASSERT_TRUE(client.Send(text));
  }
  RawClient client(server_->port());
  EXPECT_EQ(client.Call("GET", "/v1/health").status, 200);
}

TEST_F(ServerTest, BoundsSlowRequestsAndIdleConnections) {
  Start({.idle_timeout = milliseconds(60), .request_timeout = milliseconds(120)});
  RawClient idle(server_->port());
  RawClient slow_head(server_->port());
  RawClient slow_body(server_->port());
  ASSERT_TRUE(slow_head.Send("GET / HTTP/1.1\r\nHost: h"));
  ASSERT_TRUE(
      slow_body.Send("POST /v1/ml/polars/append HTTP/1.1\r\nHost: h\r\n"
                     "Content-Length: 100\r\n\r\nhalf"));
  EXPECT_TRUE(idle.ReadsEnd());
  EXPECT_EQ(slow_head.Read().status, 408);
  EXPECT_TRUE(slow_head.ReadsEnd());
  EXPECT_EQ(slow_body.Read().status, 408);
  EXPECT_TRUE(slow_body.ReadsEnd());
}

TEST_F(ServerTest, ADripFedHeadIsCutOff) {
  Start({.request_timeout = milliseconds(100)});
  RawClient client(server_->port());
  ASSERT_TRUE(client.Send("GET / HTTP/1.1\r\nHost: h\r\n"));
  // One field at a time, for as long as the server takes them.
  for (int i = 0; i < 100'000 && client.Send("X: y\r\n"); ++i) {
    std::this_thread::yield();
  }
  const RawResponse answer = client.Read();
  EXPECT_TRUE(answer.status == 408 || answer.status == 413 || answer.status == 0) << answer.status;
}

TEST_F(ServerTest, CutsOffAClientThatTakesNothing) {
  Start({.write_timeout = milliseconds(80)});
  CreateAndFill(200'000);
  RawClient client(server_->port());
  client.ReceiveLittle();
  std::string requests;
  for (int i = 0; i < 8; ++i) requests += RequestText("GET", Path("/buffers/b/data"));
  ASSERT_TRUE(client.Send(requests));
  // The server counts one connection less once it has given up; the other is the one that asks.
  RawClient other(server_->port());
  bool alone = false;
  for (int i = 0; i < 2000 && !alone; ++i) {
    alone = other.Call("GET", "/metrics").body.find("headrace_http_connections 1\n") !=
            std::string::npos;
    std::this_thread::sleep_for(milliseconds(2));
  }
  EXPECT_TRUE(alone);
}

TEST_F(ServerTest, RefusesConnectionsBeyondTheLimit) {
  Start({.max_connections = 2});
  RawClient first(server_->port());
  RawClient second(server_->port());
  ASSERT_EQ(first.Call("GET", "/v1/health").status, 200);
  ASSERT_EQ(second.Call("GET", "/v1/health").status, 200);
  RawClient third(server_->port());
  EXPECT_EQ(third.Read().status, 503);
  EXPECT_EQ(first.Call("GET", "/v1/health").status, 200);
}

TEST_F(ServerTest, RefusesATakenPortAndBadOptions) {
  const ServerContext context{.catalog = &catalog_, .budget = &budget_};
  EXPECT_EQ(CodeOf(HttpServer::Start({.port = server_->port()}, context).status()),
            ErrorCode::kAddressInUse);
  EXPECT_EQ(CodeOf(HttpServer::Start({.host = "no such host", .port = 0}, context).status()),
            ErrorCode::kBadConfig);
  EXPECT_EQ(CodeOf(HttpServer::Start({.port = 0, .threads = -1}, context).status()),
            ErrorCode::kBadConfig);
}

TEST_F(ServerTest, DrainFinishesWhatIsUnderWay) {
  ASSERT_TRUE(catalog_.CreateBuffer({.name = "d"}).ok());
  // Connections go to the threads in turn: when all of these were closed, all threads drain.
  std::vector<std::unique_ptr<RawClient>> idle;
  for (int i = 0; i < 16; ++i) {
    idle.push_back(std::make_unique<RawClient>(server_->port()));
    ASSERT_EQ(idle.back()->Call("GET", "/v1/health").status, 200);
  }
  RawClient busy(server_->port());
  RawClient asks(server_->port());
  const std::string body = R"({"buffer_id":"d","data":{"x":1}})";
  const std::string head = fmt::format(
      "POST {} HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: {}\r\n\r\n",
      Path("/append"), body.size());
  // Half a request each; that the server has begun to read it is known by Continue.
  for (RawClient* client : {&busy, &asks}) {
    ASSERT_TRUE(client->Send(head));
    ASSERT_EQ(client->Read().status, 100);
  }

  bool clean = false;
  std::thread drain([&] { clean = server_->Drain(std::chrono::seconds(20)); });
  for (const auto& client : idle) EXPECT_TRUE(client->ReadsEnd());
  EXPECT_FALSE(RawClient(server_->port()).connected());
  EXPECT_TRUE(busy.Send(body));
  RawResponse answer = busy.Read();
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.fields["connection"], "close");
  EXPECT_TRUE(busy.ReadsEnd());
  // A request that came along with the one under way is answered too; by now health says so.
  // It follows in the same segment, so that the server has both when it answers the first.
  EXPECT_TRUE(asks.Send(body + RequestText("GET", "/v1/health")));
  EXPECT_EQ(asks.Read().status, 200);
  const RawResponse draining = asks.Read();
  EXPECT_TRUE(draining.status == 503 || draining.status == 0) << draining.status;
  drain.join();
  EXPECT_TRUE(clean);
}

TEST_F(ServerTest, DrainCutsOffWhatTakesTooLong) {
  RawClient stuck(server_->port());
  ASSERT_TRUE(
      stuck.Send("POST /v1/ml/polars/append HTTP/1.1\r\nHost: h\r\n"
                 "Expect: 100-continue\r\nContent-Length: 10\r\n\r\n"));
  ASSERT_EQ(stuck.Read().status, 100);
  EXPECT_FALSE(server_->Drain(milliseconds(50)));
  EXPECT_EQ(stuck.Read().status, 0);
  EXPECT_TRUE(server_->Drain(milliseconds(50)));
}

// Writers append whole batches of equal values while readers look: no read may show half a batch.
TEST_F(ServerTest, ConcurrentClientsSeeWholeAppends) {
  ASSERT_TRUE(catalog_.CreateBuffer({.name = "w", .window_size = 400}).ok());
  std::atomic<int> failures = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&, t] {
      RawClient client(server_->port());
      for (int i = 0; i < 60; ++i) {
        std::string rows;
        for (int r = 0; r < 20; ++r) rows += fmt::format(R"({{"v":{}}},)", t * 1000 + i);
        rows.pop_back();
        const std::string body = fmt::format(R"({{"buffer_id":"w","data":[{}]}})", rows);
        failures += client.Call("POST", Path("/append"), body).status != 200;
      }
    });
    threads.emplace_back([&] {
      RawClient client(server_->port());
      for (int i = 0; i < 60; ++i) {
        const RawResponse answer = client.Call("GET", Path("/buffers/w/data"));
        const auto rows = std::count(answer.body.begin(), answer.body.end(), '{') - 1;
        failures += answer.status != 200 || rows % 20 != 0;
        failures +=
            client.Call("POST", Path("/features"), R"({"buffer_id":"w","tail":1})").status != 200;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(failures, 0);
}

// Connections come and go while the server stops: nothing hangs, nothing is torn.
TEST_F(ServerTest, StopsUnderLoad) {
  ASSERT_TRUE(catalog_.CreateBuffer({.name = "s"}).ok());
  std::atomic<bool> stop = false;
  std::atomic<int> answered = 0;
  const uint16_t port = server_->port();
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      while (!stop) {
        RawClient client(port);
        if (!client.connected()) break;
        const auto answer =
            client.Call("POST", Path("/append"), R"({"buffer_id":"s","data":{"x":1}})");
        if (answer.status == 200) ++answered;
      }
    });
  }
  while (answered < 50) std::this_thread::yield();
  (void)server_->Drain(std::chrono::seconds(10));
  stop = true;
  for (auto& thread : threads) thread.join();
  server_.reset();
  EXPECT_EQ((*catalog_.FindBuffer("s"))->stats().append_count, answered);
}

}  // namespace
}  // namespace headrace::server
