#include "server/http/table_query.h"

#include <array>
#include <charconv>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "headrace/error_code.h"
#include "server/http/error_body.h"
#include "server/http/url.h"

namespace headrace::server {
namespace {

Status Invalid(std::string message) {
  return MakeError(ErrorCode::kInvalidArgument, std::move(message));
}

Result<int64_t> ReadCount(std::string_view text) {
  int64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error == std::errc() && stop == end && value >= 0 && !text.empty()) return value;
  return Invalid(fmt::format("must be an integer of at least 0, not '{}'", text.substr(0, 64)));
}

Result<double> ReadNumber(std::string_view text) {
  double value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error == std::errc() && stop == end && !text.empty()) return value;
  return Invalid(fmt::format("must be a number, not '{}'", text.substr(0, 64)));
}

Status SetNames(std::string_view text, std::vector<std::string>* out) {
  return ReadNames(text).Value(out);
}

constexpr std::array kParameters = {
    TableParameter{"columns", "string", "the columns to give, in this order; all if left out",
                   "origin,delay",
                   [](std::string_view text, TableQuery* query) {
                     return SetNames(text, &query->request.columns.emplace());
                   }},
    TableParameter{"filter", "string", "the rows to give: a condition as docs/filters.md has it",
                   "delay > 60 and origin = 'JFK'",
                   [](std::string_view text, TableQuery* query) {
                     query->request.filter = text;
                     return Status::OK();
                   }},
    TableParameter{"group_by", "string", "a row for each value of these columns", "origin",
                   [](std::string_view text, TableQuery* query) {
                     return SetNames(text, &query->request.group_by);
                   }},
    TableParameter{"agg", "string", "what to give of each group, or of all rows",
                   "mean(delay),count(*) as flights",
                   [](std::string_view text, TableQuery* query) {
                     query->request.aggregates = text;
                     return Status::OK();
                   }},
    TableParameter{"order_by", "string", "the order of the rows; - before a name: downwards",
                   "-delay,origin",
                   [](std::string_view text, TableQuery* query) {
                     query->request.order_by = text;
                     return Status::OK();
                   }},
    TableParameter{"limit", "integer", "so many rows at most: a page, with a cursor for the next",
                   "1000",
                   [](std::string_view text, TableQuery* query) {
                     return ReadCount(text).Value(&query->request.limit.emplace());
                   }},
    TableParameter{"offset", "integer", "so many rows are passed over first", "5000",
                   [](std::string_view text, TableQuery* query) {
                     return ReadCount(text).Value(&query->request.offset);
                   }},
    TableParameter{"sample", "integer", "so many of the rows, by chance", "10000",
                   [](std::string_view text, TableQuery* query) {
                     return ReadCount(text).Value(&query->request.sample.rows.emplace());
                   }},
    TableParameter{"fraction", "number", "this part of the rows, by chance", "0.01",
                   [](std::string_view text, TableQuery* query) {
                     return ReadNumber(text).Value(&query->request.sample.fraction.emplace());
                   }},
    TableParameter{"seed", "integer", "of the sample: the same seed gives the same rows", "7",
                   [](std::string_view text, TableQuery* query) {
                     ARROW_ASSIGN_OR_RAISE(const int64_t seed, ReadCount(text));
                     query->request.sample.seed = static_cast<uint64_t>(seed);
                     return Status::OK();
                   }},
    TableParameter{"stratify", "string", "the sample is of each value of this column", "origin",
                   [](std::string_view text, TableQuery* query) {
                     query->request.sample.stratify = text;
                     return Status::OK();
                   }},
    TableParameter{"downsample", "string",
                   "the rows that a chart needs: minmaxlttb, lttb, minmax or m4", "minmaxlttb",
                   [](std::string_view text, TableQuery* query) {
                     query->request.downsample.method = text;
                     return Status::OK();
                   }},
    TableParameter{"x", "string", "the chart's horizontal column", "date",
                   [](std::string_view text, TableQuery* query) {
                     query->request.downsample.x = text;
                     return Status::OK();
                   }},
    TableParameter{"y", "string", "the chart's vertical columns", "delay",
                   [](std::string_view text, TableQuery* query) {
                     return SetNames(text, &query->request.downsample.y);
                   }},
    TableParameter{"points", "integer", "how many points a line of the chart may have", "2000",
                   [](std::string_view text, TableQuery* query) {
                     return ReadCount(text).Value(&query->request.downsample.points.emplace());
                   }},
    TableParameter{"from", "string", "only rows with x from here on", "2001-01-01",
                   [](std::string_view text, TableQuery* query) {
                     query->request.downsample.from = text;
                     return Status::OK();
                   }},
    TableParameter{"to", "string", "only rows with x before this", "2001-02-01",
                   [](std::string_view text, TableQuery* query) {
                     query->request.downsample.to = text;
                     return Status::OK();
                   }},
    TableParameter{"by", "string", "a line of the chart for each value of this column", "origin",
                   [](std::string_view text, TableQuery* query) {
                     query->request.downsample.by = text;
                     return Status::OK();
                   }},
    TableParameter{"cursor", "string", "go on where the answer with this X-Next-Cursor ended", "",
                   [](std::string_view text, TableQuery* query) {
                     query->cursor = text;
                     return Status::OK();
                   }},
    TableParameter{"format", "string", "the format by its name, before what Accept says", "arrows",
                   [](std::string_view text, TableQuery* query) {
                     return codec::ParseFormat(text).Value(&query->format.emplace());
                   }},
};

/// A failure of a parameter, whose message begins with its name.
Status Placed(std::string_view name, const Status& status) {
  const bool named = status.message().starts_with(name);
  return MakeError(CodeOf(status),
                   named ? status.message() : fmt::format("{}: {}", name, status.message()),
                   {"query", std::string(name)});
}

}  // namespace

std::span<const TableParameter> TableParameters() noexcept { return kParameters; }

Result<std::vector<std::string>> ReadNames(std::string_view text) {
  std::vector<std::string> names;
  while (true) {
    std::string name;
    const bool quoted = text.starts_with('"');
    bool closed = !quoted;
    if (quoted) text.remove_prefix(1);
    while (!text.empty() && (quoted || text.front() != ',')) {
      if (quoted && text.front() == '"') {
        text.remove_prefix(1);
        closed = !text.starts_with('"');
        if (closed) break;
      }
      name += text.front();
      text.remove_prefix(1);
    }
    if (!closed) return Invalid("a quote is not closed");
    if (!text.empty() && text.front() != ',') return Invalid("a comma is missing behind a quote");
    if (name.empty() && !quoted) return Invalid("a name is empty");
    names.push_back(std::move(name));
    if (text.empty()) return names;
    text.remove_prefix(1);
  }
}

Result<TableQuery> ReadTableQuery(std::string_view text) {
  std::vector<std::string_view> known;
  for (const TableParameter& parameter : kParameters) known.push_back(parameter.name);
  ARROW_ASSIGN_OR_RAISE(const Query given, Query::Parse(text, known));
  TableQuery query;
  for (const TableParameter& parameter : kParameters) {
    const std::string* const value = given.Find(parameter.name);
    if (value == nullptr) continue;
    const Status read = parameter.read(*value, &query);
    if (!read.ok()) return Placed(parameter.name, read);
  }
  return query;
}

}  // namespace headrace::server
