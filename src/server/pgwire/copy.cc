#include "server/pgwire/copy.h"

#include <span>
#include <utility>
#include <vector>

#include <arrow/record_batch.h>
#include <fmt/format.h>

#include "headrace/error_code.h"
#include "server/pgwire/backend_message.h"
#include "server/pgwire/copy_insert.h"
#include "server/pgwire/copy_rows.h"
#include "server/pgwire/pg_session.h"
#include "server/pgwire/sql_dialect.h"
#include "sql/sql_tokens.h"

namespace headrace::server::pgwire {
namespace {

using Tokens = std::span<const sql::SqlToken>;

Status Refuse(std::string message) {
  return MakeError(ErrorCode::kSyntaxError, std::move(message));
}

/// The parenthesis that closes the one at `open`; the number of tokens if none does.
size_t CloseOf(Tokens tokens, size_t open) {
  int depth = 0;
  for (size_t i = open; i < tokens.size(); ++i) {
    if (tokens[i].Is("(")) ++depth;
    if (tokens[i].Is(")") && --depth == 0) return i;
  }
  return tokens.size();
}

Status SetCharacter(std::string_view option, const std::string& value, char* out) {
  if (value.size() != 1) return Refuse(fmt::format("COPY {} must be a single byte", option));
  *out = value[0];
  return Status::OK();
}

struct OptionValues {
  std::string format;
  std::optional<std::string> delimiter, null, quote, escape, header, encoding;
};

Status Apply(const OptionValues& given, CopyRequest* request) {
  if (given.format == "csv") {
    request->format = CopyRequest::kCsv;
    request->delimiter = ',';
    request->null = "";
  } else if (given.format == "binary") {
    request->format = CopyRequest::kBinary;
  } else if (!given.format.empty() && given.format != "text") {
    return MakeError(ErrorCode::kNotImplemented,
                     fmt::format("COPY format \"{}\" not recognized", given.format));
  }
  if (given.delimiter) {
    ARROW_RETURN_NOT_OK(SetCharacter("delimiter", *given.delimiter, &request->delimiter));
  }
  if (given.null) request->null = *given.null;
  if (given.quote) ARROW_RETURN_NOT_OK(SetCharacter("quote", *given.quote, &request->quote));
  request->escape = request->quote;
  if (given.escape) ARROW_RETURN_NOT_OK(SetCharacter("escape", *given.escape, &request->escape));
  request->header =
      given.header && *given.header != "false" && *given.header != "off" && *given.header != "0";
  if (given.encoding && sql::SqlTokens(*given.encoding).size() != 1 && *given.encoding != "utf-8") {
    return MakeError(ErrorCode::kNotImplemented, "COPY has texts in UTF8 only");
  }
  return Status::OK();
}

/// `WITH (FORMAT csv, HEADER)`, or PostgreSQL's older `WITH CSV HEADER DELIMITER ';'`.
Status ReadOptions(Tokens tokens, CopyRequest* request) {
  OptionValues given;
  const auto slot = [&](const sql::SqlToken& name) -> std::optional<std::string>* {
    if (name.Is("delimiter")) return &given.delimiter;
    if (name.Is("null")) return &given.null;
    if (name.Is("quote")) return &given.quote;
    if (name.Is("escape")) return &given.escape;
    if (name.Is("encoding")) return &given.encoding;
    return nullptr;
  };
  for (size_t i = 0; i < tokens.size(); ++i) {
    const sql::SqlToken& token = tokens[i];
    const bool has_value =
        i + 1 < tokens.size() && !tokens[i + 1].Is(",") && !tokens[i + 1].Is(")");
    if (token.Is("with") || token.Is("(") || token.Is(")") || token.Is(",") || token.Is("as")) {
      continue;
    }
    if (token.Is("csv") || token.Is("binary") || token.Is("text")) {
      given.format = token.plain;
    } else if (token.Is("format") && has_value) {
      given.format = tokens[++i].plain;
    } else if (token.Is("header")) {
      const bool is_switch = has_value && (tokens[i + 1].Is("true") || tokens[i + 1].Is("false") ||
                                           tokens[i + 1].Is("on") || tokens[i + 1].Is("off"));
      given.header = is_switch ? tokens[++i].plain : "true";
    } else if (auto* const value = slot(token); value != nullptr && has_value) {
      if (tokens[i + 1].Is("as")) ++i;
      if (i + 1 < tokens.size()) *value = tokens[++i].plain;
    } else {
      return Refuse(fmt::format("COPY option \"{}\" not recognized", token.plain));
    }
  }
  return Apply(given, request);
}

/// The response to a COPY: its format, for all columns alike.
void WriteCopyResponse(char type, const CopyRequest& request, size_t columns, std::string* out) {
  const int format = request.format == CopyRequest::kBinary ? 1 : 0;
  MessageWriter writer(out);
  writer.Begin(type).Byte(static_cast<char>(format)).Int16(static_cast<int>(columns));
  for (size_t i = 0; i < columns; ++i) writer.Int16(format);
  writer.End();
}

/// Of binary data. It shares a message with what comes first, as clients know it from PostgreSQL.
void WriteCopyHeader(MessageWriter* writer) {
  constexpr std::string_view kSignature("PGCOPY\n\377\r\n\0", 11);
  writer->Bytes(kSignature).Int32(0).Int32(0);
}

/// A line of text or CSV.
Result<bool> WriteLine(const CopyRequest& request, RowWriter* rows, std::string* field,
                       std::string* out) {
  ARROW_ASSIGN_OR_RAISE(const bool more, rows->Advance());
  if (!more) return false;
  for (size_t i = 0; i < rows->num_columns(); ++i) {
    if (i > 0) out->push_back(request.delimiter);
    if (rows->IsNull(i)) {
      *out += request.null;
      continue;
    }
    field->clear();
    rows->WriteCellOf(i, field);
    WriteCopyField(request, *field, out);
  }
  out->push_back('\n');
  return true;
}

/// Up to the end of the data. After an error the rest is read and forgotten, so that the client
/// hears of it.
Status TakeCopyData(Connection* connection, CopyInsert* rows) {
  Status status;
  while (const auto message = connection->Next()) {
    switch (message->type) {
      case 'd':
        if (status.ok()) status = rows->Add(message->body);
        break;
      case 'c': return status.ok() ? rows->Finish() : status;
      case 'f':
        return MakeError(ErrorCode::kCancelled,
                         fmt::format("COPY from stdin failed: {}",
                                     message->body.substr(0, message->body.find('\0'))));
      case 'H':
      case 'S': break;
      default:
        return MakeError(ErrorCode::kMalformedBody, "a message that does not belong to COPY");
    }
  }
  return MakeError(ErrorCode::kCancelled, "the client left in the middle of COPY");
}

}  // namespace

Result<std::optional<CopyRequest>> ReadCopy(std::string_view statement) {
  std::vector<sql::SqlToken> all = sql::SqlTokens(statement);
  while (!all.empty() && all.back().Is(";")) all.pop_back();
  const Tokens tokens = all;
  if (tokens.size() < 4 || !tokens[0].Is("copy")) return std::nullopt;
  // `( query )`, or a table and perhaps its columns.
  size_t end = tokens[1].Is("(") ? CloseOf(tokens, 1) + 1 : 1;
  while (end < tokens.size() && !tokens[end].Is("to") && !tokens[end].Is("from")) ++end;
  if (end + 1 >= tokens.size()) return std::nullopt;
  CopyRequest request;
  request.is_in = tokens[end].Is("from");
  if (!tokens[end + 1].Is(request.is_in ? "stdin" : "stdout")) return std::nullopt;
  const std::string source(
      statement.substr(tokens[1].begin, tokens[end - 1].end() - tokens[1].begin));
  const bool is_query = tokens[1].Is("(");
  if (request.is_in && is_query) return Refuse("COPY FROM needs a table");
  request.source = source;
  if (!request.is_in && is_query) {
    request.source = source.substr(1, source.size() - 2);
  } else if (!request.is_in) {
    std::string columns = "*";
    std::string table = source;
    for (size_t i = 2; i < end; ++i) {
      if (!tokens[i].Is("(")) continue;
      const size_t close = CloseOf(tokens, i);
      if (close >= end) return Refuse("COPY has an open parenthesis");
      columns = statement.substr(tokens[i].end(), tokens[close].begin - tokens[i].end());
      table = statement.substr(tokens[1].begin, tokens[i - 1].end() - tokens[1].begin);
      break;
    }
    request.source = fmt::format("SELECT {} FROM {}", columns, table);
  }
  ARROW_RETURN_NOT_OK(ReadOptions(tokens.subspan(end + 2), &request));
  return request;
}

Status PgSession::CopyOut(const CopyRequest& request) {
  sql::RunOptions options = Options({});
  ARROW_ASSIGN_OR_RAISE(auto outcome, sql_->Run({.sql = ToDuckDialect(request.source, {}),
                                                 .parameters = {},
                                                 .stop = options.stop,
                                                 .timeout = options.timeout}));
  std::string& out = connection_->output();
  const bool is_binary = request.format == CopyRequest::kBinary;
  const size_t width = outcome.columns.size();
  const std::vector<sql::Column> columns = outcome.columns;
  RowWriter rows(std::move(outcome.reader), columns,
                 std::vector<int16_t>(width, is_binary ? 1 : 0));
  WriteCopyResponse('H', request, width, &out);
  MessageWriter writer(&out);
  if (!is_binary && request.header) {
    writer.Begin('d');
    for (size_t i = 0; i < width; ++i) {
      if (i > 0) out.push_back(request.delimiter);
      WriteCopyField(request, columns[i].name, &out);
    }
    writer.Byte('\n').End();
  }
  int64_t count = 0;
  std::string field;
  while (true) {
    const size_t before = out.size();
    writer.Begin('d');
    if (is_binary && count == 0) WriteCopyHeader(&writer);
    ARROW_ASSIGN_OR_RAISE(const bool more, is_binary ? rows.WriteValues(&out)
                                                     : WriteLine(request, &rows, &field, &out));
    if (!more) {
      out.resize(before);
      break;
    }
    writer.End();
    ++count;
    if (!connection_->FlushIfMuch()) {
      return MakeError(ErrorCode::kCancelled, "the client is gone");
    }
  }
  if (is_binary) {
    writer.Begin('d');
    if (count == 0) WriteCopyHeader(&writer);
    writer.Int16(-1).End();
  }
  WriteBare('c', &out);
  WriteCommandComplete(fmt::format("COPY {}", count), &out);
  return Status::OK();
}

Status PgSession::CopyIn(const CopyRequest& request) {
  if (request.format == CopyRequest::kBinary) {
    return MakeError(ErrorCode::kNotImplemented, "COPY FROM STDIN reads text and csv");
  }
  ARROW_ASSIGN_OR_RAISE(auto rows, CopyInsert::Make(request, sql_.get(), [this](auto parameters) {
                          return Options(std::move(parameters));
                        }));
  const auto run = [&](std::string sql) {
    return sql_->Run({.sql = std::move(sql), .parameters = {}, .stop = {}, .timeout = {}}).status();
  };
  const bool own_transaction = !sql_->in_transaction();
  if (own_transaction) ARROW_RETURN_NOT_OK(run("BEGIN TRANSACTION"));
  WriteCopyResponse('G', request, rows.num_columns(), &connection_->output());
  Status status = TakeCopyData(connection_, &rows);
  if (own_transaction) {
    const Status ended = run(status.ok() ? "COMMIT" : "ROLLBACK");
    if (status.ok()) status = ended;
  }
  ARROW_RETURN_NOT_OK(status);
  WriteCommandComplete(fmt::format("COPY {}", rows.num_rows()), &connection_->output());
  return Status::OK();
}

}  // namespace headrace::server::pgwire
