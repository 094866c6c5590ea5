#include "server/http/table_answer.h"

#include <filesystem>
#include <iterator>
#include <system_error>
#include <utility>

#include <arrow/record_batch.h>
#include <fmt/format.h>

#include "codec/encoder.h"
#include "delivery/cursor.h"
#include "headrace/memory_budget.h"

namespace headrace::server {
namespace {

using codec::Format;
using codec::IpcCompression;

bool IsArrow(Format format) {
  return format == Format::kArrowStream || format == Format::kArrowFile;
}

std::string_view ContentTypeOf(const AnswerForm& form) {
  const bool is_file = form.format == Format::kArrowFile;
  switch (form.ipc_compression) {
    case IpcCompression::kNone: break;
    case IpcCompression::kZstd:
      return is_file ? "application/vnd.apache.arrow.file; codecs=zstd"
                     : "application/vnd.apache.arrow.stream; codecs=zstd";
    case IpcCompression::kLz4:
      return is_file ? "application/vnd.apache.arrow.file; codecs=lz4"
                     : "application/vnd.apache.arrow.stream; codecs=lz4";
  }
  return codec::Describe(form.format).content_type;
}

std::string_view ExtensionOf(Format format) {
  return format == Format::kJsonColumns ? "json" : codec::Describe(format).name;
}

/// Browsers show text, and save the rest.
std::string_view DispositionOf(Format format) {
  const bool shown = format == Format::kJsonRows || format == Format::kJsonColumns;
  return shown ? "inline" : "attachment";
}

/// What tells a state of a file from another: its name, size and time.
uint64_t HashFile(const std::string& path, uint64_t hash) {
  std::error_code error;
  hash = delivery::HashBytes(path, hash);
  hash = delivery::HashBytes(std::to_string(std::filesystem::file_size(path, error)), hash);
  const auto time = std::filesystem::last_write_time(path, error).time_since_epoch().count();
  return delivery::HashBytes(std::to_string(time), hash);
}

}  // namespace

Result<AnswerForm> NegotiateForm(const Request& request, std::optional<Format> format,
                                 Format fallback) {
  AnswerForm form;
  if (format) {
    form.format = *format;
  } else {
    ARROW_ASSIGN_OR_RAISE(form.format, codec::NegotiateFormat(request.accept, fallback));
  }
  form.ipc_compression = codec::NegotiateIpcCompression(request.accept, form.format);
  // What is packed already is not packed again, unless a client refuses it otherwise.
  const bool worthwhile =
      form.format != Format::kParquet && form.ipc_compression == IpcCompression::kNone;
  ARROW_ASSIGN_OR_RAISE(form.coding, NegotiateCoding(request.accept_encoding, worthwhile));
  if (form.coding != ContentCoding::kIdentity) form.ipc_compression = IpcCompression::kNone;
  return form;
}

std::string EntityTag(const catalog::Entry& entry, std::string_view query, const AnswerForm& form) {
  if (entry.kind == catalog::Kind::kBuffer || entry.kind == catalog::Kind::kBars) return {};
  uint64_t hash = delivery::HashBytes(entry.full_name());
  const auto files = entry.source->files();
  for (const std::string& path : files) hash = HashFile(path, hash);
  if (files.empty()) {
    hash = delivery::HashBytes(std::to_string(entry.source->statistics().epoch), hash);
  }
  hash = delivery::HashBytes(query, hash);
  hash = delivery::HashBytes(ContentTypeOf(form), hash);
  return fmt::format("\"{:016x}\"", delivery::HashBytes(NameOf(form.coding), hash));
}

bool HasEntity(const Request& request, std::string_view etag) {
  if (etag.empty() || request.if_none_match.empty()) return false;
  return request.if_none_match == "*" || request.if_none_match.find(etag) != std::string::npos;
}

Status AnswerWithRows(std::shared_ptr<arrow::RecordBatchReader> reader, const AnswerForm& form,
                      std::string_view name, bool light, MemoryBudget* budget, Exchange& exchange) {
  Response& response = exchange.response;
  ARROW_ASSIGN_OR_RAISE(
      response.stream,
      codec::MakeEncoder(form.format, std::move(reader),
                         {.pool = budget, .ipc_compression = form.ipc_compression}));
  auto fields = std::back_inserter(response.fields);
  if (form.coding != ContentCoding::kIdentity) {
    response.stream = MakeCodedEncoder(form.coding, std::move(response.stream), budget);
    fmt::format_to(fields, "Content-Encoding: {}\r\n", NameOf(form.coding));
  }
  fmt::format_to(fields, "Content-Disposition: {}; filename=\"{}.{}\"\r\n",
                 DispositionOf(form.format), name, ExtensionOf(form.format));
  response.content_type = ContentTypeOf(form);
  response.stream_is_heavy = !light || !IsArrow(form.format) ||
                             form.coding != ContentCoding::kIdentity ||
                             form.ipc_compression != IpcCompression::kNone;
  response.gives_ranges = !response.etag.empty() && form.coding == ContentCoding::kIdentity;
  return Status::OK();
}

}  // namespace headrace::server
