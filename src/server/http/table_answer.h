#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "codec/format.h"
#include "delivery/tables.h"
#include "headrace/status.h"
#include "server/http/content_coding.h"
#include "server/http/exchange.h"

namespace headrace::server {

/// In which form rows go out.
struct AnswerForm {
  codec::Format format = codec::Format::kJsonRows;
  codec::IpcCompression ipc_compression = codec::IpcCompression::kNone;
  ContentCoding coding = ContentCoding::kIdentity;  ///< never beside a compression of Arrow's
};

/// What Accept and Accept-Encoding ask for; `format`, if given, goes before Accept. kNotAcceptable,
/// with the list of what there is, or kInvalidArgument.
Result<AnswerForm> NegotiateForm(const Request& request, std::optional<codec::Format> format,
                                 codec::Format fallback);

/// With its quotes: of the source, its state, the query and the form. Empty for a live window
/// and for bars, whose rows change. Looks at each file.
std::string EntityTag(const catalog::Entry& entry, std::string_view query, const AnswerForm& form);

/// Whether the request has the entity already, and wants no more than that said.
bool HasEntity(const Request& request, std::string_view etag);

/// Makes the response the rows of `reader`, pulled as the client takes them; `name` is that of the
/// file that a client may save them as. `light`: chunks cost so little that the I/O thread makes
/// them.
Status AnswerWithRows(std::shared_ptr<arrow::RecordBatchReader> reader, const AnswerForm& form,
                      std::string_view name, bool light, MemoryBudget* budget, Exchange& exchange);

}  // namespace headrace::server
