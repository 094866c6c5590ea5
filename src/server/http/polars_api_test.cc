// The calls of the buffer API, request by request, without a socket.

#include "server/http/polars_api.h"

#include <arrow/api.h>
#include <arrow/io/memory.h>
#include <arrow/ipc/reader.h>
#include <arrow/ipc/writer.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "catalog/catalog.h"
#include "headrace/memory_budget.h"
#include "server/http/application.h"

namespace headrace::server {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class PolarsApiTest : public ::testing::Test {
 protected:
  struct Answer {
    int status;
    std::string body;
    std::string content_type;
  };

  /// Runs a request through, the pool included, and gathers what is streamed.
  Answer Call(Method method, std::string target, std::string_view body = {},
              std::string content_type = "application/json", std::string accept = {}) {
    exchange_.Reset();
    Request& request = exchange_.request;
    request.method = method;
    request.target = "/v1/ml/polars" + std::move(target);
    request.path = std::string_view(request.target).substr(0, request.target.find('?'));
    request.query = std::string_view(request.target)
                        .substr(std::min(request.target.size(), request.path.size() + 1));
    request.content_type = std::move(content_type);
    request.accept = std::move(accept);
    request.body = body;
    if (const Status found = application_.FindRoute(&exchange_); !found.ok()) {
      application_.Fail(found, &exchange_);
    } else {
      application_.Handle(&exchange_);
      if (exchange_.wants_pool) {
        exchange_.on_pool = true;
        application_.Handle(&exchange_);
      }
    }
    return Gather();
  }

  Answer Gather() {
    Response& response = exchange_.response;
    while (response.stream != nullptr) {
      auto chunk = response.stream->Next();
      EXPECT_TRUE(chunk.ok()) << chunk.status();
      if (!chunk.ok() || chunk->empty()) break;
      for (const auto& piece : *chunk) response.body += piece->ToString();
    }
    return {response.status, response.body, std::string(response.content_type)};
  }

  Answer Post(std::string target, std::string_view body) {
    return Call(Method::kPost, std::move(target), body);
  }
  Answer Get(std::string target) { return Call(Method::kGet, std::move(target)); }

  void CreateAndFill() {
    ASSERT_EQ(Post("/buffers", R"({"buffer_id":"b"})").status, 200);
    const Answer appended =
        Post("/append", R"({"buffer_id":"b","data":[{"t":1.5,"n":1},{"t":2.5},{"t":4.5,"n":3}]})");
    ASSERT_EQ(appended.status, 200) << appended.body;
  }

  static std::string ArrowStream() {
    arrow::DoubleBuilder builder;
    EXPECT_TRUE(builder.AppendValues({7.5, 8.5}).ok());
    auto table = arrow::Table::Make(arrow::schema({arrow::field("t", arrow::float64())}),
                                    {*builder.Finish()});
    auto sink = *arrow::io::BufferOutputStream::Create();
    auto writer = *arrow::ipc::MakeStreamWriter(sink, table->schema());
    EXPECT_TRUE(writer->WriteTable(*table).ok() && writer->Close().ok());
    return (*sink->Finish())->ToString();
  }

  MemoryBudget budget_{256 << 20};
  catalog::Catalog catalog_{&budget_};
  Application application_{ServerContext{.catalog = &catalog_, .budget = &budget_}};
  Exchange exchange_;
};

TEST_F(PolarsApiTest, Creates) {
  const Answer answer = Post("/buffers", R"({"buffer_id":"sensor-data","window_size":1000})");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body,
            R"({"object":"buffer_created","buffer_id":"sensor-data","window_size":1000,)"
            R"("status":"created"})");
  EXPECT_EQ(answer.content_type, "application/json");
  EXPECT_EQ(Post("/buffers", R"({"buffer_id":"sensor-data"})").status, 409);
}

TEST_F(PolarsApiTest, CreateHasDefaultsAndOptions) {
  EXPECT_EQ(Post("/buffers", R"({"buffer_id":"a","window_size":null,"schema":null})").status, 200);
  EXPECT_EQ((*catalog_.FindBuffer("a"))->options().window_size, 1000);
  EXPECT_EQ(Post("/buffers", R"({"buffer_id":"b","history_rows":5,)"
                             R"("schema":{"when":"timestamp","x":"double","s":"string"}})")
                .status,
            200);
  EXPECT_EQ((*catalog_.FindBuffer("b"))->options().history_rows, 5);
  const Answer data = Get("/buffers/b/data");
  EXPECT_EQ(data.body, R"({"object":"polars_data","buffer_id":"b","rows":0,)"
                       R"("columns":["when","x","s"],"data":[]})");
}

TEST_F(PolarsApiTest, CreateRefuses) {
  const auto expect = [this](std::string_view body, int status, std::string_view location) {
    const Answer answer = Post("/buffers", body);
    EXPECT_EQ(answer.status, status) << body;
    EXPECT_THAT(answer.body, HasSubstr(location)) << body;
  };
  expect(R"({"window_size":5})", 422, R"("loc":["body","buffer_id"])");
  expect(R"({"buffer_id":7})", 422, R"("loc":["body","buffer_id"])");
  expect(R"({"buffer_id":""})", 422, R"("loc":["body","buffer_id"])");
  expect(R"({"buffer_id":"a/b"})", 422, R"("loc":["body","buffer_id"])");
  expect(R"({"buffer_id":"x","window_size":0})", 422, R"("loc":["body","window_size"])");
  expect(R"({"buffer_id":"x","window_size":-5})", 422, R"("loc":["body","window_size"])");
  expect(R"({"buffer_id":"x","window_size":"5"})", 422, R"("loc":["body","window_size"])");
  expect(R"({"buffer_id":"x","history_rows":-1})", 422, R"("loc":["body","history_rows"])");
  expect(R"({"buffer_id":"x","window_sze":5})", 422, "window_size");
  expect(R"({"buffer_id":"x","schema":{"a":"float"}})", 422, R"("loc":["body","schema","a"])");
  expect(R"({"buffer_id":"x","schema":{"a":"bool","a":"bool"}})", 422, R"("schema","a"])");
  expect(R"({"buffer_id":"x","schema":{}})", 422, R"("loc":["body","schema"])");
  expect(R"({"buffer_id":)", 400, R"("code":"malformed_body")");
  EXPECT_EQ(catalog_.num_buffers(), 0);
}

TEST_F(PolarsApiTest, AppendsOneRowOrMany) {
  ASSERT_EQ(Post("/buffers", R"({"buffer_id":"b","window_size":2})").status, 200);
  Answer answer = Post("/append", R"({"buffer_id":"b","data":{"t":1}})");
  EXPECT_THAT(answer.body, StartsWith(R"({"object":"append_result","buffer_id":"b","appended":1,)"
                                      R"("buffer_size":1,"avg_append_ms":)"));
  answer = Post("/append", R"({"data":[{"t":1},{"t":2},{"t":3}],"buffer_id":"b"})");
  EXPECT_THAT(answer.body, HasSubstr(R"("appended":3,"buffer_size":2)"));
  answer = Post("/append", R"({"data":[],"buffer_id":"b"})");
  EXPECT_THAT(answer.body, HasSubstr(R"("appended":0,"buffer_size":2)"));
}

TEST_F(PolarsApiTest, AppendRefusesAndChangesNothing) {
  CreateAndFill();
  const std::string before = Get("/buffers/b/data").body;
  const auto expect = [this](std::string_view body, int status, std::string_view location) {
    const Answer answer = Post("/append", body);
    EXPECT_EQ(answer.status, status) << body << answer.body;
    EXPECT_THAT(answer.body, HasSubstr(location)) << body;
  };
  expect(R"({"data":{"t":1}})", 422, R"("loc":["body","buffer_id"])");
  expect(R"({"buffer_id":5,"data":{"t":1}})", 422, R"("loc":["body","buffer_id"])");
  expect(R"({"buffer_id":"b"})", 422, R"("body","data")");
  expect(R"({"buffer_id":"b","data":5})", 422, R"("body")");
  expect(R"({"buffer_id":"b","data":[5]})", 422, R"("body")");
  expect(R"({"buffer_id":"b","data":[{"t":1},{"t":"x"}]})", 422, R"(["body","data",1,"t"])");
  expect(R"({"buffer_id":"b","data":{"t":{"nested":1}}})", 422, R"("t"])");
  expect(R"({"buffer_id":"b","data":{"t":1},"extra":1})", 422, R"(["body","extra"])");
  expect(R"({"buffer_id":"no","data":{"t":1}})", 404, "'no'");
  expect(R"({"buffer_id":"b","data":{"t":1})", 400, "malformed_body");
  expect("", 400, "malformed_body");
  EXPECT_EQ(Get("/buffers/b/data").body, before);
}

TEST_F(PolarsApiTest, AppendTakesArrowAndNdjson) {
  CreateAndFill();
  Answer answer = Call(Method::kPost, "/append?buffer_id=b", ArrowStream(),
                       "application/vnd.apache.arrow.stream");
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_THAT(answer.body, HasSubstr(R"("appended":2,"buffer_size":5)"));
  answer = Call(Method::kPost, "/append?buffer_id=b", "{\"t\":9.5}\n{\"t\":10.5}\n",
                "application/x-ndjson; charset=utf-8");
  EXPECT_THAT(answer.body, HasSubstr(R"("appended":2,"buffer_size":7)"));

  EXPECT_EQ(
      Call(Method::kPost, "/append", ArrowStream(), "application/vnd.apache.arrow.stream").status,
      422);
  EXPECT_EQ(Call(Method::kPost, "/append?buffer_id=no", ArrowStream(),
                 "application/vnd.apache.arrow.stream")
                .status,
            404);
  EXPECT_EQ(
      Call(Method::kPost, "/append?buffer_id=b", "not arrow", "application/vnd.apache.arrow.stream")
          .status,
      400);
  EXPECT_EQ(
      Call(Method::kPost, "/append?buffer_id=b", "not parquet", "application/vnd.apache.parquet")
          .status,
      400);
  EXPECT_THAT(Get("/buffers/b").body, HasSubstr(R"("size":7)"));
}

TEST_F(PolarsApiTest, AppendRefusesOtherTypes) {
  CreateAndFill();
  const Answer answer = Call(Method::kPost, "/append?buffer_id=b", "a,b", "text/csv");
  EXPECT_EQ(answer.status, 415);
  EXPECT_THAT(answer.body, HasSubstr("application/vnd.apache.arrow.stream"));
  EXPECT_EQ(Call(Method::kPost, "/buffers", "{}", "text/plain").status, 415);
  EXPECT_EQ(Call(Method::kPost, "/features", "{}", "text/plain").status, 415);
  EXPECT_EQ(Post("/append?buffer_id=b", R"({"buffer_id":"b","data":{"t":1}})").status, 422);
}

TEST_F(PolarsApiTest, LongAppendsGoThroughThePoolAndGiveTheirMemoryBack) {
  CreateAndFill();
  const int64_t before = budget_.used_bytes();
  std::string body = R"({"buffer_id":"b","data":[)";
  for (int i = 0; i < 10'000; ++i) body += R"({"t":1.25},)";
  body.back() = ']';
  body += '}';
  const Answer answer = Post("/append", body);
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_TRUE(exchange_.on_pool);
  EXPECT_LT(budget_.used_bytes() - before, 1 << 20);
  budget_.set_limit_bytes(budget_.used_bytes() + static_cast<int64_t>(body.size()));
  EXPECT_EQ(Post("/append", body).status, 507);
}

TEST_F(PolarsApiTest, AShortTextCannotTakeMuchMemory) {
  CreateAndFill();
  std::string body = R"({"buffer_id":"b","data":[{)";
  for (int i = 0; i < 1000; ++i) body += "\"k" + std::to_string(i) + "\":1,";
  body.back() = '}';
  for (int i = 0; i < 300'000; ++i) body += ",{}";
  body += "]}";
  EXPECT_EQ(Post("/append", body).status, 413);
  EXPECT_LT(budget_.peak_bytes(), 64 << 20);
}

TEST_F(PolarsApiTest, TakesBackWhatItGaveInColumns) {
  CreateAndFill();
  int rows = 3;
  for (const char* type : {"application/vnd.apache.arrow.stream",
                           "application/vnd.apache.arrow.file", "application/vnd.apache.parquet"}) {
    const std::string bytes = Call(Method::kGet, "/buffers/b/data", {}, "", type).body;
    const Answer answer = Call(Method::kPost, "/append?buffer_id=b", bytes, type);
    EXPECT_EQ(answer.status, 200) << type << answer.body;
    rows *= 2;
    EXPECT_THAT(answer.body, HasSubstr("\"buffer_size\":" + std::to_string(rows)));
  }
}

TEST_F(PolarsApiTest, ListsAndShowsStatistics) {
  EXPECT_EQ(Get("/buffers").body, R"({"object":"list","data":[],"total":0})");
  CreateAndFill();
  const std::string stats = Get("/buffers/b").body;
  EXPECT_THAT(stats, StartsWith(R"({"buffer_id":"b","size":3,"window_size":1000,)"
                                R"("columns":["t","n"],"numeric_columns":["t","n"],)"
                                R"("memory_bytes":)"));
  EXPECT_THAT(stats, HasSubstr(R"("append_count":3,"avg_append_ms":)"));
  EXPECT_EQ(Get("/buffers").body, R"({"object":"list","data":[)" + stats + R"(],"total":1})");
  EXPECT_EQ(Get("/buffers/no").status, 404);
}

TEST_F(PolarsApiTest, DeletesAndClears) {
  CreateAndFill();
  EXPECT_EQ(Post("/buffers/b/clear", "").body, R"({"cleared":true,"buffer_id":"b","size":0})");
  EXPECT_EQ(Get("/buffers/b/data").body,
            R"({"object":"polars_data","buffer_id":"b","rows":0,"columns":["t","n"],"data":[]})");
  EXPECT_EQ(Call(Method::kDelete, "/buffers/b").body, R"({"deleted":true,"buffer_id":"b"})");
  EXPECT_EQ(Call(Method::kDelete, "/buffers/b").status, 404);
  EXPECT_EQ(Post("/buffers/b/clear", "").status, 404);
}

TEST_F(PolarsApiTest, ReadsRows) {
  CreateAndFill();
  EXPECT_EQ(Get("/buffers/b/data?tail=2").body,
            R"({"object":"polars_data","buffer_id":"b","rows":2,"columns":["t","n"],)"
            R"("data":[{"t":2.5,"n":null},{"t":4.5,"n":3}]})");
  EXPECT_THAT(Get("/buffers/b/data?with_features=true&tail=1").body,
              HasSubstr(R"("t_rolling_mean_5":)"));
  EXPECT_THAT(Get("/buffers/b/data?with_features=false").body, Not(HasSubstr("rolling")));
  EXPECT_EQ(Get("/buffers/%62/data").status, 200);
}

TEST_F(PolarsApiTest, ReadRefuses) {
  CreateAndFill();
  for (const char* query : {"?tail=0", "?tail=-1", "?tail=x", "?tail=", "?with_features=maybe",
                            "?tial=5", "?tail=1&tail=2"}) {
    EXPECT_EQ(Get(std::string("/buffers/b/data") + query).status, 422) << query;
  }
  EXPECT_THAT(Get("/buffers/b/data?tail=0").body, HasSubstr(R"("loc":["query","tail"])"));
  EXPECT_THAT(Get("/buffers/b%20c/data").body, HasSubstr(R"("loc":["path","buffer_id"])"));
  EXPECT_EQ(Get("/buffers/%zz/data").status, 400);
  EXPECT_EQ(Get("/buffers/no/data").status, 404);
  EXPECT_EQ(Get("/buffers//data").status, 404);
}

TEST_F(PolarsApiTest, ComputesFeaturesAsAsked) {
  CreateAndFill();
  const Answer answer = Post("/features", R"({"buffer_id":"b","rolling_windows":[2],)"
                                          R"("include_rolling_stats":["mean","max"],)"
                                          R"("lag_periods":[1],"columns":["t"],"tail":1})");
  EXPECT_EQ(answer.body,
            R"({"object":"polars_data","buffer_id":"b","rows":1,"columns":["t","n",)"
            R"("t_rolling_mean_2","t_rolling_max_2","t_lag_1"],"data":[{"t":4.5,"n":3,)"
            R"("t_rolling_mean_2":3.5,"t_rolling_max_2":4.5,"t_lag_1":2.5}]})");
}

TEST_F(PolarsApiTest, FeaturesHaveTheSeedsDefaults) {
  CreateAndFill();
  const std::string all = Post("/features", R"({"buffer_id":"b"})").body;
  for (const char* name : {"t_rolling_std_20", "n_rolling_min_10", "t_lag_3"}) {
    EXPECT_THAT(all, HasSubstr(name));
  }
  EXPECT_EQ(all, Post("/features", R"({"buffer_id":"b","rolling_windows":null,"tail":null,)"
                                   R"("include_lags":null,"lag_periods":null,"columns":null})")
                     .body);
  EXPECT_THAT(Post("/features", R"({"buffer_id":"b","include_lags":false})").body,
              Not(HasSubstr("_lag_")));
  EXPECT_THAT(Post("/features", R"({"buffer_id":"b","rolling_windows":[]})").body,
              Not(HasSubstr("rolling")));
}

TEST_F(PolarsApiTest, FillDecidesWhatIsNotThere) {
  CreateAndFill();
  const auto first_lag = [this](std::string_view fill) {
    const std::string body = Post("/features", R"({"buffer_id":"b","rolling_windows":[],)"
                                               R"("lag_periods":[3],"columns":["t"])" +
                                                   std::string(fill) + "}")
                                 .body;
    const size_t at = body.find(R"("t_lag_3":)");
    return body.substr(at + 10, 4);
  };
  EXPECT_THAT(first_lag(""), StartsWith("0"));
  EXPECT_THAT(first_lag(R"(,"fill":"zero")"), StartsWith("0"));
  EXPECT_EQ(first_lag(R"(,"fill":"null")"), "null");
  EXPECT_EQ(first_lag(R"(,"fill":null)"), "null");
}

TEST_F(PolarsApiTest, FeaturesRefuse) {
  CreateAndFill();
  const auto expect = [this](std::string_view fields, std::string_view location) {
    const Answer answer = Post("/features", R"({"buffer_id":"b",)" + std::string(fields) + "}");
    EXPECT_EQ(answer.status, 422) << fields << answer.body;
    EXPECT_THAT(answer.body, HasSubstr(location)) << fields;
  };
  expect(R"("tail":0)", R"(["body","tail"])");
  expect(R"("rolling_windows":[5,0])", R"(["body","rolling_windows",1])");
  expect(R"("rolling_windows":[5,5])", R"(["body","rolling_windows",1])");
  expect(R"("rolling_windows":5)", R"(["body","rolling_windows"])");
  expect(R"("lag_periods":[-1])", R"(["body","lag_periods",0])");
  expect(R"("include_rolling_stats":["mean","meen"])", R"(["body","include_rolling_stats",1])");
  expect(R"("min_samples":0)", R"(["body","min_samples"])");
  expect(R"("ddof":2)", R"(["body","ddof"])");
  expect(R"("fill":"one")", R"(["body","fill"])");
  expect(R"("include_lags":"yes")", R"(["body","include_lags"])");
  expect(R"("rolling_window":[5])", "rolling_windows");
  EXPECT_EQ(Post("/features", R"({"buffer_id":"no"})").status, 404);
  EXPECT_EQ(Post("/features", R"({"buffer_id":"b","columns":["zzz"]})").status, 404);
}

TEST_F(PolarsApiTest, AnswersInTheFormatAskedFor) {
  CreateAndFill();
  const auto get = [this](std::string accept) {
    return Call(Method::kGet, "/buffers/b/data", {}, "", std::move(accept));
  };
  EXPECT_THAT(get("*/*").body, StartsWith(R"({"object":"polars_data")"));
  EXPECT_THAT(get("application/json").body, StartsWith(R"({"object":"polars_data")"));
  EXPECT_EQ(get("image/png").status, 406);

  const Answer stream = get("application/vnd.apache.arrow.stream");
  EXPECT_EQ(stream.content_type, "application/vnd.apache.arrow.stream");
  auto reader = *arrow::ipc::RecordBatchStreamReader::Open(
      std::make_shared<arrow::io::BufferReader>(arrow::Buffer::FromString(stream.body)));
  EXPECT_EQ((*reader->ToTable())->num_rows(), 3);
  EXPECT_THAT(get("text/csv").content_type, StartsWith("text/csv"));
  EXPECT_EQ(get("application/vnd.apache.parquet").status, 200);
  EXPECT_EQ(get("application/vnd.apache.arrow.file").status, 200);
  EXPECT_EQ(get("application/x-ndjson").status, 200);
}

TEST_F(PolarsApiTest, StreamsLongJsonInSlices) {
  ASSERT_EQ(Post("/buffers", R"({"buffer_id":"long","window_size":200000})").status, 200);
  std::string lines;
  for (int i = 0; i < 100'000; ++i) lines += "{\"x\":" + std::to_string(i) + "}\n";
  ASSERT_EQ(Call(Method::kPost, "/append?buffer_id=long", lines, "application/x-ndjson").status,
            200);

  const std::string body = Get("/buffers/long/data").body;
  std::string expected = R"({"object":"polars_data","buffer_id":"long","rows":100000,)"
                         R"("columns":["x"],"data":[)";
  for (int i = 0; i < 100'000; ++i) expected += "{\"x\":" + std::to_string(i) + "},";
  expected.back() = ']';
  expected += '}';
  EXPECT_TRUE(body == expected) << body.substr(0, 300);
  exchange_.Reset();
  for (const auto& share : budget_.Shares()) {
    EXPECT_TRUE(share.owner != "http" || share.bytes == 0);
  }
}

TEST_F(PolarsApiTest, HealthAndMetrics) {
  CreateAndFill();
  exchange_.Reset();
  exchange_.request.target = "/v1/health";
  exchange_.request.path = exchange_.request.target;
  ASSERT_TRUE(application_.FindRoute(&exchange_).ok());
  application_.Handle(&exchange_);
  EXPECT_THAT(exchange_.response.body, StartsWith(R"({"status":"ok","version":")"));
  EXPECT_THAT(exchange_.response.body, HasSubstr(R"("buffers":1,"memory":{"used_bytes":)"));

  exchange_.response.Reset();
  application_.StartDraining();
  application_.Handle(&exchange_);
  EXPECT_EQ(exchange_.response.status, 503);
  EXPECT_THAT(exchange_.response.body, StartsWith(R"({"status":"draining")"));

  application_.metrics().CountRequest(0, 200, std::chrono::microseconds(20));
  application_.metrics().CountRequest(-1, 404, std::chrono::microseconds(20));
  const std::string text = application_.metrics().Text(catalog_.num_buffers(), budget_);
  EXPECT_THAT(text, HasSubstr("headrace_rows_appended_total 3"));
  EXPECT_THAT(text, HasSubstr("headrace_buffers 1"));
  EXPECT_THAT(text, HasSubstr("headrace_http_requests_total{method=\"POST\",route=\"/v1/ml/polars/"
                              "append\",status=\"200\"} 1"));
  EXPECT_THAT(text, HasSubstr("headrace_memory_owner_bytes{owner=\"window\"}"));
}

}  // namespace
}  // namespace headrace::server
