// /v1/live as a client sees it, with bounds that no user would set; the rest is in tests/e2e.

#include <thread>
#include <vector>

#include <arrow/api.h>
#include <arrow/io/memory.h>
#include <arrow/ipc/reader.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "catalog/catalog.h"
#include "headrace/memory_budget.h"
#include "server/http/http_server.h"
#include "server/http/raw_client.h"

namespace headrace::server {
namespace {

using std::chrono::milliseconds;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using testing::RawClient;
using testing::RequestText;
using ::testing::StartsWith;

constexpr int kText = 1;
constexpr int kBinary = 2;
constexpr int kClose = 8;
constexpr int kPing = 9;
constexpr int kPong = 10;

class LiveClient {
 public:
  explicit LiveClient(uint16_t port) : client_(port) {
    client_.Send(RequestText("GET", "/v1/live", {},
                             "Connection: Upgrade\r\nUpgrade: websocket\r\n"
                             "Sec-WebSocket-Version: 13\r\n"
                             "Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n"));
    status = client_.Read(true).status;
  }

  /// Short ones only; a mask of zeros changes nothing.
  void Send(int opcode, std::string_view payload) {
    std::string frame = {static_cast<char>(0x80 | opcode),
                         static_cast<char>(0x80 | payload.size())};
    client_.Send(frame + std::string(4, '\0') + std::string(payload));
  }

  /// The next frame; 0 at the end.
  int Read(std::string* payload) {
    const std::string head = client_.ReadBytes(2);
    if (head.size() < 2) return 0;
    size_t size = static_cast<uint8_t>(head[1]);
    if (size >= 126) {
      const std::string longer = client_.ReadBytes(size == 126 ? 2 : 8);
      size = 0;
      for (const char byte : longer) size = size << 8 | static_cast<uint8_t>(byte);
    }
    *payload = size == 0 ? "" : client_.ReadBytes(size);
    return head[0] & 15;
  }

  /// The next integers of the only column that is subscribed.
  std::vector<int64_t> ReadRows() {
    std::string payload;
    while (Read(&payload) == kBinary) {
      if ((payload[4] & 1) != 0) {
        schema_ = payload.substr(8);
        continue;
      }
      auto stream = arrow::Buffer::FromString(schema_ + payload.substr(8));
      auto reader = *arrow::ipc::RecordBatchStreamReader::Open(
          std::make_shared<arrow::io::BufferReader>(std::move(stream)));
      std::shared_ptr<arrow::RecordBatch> batch;
      EXPECT_TRUE(reader->ReadNext(&batch).ok());
      const auto& values = static_cast<const arrow::Int64Array&>(*batch->column(0));
      return {values.raw_values(), values.raw_values() + values.length()};
    }
    return {};
  }

  int status = 0;

 private:
  RawClient client_;
  std::string schema_;
};

class LiveServer : public ::testing::Test {
 protected:
  void SetUp() override {
    window_ = *catalog_.CreateBuffer({.name = "w", .window_size = 1'000'000});
    Append(0, 1);
  }

  void Start(LiveOptions live = {}) {
    HttpServerOptions options;
    options.port = 0;
    options.threads = 2;
    options.idle_timeout = milliseconds(100);  // deadlines are looked at more often
    options.live = live;
    server_ = *HttpServer::Start(options, {.catalog = &catalog_, .budget = &budget_});
  }

  void Append(int64_t first, int64_t count) {
    RowBatch rows;
    for (int64_t n = first; n < first + count; ++n) {
      rows.BeginRow();
      rows.Set("n", Cell::Int64(n));
    }
    rows.Seal();
    ASSERT_TRUE(window_->Append(rows).ok());
  }

  MemoryBudget budget_{512 << 20};
  catalog::Catalog catalog_{&budget_};
  std::shared_ptr<LiveWindow> window_;
  std::unique_ptr<HttpServer> server_;
};

constexpr std::string_view kSubscribeAll =
    R"({"subscribe":{"table":"w","policy":"all","rate":1000}})";

TEST_F(LiveServer, SendsStateAndChanges) {
  Start();
  LiveClient client(server_->port());
  ASSERT_EQ(client.status, 101);
  client.Send(kText, kSubscribeAll);
  std::string payload;
  ASSERT_EQ(client.Read(&payload), kText);
  EXPECT_THAT(payload, HasSubstr(R"("subscribed":{"id":1,"number":1,"table":"buffers.w")"));
  EXPECT_EQ(client.ReadRows(), std::vector<int64_t>{0});
  Append(1, 2);
  EXPECT_EQ(client.ReadRows(), (std::vector<int64_t>{1, 2}));
}

// Four threads append, clients come and go: who stays gets every row once, in the window's order.
TEST_F(LiveServer, AppendsOfManyThreadsReachEveryClient) {
  Start();
  constexpr int64_t kRows = 4'000;
  std::vector<std::thread> threads;
  for (int64_t writer = 0; writer < 4; ++writer) {
    threads.emplace_back([this, writer] {
      for (int64_t n = 1; n <= kRows / 4; ++n) Append(writer * kRows + n, 1);
    });
  }
  std::vector<std::vector<int64_t>> seen(4);
  for (auto& rows : seen) {
    threads.emplace_back([this, &rows] {
      LiveClient left(server_->port());
      left.Send(kText, kSubscribeAll);
      LiveClient client(server_->port());
      client.Send(kText, kSubscribeAll);
      std::string payload;
      ASSERT_EQ(client.Read(&payload), kText) << payload;
      while (rows.size() < kRows + 1) {
        const auto more = client.ReadRows();
        ASSERT_FALSE(more.empty());
        rows.insert(rows.end(), more.begin(), more.end());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const auto batch = *window_->Read();
  const auto& values = static_cast<const arrow::Int64Array&>(*batch->column(0));
  const std::vector<int64_t> all(values.raw_values(), values.raw_values() + values.length());
  for (const auto& rows : seen) EXPECT_EQ(rows, all);
}

TEST_F(LiveServer, AsksSilentClientsAndGivesThemUp) {
  Start({.ping_interval = milliseconds(30), .pong_timeout = milliseconds(200)});
  LiveClient answering(server_->port());
  std::string payload;
  for (int i = 0; i < 20; ++i) {
    ASSERT_EQ(answering.Read(&payload), kPing);
    answering.Send(kPong, payload);
  }
  LiveClient silent(server_->port());
  while (silent.Read(&payload) == kPing) {
  }
  EXPECT_EQ(silent.Read(&payload), 0);
}

TEST_F(LiveServer, DrainsWithItsCode) {
  Start({.close_timeout = milliseconds(100)});
  LiveClient client(server_->port());
  client.Send(kText, kSubscribeAll);
  std::string payload;
  ASSERT_EQ(client.Read(&payload), kText);
  std::thread drain([this] { EXPECT_TRUE(server_->Drain(std::chrono::seconds(10))); });
  int opcode = kBinary;
  while (opcode == kBinary) opcode = client.Read(&payload);
  EXPECT_EQ(opcode, kClose);
  EXPECT_EQ(payload.substr(0, 2), "\x03\xe9");  // 1001
  client.Send(kClose, payload.substr(0, 2));
  drain.join();
}

TEST_F(LiveServer, ClientsAreCounted) {
  Start({.max_clients = 1});
  LiveClient first(server_->port());
  std::string payload;
  first.Send(kText, R"({"unsubscribe":1})");
  EXPECT_EQ(first.Read(&payload), kText);
  EXPECT_EQ(LiveClient(server_->port()).status, 503);
}

// The server sends what was appended to clients that take nothing: one of each policy.
TEST_F(LiveServer, HealthNamesWhoDoesNotKeepUp) {
  Start({.queue_bytes = 256 << 10});
  RawClient observer(server_->port());
  const auto live = [&] {
    const std::string body = observer.Call("GET", "/v1/health").body;
    return body.substr(body.find(R"("slowest":)"));
  };
  EXPECT_EQ(live(), R"("slowest":[]}})");
  LiveClient quick(server_->port());
  quick.Send(kText, R"({"subscribe":{"table":"w","tail":0,"id":"q\"","policy":"all","rate":5}})");
  LiveClient stalled(server_->port());
  stalled.Send(kText, R"({"subscribe":{"table":"w","tail":0,"id":7,"rate":1000}})");
  std::string payload;
  ASSERT_EQ(stalled.Read(&payload), kText);
  ASSERT_EQ(quick.Read(&payload), kText);
  EXPECT_THAT(live(), StartsWith(R"("slowest":[{"peer":"127.0.0.1:)"));
  EXPECT_THAT(live(),
              HasSubstr(R"(,"id":"q\"","table":"buffers.w","policy":"all","rate":5,)"
                        R"("slow":false,"queued_bytes":0,"rows_sent":0,"rows_skipped":0})"));
  quick.Send(kText, R"({"unsubscribe":"q\""})");
  while (quick.Read(&payload) != kText) {
  }
  // Its socket takes a few MiB.
  const ::testing::Matcher<std::string> stands_still =
      ContainsRegex(R"("id":7,"table":"buffers.w","policy":"latest","rate":1000,)"
                    R"("slow":true,"queued_bytes":[1-9][0-9]*,"rows_sent":[1-9])");
  int64_t first = 1;
  bool seen = false;
  for (; !seen && first < 40'000'000; first += 10'000) {
    Append(first, 10'000);
    seen = stands_still.Matches(live());
  }
  EXPECT_TRUE(seen) << live();
  int64_t last = 0;
  for (int frames = 0; last != first - 1 && frames < 100'000; ++frames) {
    const std::vector<int64_t> rows = stalled.ReadRows();  // none: told of skipped ones
    if (!rows.empty()) last = rows.back();
  }
  EXPECT_EQ(last, first - 1);
  EXPECT_THAT(live(), HasSubstr(R"("slow":false)"));
}

}  // namespace
}  // namespace headrace::server
