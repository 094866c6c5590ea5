#include "server/http/read_request.h"

#include <array>
#include <utility>

#include <arrow/type.h>
#include <fmt/format.h>

#include "headrace/error_code.h"
#include "headrace/names.h"
#include "server/http/error_body.h"
#include "server/http/media_type.h"
#include "server/http/url.h"

namespace headrace::server {
namespace {

Status Invalid(std::string message, std::vector<std::string> location) {
  return MakeError(ErrorCode::kInvalidArgument, std::move(message), std::move(location));
}

Result<std::shared_ptr<arrow::DataType>> ParseType(const std::string& column,
                                                   std::string_view name) {
  const std::array<std::pair<std::string_view, std::shared_ptr<arrow::DataType>>, 5> types = {{
      {"int64", arrow::int64()},
      {"double", arrow::float64()},
      {"bool", arrow::boolean()},
      {"string", arrow::utf8()},
      {"timestamp", arrow::timestamp(arrow::TimeUnit::NANO, "UTC")},
  }};
  for (const auto& [type_name, type] : types) {
    if (type_name == name) return type;
  }
  return Invalid(fmt::format("the type of column '{}' must be int64, double, bool, string or "
                             "timestamp, not '{}'",
                             column, name.substr(0, 64)),
                 {"body", "schema", column});
}

Result<std::shared_ptr<arrow::Schema>> ReadSchema(const JsonBody& body) {
  ARROW_ASSIGN_OR_RAISE(auto columns, body.Map("schema"));
  if (!columns) return nullptr;
  if (columns->empty()) return Invalid("schema has no columns", {"body", "schema"});
  arrow::FieldVector fields;
  for (const auto& [column, type_name] : *columns) {
    ARROW_ASSIGN_OR_RAISE(auto type, ParseType(column, type_name));
    for (const auto& field : fields) {
      if (field->name() != column) continue;
      return Invalid(fmt::format("column '{}' is given twice", column), {"body", "schema", column});
    }
    fields.push_back(arrow::field(column, std::move(type)));
  }
  return arrow::schema(std::move(fields));
}

Status ReadStats(const JsonBody& body, FeaturePlan* plan) {
  ARROW_ASSIGN_OR_RAISE(auto names, body.Strings("include_rolling_stats"));
  if (!names) return Status::OK();
  plan->stats.clear();
  for (const std::string& name : *names) {
    auto stat = StatRequest::Parse(name);
    if (!stat.ok()) {
      return MakeError(CodeOf(stat.status()), stat.status().message(),
                       {"body", "include_rolling_stats", std::to_string(plan->stats.size())});
    }
    plan->stats.push_back(std::move(*stat));
  }
  return Status::OK();
}

/// "zero", "null", or null for "null".
Status ReadFill(const JsonBody& body, FeaturePlan* plan) {
  ARROW_ASSIGN_OR_RAISE(auto fill, body.String("fill"));
  if (fill && *fill != "zero" && *fill != "null") {
    return Invalid(
        fmt::format("fill must be \"zero\" or \"null\", not \"{}\"", fill->substr(0, 64)),
        {"body", "fill"});
  }
  plan->fill_zero = !(body.IsNull("fill") || (fill && *fill == "null"));
  return Status::OK();
}

Result<std::optional<int64_t>> CheckTail(std::optional<int64_t> tail, std::string_view where) {
  if (tail && *tail < 1) {
    return Invalid(fmt::format("tail is {}; it must be at least 1", *tail),
                   {std::string(where), "tail"});
  }
  return tail;
}

}  // namespace

Result<FeaturePlan> ReadFeaturePlan(const JsonBody& body) {
  FeaturePlan plan;
  ARROW_ASSIGN_OR_RAISE(auto windows, body.Ints("rolling_windows"));
  if (windows) plan.windows = std::move(*windows);
  ARROW_RETURN_NOT_OK(ReadStats(body, &plan));
  ARROW_ASSIGN_OR_RAISE(auto lags, body.Ints("lag_periods"));
  if (lags) plan.lags = std::move(*lags);
  ARROW_ASSIGN_OR_RAISE(plan.columns, body.Strings("columns"));
  ARROW_ASSIGN_OR_RAISE(const auto min_samples, body.Int("min_samples"));
  if (min_samples) plan.min_samples = *min_samples;
  ARROW_ASSIGN_OR_RAISE(const auto ddof, body.Int("ddof"));
  if (ddof) {
    if (*ddof != 0 && *ddof != 1) return Invalid("ddof must be 0 or 1", {"body", "ddof"});
    plan.ddof = static_cast<int>(*ddof);
  }
  ARROW_RETURN_NOT_OK(ReadFill(body, &plan));
  ARROW_RETURN_NOT_OK(LocatedIn("body", plan.Validate()));
  // After the check, so that lags which would be wrong are not passed because they are off.
  ARROW_ASSIGN_OR_RAISE(const auto include_lags, body.Bool("include_lags"));
  if (!include_lags.value_or(true)) plan.lags.clear();
  return plan;
}

bool IsJsonContent(std::string_view media_type) noexcept {
  return media_type.empty() || media_type == "application/json" ||
         media_type == "application/x-www-form-urlencoded";
}

Status CheckJsonContent(const Request& request) {
  if (IsJsonContent(MediaType(request.content_type))) return Status::OK();
  return MakeError(ErrorCode::kUnsupportedMediaType,
                   fmt::format("the body's type is '{}'; this call takes application/json",
                               request.content_type));
}

Result<delivery::CreateBuffer> ReadCreateBuffer(const Request& request, JsonBody* body) {
  ARROW_RETURN_NOT_OK(CheckJsonContent(request));
  ARROW_RETURN_NOT_OK(
      body->Parse(request.body, {"buffer_id", "window_size", "history_rows", "schema"}));
  delivery::CreateBuffer create;
  ARROW_ASSIGN_OR_RAISE(const auto buffer_id, body->RequiredString("buffer_id"));
  create.buffer_id = buffer_id;
  ARROW_RETURN_NOT_OK(LocatedIn("body", ValidateName(buffer_id, "buffer_id")));
  ARROW_ASSIGN_OR_RAISE(const auto window_size, body->Int("window_size"));
  if (window_size) create.window_size = *window_size;
  ARROW_ASSIGN_OR_RAISE(create.history_rows, body->Int("history_rows"));
  ARROW_ASSIGN_OR_RAISE(create.schema, ReadSchema(*body));
  return create;
}

Result<delivery::ReadRows> ReadFeaturesRequest(const Request& request, JsonBody* body) {
  ARROW_RETURN_NOT_OK(CheckJsonContent(request));
  ARROW_RETURN_NOT_OK(body->Parse(
      request.body, {"buffer_id", "rolling_windows", "include_rolling_stats", "include_lags",
                     "lag_periods", "tail", "min_samples", "ddof", "fill", "columns"}));
  delivery::ReadRows read;
  ARROW_ASSIGN_OR_RAISE(read.buffer_id, body->RequiredString("buffer_id"));
  ARROW_ASSIGN_OR_RAISE(read.features, ReadFeaturePlan(*body));
  ARROW_ASSIGN_OR_RAISE(const auto tail, body->Int("tail"));
  ARROW_ASSIGN_OR_RAISE(read.tail, CheckTail(tail, "body"));
  return read;
}

Result<delivery::ReadRows> ReadDataRequest(const Request& request) {
  ARROW_ASSIGN_OR_RAISE(const Query query, Query::Parse(request.query, {"tail", "with_features"}));
  delivery::ReadRows read;
  read.buffer_id = request.path_params.at(0);
  ARROW_ASSIGN_OR_RAISE(const auto tail, query.Int("tail"));
  ARROW_ASSIGN_OR_RAISE(read.tail, CheckTail(tail, "query"));
  ARROW_ASSIGN_OR_RAISE(const auto with_features, query.Bool("with_features"));
  if (with_features.value_or(false)) read.features = FeaturePlan{};
  return read;
}

}  // namespace headrace::server
