#include "server/http/polars_api.h"

#include <iterator>
#include <memory>
#include <utility>

#include <arrow/buffer.h>
#include <arrow/record_batch.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "codec/arrow_rows.h"
#include "codec/format.h"
#include "delivery/delivery.h"
#include "headrace/error_code.h"
#include "headrace/memory_budget.h"
#include "headrace/names.h"
#include "server/http/error_body.h"
#include "server/http/exchange.h"
#include "server/http/media_type.h"
#include "server/http/read_request.h"
#include "server/http/route_table.h"
#include "server/http/rows_envelope.h"
#include "server/http/unknown_field.h"
#include "server/http/url.h"

namespace headrace::server {
namespace {

// What an I/O thread does itself: a few tens of microseconds. The rest goes to the pool.
constexpr size_t kQuickBodyBytes = 32 << 10;
constexpr int64_t kQuickValues = 50'000;
// Answers up to this many values are made in one piece.
constexpr int64_t kWholeValues = 10'000;
// What text takes at most while it is parsed, in terms of its own length: copies, an index of 4
// bytes a token, and a cell of 24 bytes for each 4 bytes of text, doubled where a column's memory
// grows.
constexpr int64_t kParseFactor = 18;
// A connection keeps what parsed so many cells, and this much of it is in the connection's share.
constexpr int64_t kKeptCells = 16'384;
constexpr int64_t kFreeScratchBytes = 16 << 10;

template <typename... Args>
void Write(Exchange& exchange, fmt::format_string<Args...> format, Args&&... args) {
  fmt::format_to(std::back_inserter(exchange.response.body), format, std::forward<Args>(args)...);
}

void WriteStrings(const std::vector<std::string>& texts, std::string* out) {
  *out += '[';
  for (size_t i = 0; i < texts.size(); ++i) {
    if (i > 0) *out += ',';
    codec::WriteJsonString(texts[i], out);
  }
  *out += ']';
}

void WriteStats(const LiveWindowStats& stats, std::string* out) {
  auto at = std::back_inserter(*out);
  // Names of buffers need no escapes.
  fmt::format_to(at, R"({{"buffer_id":"{}","size":{},"window_size":{},"columns":)", stats.name,
                 stats.size, stats.window_size);
  WriteStrings(stats.columns, out);
  *out += R"(,"numeric_columns":)";
  WriteStrings(stats.numeric_columns, out);
  fmt::format_to(at, R"(,"memory_bytes":{},"append_count":{},"avg_append_ms":{}}})",
                 stats.memory_bytes, stats.append_count, stats.avg_append_ms);
}

Result<std::string_view> BufferOfPath(const Exchange& exchange) {
  const std::string& name = exchange.request.path_params.at(0);
  ARROW_RETURN_NOT_OK(LocatedIn("path", ValidateName(name, "buffer_id")));
  return name;
}

void WriteAppendResult(std::string_view buffer_id, const AppendResult& result, Exchange& exchange) {
  Write(exchange,
        R"({{"object":"append_result","buffer_id":"{}","appended":{},"buffer_size":{},)"
        R"("avg_append_ms":{}}})",
        buffer_id, result.appended, result.buffer_size, result.avg_append_ms);
}

/// The name in the members of an append's body beside its rows.
Result<std::string_view> BufferOfMembers(
    const std::vector<codec::JsonRowsParser::Member>& members) {
  std::string_view buffer_id;
  bool found = false;
  for (const auto& [name, value] : members) {
    if (name != "buffer_id") return UnknownField("body", name, {"buffer_id", "data"});
    if (value.kind != Cell::Kind::kString || found) {
      return MakeError(ErrorCode::kInvalidArgument,
                       found ? "buffer_id is given twice" : "buffer_id must be a string",
                       {"body", "buffer_id"});
    }
    buffer_id = value.view();
    found = true;
  }
  if (found) return buffer_id;
  return MakeError(ErrorCode::kInvalidArgument, "buffer_id is missing", {"body", "buffer_id"});
}

Result<std::string> BufferOfQuery(const Exchange& exchange) {
  ARROW_ASSIGN_OR_RAISE(const Query query, Query::Parse(exchange.request.query, {"buffer_id"}));
  return query.Required("buffer_id");
}

/// Parsing rows out of text. What a long text takes meanwhile is reserved, and let go of in the
/// end, however that comes; what a short one leaves behind is kept for the next, and reserved as
/// well.
class ParsingRoom {
 public:
  static Result<ParsingRoom> Enter(size_t text_bytes, MemoryBudget* budget, Scratch* scratch) {
    ParsingRoom room(text_bytes, budget, scratch);
    if (text_bytes > kQuickBodyBytes) {
      room.reservation_ = budget->Reserve("http");
      ARROW_RETURN_NOT_OK(
          room.reservation_.Resize(static_cast<int64_t>(text_bytes) * kParseFactor));
    }
    return room;
  }

  ParsingRoom(ParsingRoom&& other) noexcept
      : text_bytes_(other.text_bytes_),
        budget_(other.budget_),
        scratch_(std::exchange(other.scratch_, nullptr)),
        reservation_(std::move(other.reservation_)) {}
  ParsingRoom& operator=(ParsingRoom&&) = delete;

  ~ParsingRoom() {
    if (scratch_ != nullptr && !Keep()) Empty();
  }

 private:
  ParsingRoom(size_t text_bytes, MemoryBudget* budget, Scratch* scratch)
      : text_bytes_(static_cast<int64_t>(text_bytes)), budget_(budget), scratch_(scratch) {}

  bool Keep() const {
    const int64_t cells = scratch_->rows.num_rows() * scratch_->rows.num_columns();
    if (text_bytes_ > static_cast<int64_t>(kQuickBodyBytes) || cells > kKeptCells) return false;
    const int64_t bytes = text_bytes_ * kParseFactor + cells * int64_t{2 * sizeof(Cell)};
    if (bytes <= scratch_->held.bytes() + kFreeScratchBytes) return true;
    if (scratch_->held.bytes() == 0) scratch_->held = budget_->Reserve("http");
    return scratch_->held.Resize(bytes).ok();
  }

  void Empty() const {
    scratch_->rows_parser = std::make_unique<codec::JsonRowsParser>();
    scratch_->rows = RowBatch();
    scratch_->members = {};
    scratch_->held = Reservation();
  }

  int64_t text_bytes_;
  MemoryBudget* budget_;
  Scratch* scratch_;
  Reservation reservation_;
};

constexpr codec::Format kColumnFormats[] = {codec::Format::kArrowStream, codec::Format::kArrowFile,
                                            codec::Format::kParquet};

/// Rows that come in columns. `body` is borrowed.
Result<std::shared_ptr<arrow::RecordBatchReader>> OpenColumns(codec::Format format,
                                                              std::string_view body,
                                                              MemoryBudget* budget) {
  auto bytes = std::make_shared<arrow::Buffer>(body);
  if (format == codec::Format::kParquet) return codec::OpenParquetBody(std::move(bytes), budget);
  return codec::OpenArrowBody(std::move(bytes), format, budget);
}

Status UnsupportedBody(const Request& request) {
  std::vector<std::string_view> types = {"application/json",
                                         codec::Describe(codec::Format::kNdjson).media_type};
  for (codec::Format format : kColumnFormats) types.push_back(codec::Describe(format).media_type);
  return MakeError(ErrorCode::kUnsupportedMediaType,
                   fmt::format("the body's type is '{}'; append takes {}", request.content_type,
                               fmt::join(types, ", ")));
}

}  // namespace

void PolarsApi::AddRoutes(RouteTable* routes) {
  const auto add = [&](Method method, std::string_view path, std::string_view help,
                       Status (PolarsApi::*call)(Exchange&)) {
    return &routes->Add(method, fmt::format("/v1/ml/polars{}", path), help,
                        [this, call](Exchange& exchange) { return (this->*call)(exchange); });
  };
  constexpr std::string_view kJson = "application/json";
  std::vector<std::string_view> formats;
  for (const auto& info : codec::Formats()) formats.push_back(info.media_type);
  Route* const append = add(Method::kPost, "/append", "append rows", &PolarsApi::Append);
  append->parameters = {{.name = "buffer_id", .help = "of rows that are not in a JSON object"}};
  append->body_types = {kJson, codec::Describe(codec::Format::kNdjson).media_type};
  for (const codec::Format format : kColumnFormats) {
    append->body_types.push_back(codec::Describe(format).media_type);
  }
  Route* const features =
      add(Method::kPost, "/features", "rows with rolling features", &PolarsApi::Features);
  features->body_types = {kJson};
  features->answer_types = formats;
  add(Method::kPost, "/buffers", "create a buffer", &PolarsApi::Create)->body_types = {kJson};
  add(Method::kGet, "/buffers", "list the buffers", &PolarsApi::List);
  add(Method::kGet, "/buffers/{buffer_id}", "a buffer's statistics", &PolarsApi::Stats);
  add(Method::kDelete, "/buffers/{buffer_id}", "delete a buffer", &PolarsApi::Drop);
  add(Method::kPost, "/buffers/{buffer_id}/clear", "drop a buffer's rows", &PolarsApi::Clear);
  Route* const data =
      add(Method::kGet, "/buffers/{buffer_id}/data", "a buffer's rows", &PolarsApi::Data);
  data->parameters = {{.name = "tail", .type = "integer", .help = "the last so many rows"},
                      {.name = "with_features", .type = "boolean", .help = "the default ones too"}};
  data->answer_types = formats;
}

Status PolarsApi::Create(Exchange& exchange) {
  ARROW_ASSIGN_OR_RAISE(auto create, ReadCreateBuffer(exchange.request, &exchange.scratch.body));
  Write(exchange,
        R"({{"object":"buffer_created","buffer_id":"{}","window_size":{},"status":"created"}})",
        create.buffer_id, create.window_size);
  return LocatedIn("body", delivery_->Create(std::move(create)));
}

Status PolarsApi::List(Exchange& exchange) {
  const std::vector<LiveWindowStats> all = delivery_->List();
  exchange.response.body = R"({"object":"list","data":[)";
  for (size_t i = 0; i < all.size(); ++i) {
    if (i > 0) exchange.response.body += ',';
    WriteStats(all[i], &exchange.response.body);
  }
  Write(exchange, R"(],"total":{}}})", all.size());
  return Status::OK();
}

Status PolarsApi::Stats(Exchange& exchange) {
  ARROW_ASSIGN_OR_RAISE(const auto buffer_id, BufferOfPath(exchange));
  ARROW_ASSIGN_OR_RAISE(const auto stats, delivery_->Stats(buffer_id));
  WriteStats(stats, &exchange.response.body);
  return Status::OK();
}

Status PolarsApi::Drop(Exchange& exchange) {
  ARROW_ASSIGN_OR_RAISE(const auto buffer_id, BufferOfPath(exchange));
  ARROW_RETURN_NOT_OK(delivery_->Drop(buffer_id));
  Write(exchange, R"({{"deleted":true,"buffer_id":"{}"}})", buffer_id);
  return Status::OK();
}

Status PolarsApi::Clear(Exchange& exchange) {
  ARROW_ASSIGN_OR_RAISE(const auto buffer_id, BufferOfPath(exchange));
  ARROW_RETURN_NOT_OK(delivery_->Clear(buffer_id));
  Write(exchange, R"({{"cleared":true,"buffer_id":"{}","size":0}})", buffer_id);
  return Status::OK();
}

Status PolarsApi::Append(Exchange& exchange) {
  const Request& request = exchange.request;
  if (request.body.size() > kQuickBodyBytes && !exchange.on_pool) {
    exchange.wants_pool = true;
    return Status::OK();
  }
  const std::string media_type = MediaType(request.content_type);
  if (IsJsonContent(media_type)) return LocatedIn("body", AppendJson(exchange));
  if (media_type == codec::Describe(codec::Format::kNdjson).media_type) {
    return LocatedIn("body", AppendNdjson(exchange));
  }
  for (codec::Format format : kColumnFormats) {
    if (codec::Describe(format).media_type != media_type) continue;
    return LocatedIn("body", AppendColumns(format, exchange));
  }
  return UnsupportedBody(request);
}

Status PolarsApi::AppendJson(Exchange& exchange) {
  Scratch& scratch = exchange.scratch;
  const std::string_view body = exchange.request.body;
  if (!exchange.request.query.empty()) {
    return UnknownField("query", exchange.request.query, {"buffer_id and data, in the JSON body"});
  }
  ARROW_ASSIGN_OR_RAISE(const auto room, ParsingRoom::Enter(body.size(), budget_, &scratch));
  ARROW_RETURN_NOT_OK(
      scratch.rows_parser->ParseEnvelope(body, "data", &scratch.rows, &scratch.members));
  ARROW_ASSIGN_OR_RAISE(const auto buffer_id, BufferOfMembers(scratch.members));
  ARROW_ASSIGN_OR_RAISE(const auto result, delivery_->Append(buffer_id, scratch.rows));
  WriteAppendResult(buffer_id, result, exchange);
  return Status::OK();
}

Status PolarsApi::AppendNdjson(Exchange& exchange) {
  Scratch& scratch = exchange.scratch;
  const std::string_view body = exchange.request.body;
  ARROW_ASSIGN_OR_RAISE(const std::string buffer_id, BufferOfQuery(exchange));
  ARROW_ASSIGN_OR_RAISE(const auto room, ParsingRoom::Enter(body.size(), budget_, &scratch));
  ARROW_RETURN_NOT_OK(scratch.rows_parser->ParseNdjson(body, &scratch.rows));
  ARROW_ASSIGN_OR_RAISE(const auto result, delivery_->Append(buffer_id, scratch.rows));
  WriteAppendResult(buffer_id, result, exchange);
  return Status::OK();
}

Status PolarsApi::AppendColumns(codec::Format format, Exchange& exchange) {
  ARROW_ASSIGN_OR_RAISE(const std::string buffer_id, BufferOfQuery(exchange));
  ARROW_ASSIGN_OR_RAISE(auto reader, OpenColumns(format, exchange.request.body, budget_));
  ARROW_ASSIGN_OR_RAISE(const auto result, delivery_->Append(buffer_id, *reader));
  WriteAppendResult(buffer_id, result, exchange);
  return Status::OK();
}

Status PolarsApi::Features(Exchange& exchange) {
  ARROW_ASSIGN_OR_RAISE(const auto read,
                        ReadFeaturesRequest(exchange.request, &exchange.scratch.body));
  return LocatedIn("body", Answer(read, exchange));
}

Status PolarsApi::Data(Exchange& exchange) {
  ARROW_RETURN_NOT_OK(BufferOfPath(exchange).status());
  ARROW_ASSIGN_OR_RAISE(const auto read, ReadDataRequest(exchange.request));
  return Answer(read, exchange);
}

Status PolarsApi::Answer(const delivery::ReadRows& request, Exchange& exchange) {
  ARROW_ASSIGN_OR_RAISE(const codec::Format format,
                        codec::NegotiateFormat(exchange.request.accept, codec::Format::kJsonRows));
  ARROW_ASSIGN_OR_RAISE(const int64_t values, delivery_->EstimateValues(request));
  if (values > kQuickValues && !exchange.on_pool) {
    exchange.wants_pool = true;
    return Status::OK();
  }
  Response& response = exchange.response;
  response.fields += "Vary: Accept\r\n";
  if (format != codec::Format::kJsonRows) {
    ARROW_ASSIGN_OR_RAISE(response.stream, delivery_->Encode(request, format));
    response.content_type = codec::Describe(format).content_type;
    // Arrow's bytes are where they are; the others are made.
    response.stream_is_heavy =
        format != codec::Format::kArrowStream && format != codec::Format::kArrowFile;
    return Status::OK();
  }
  ARROW_ASSIGN_OR_RAISE(auto batch, delivery_->Read(request));
  if (batch->num_rows() * batch->num_columns() <= kWholeValues) {
    return WriteRowsEnvelope(request.buffer_id, *batch, &response.body);
  }
  response.stream =
      MakeRowsEnvelopeEncoder(std::string(request.buffer_id), std::move(batch), budget_);
  response.stream_is_heavy = true;
  return Status::OK();
}

}  // namespace headrace::server
