#pragma once

#include <memory>

#include "catalog/catalog.h"
#include "headrace/status.h"
#include "server/http/exchange.h"

namespace arrow {
class RecordBatchReader;
}

namespace headrace::server {

/// The media type of rows that are handed over in shared memory: see codec/shared_rows.h.
inline constexpr std::string_view kSharedRowsType = "application/vnd.headrace.shared-rows";

/// Whether the client is a process of this machine that asks for rows where they lie, and the
/// source has them where they can be shared.
bool MayShareRows(const catalog::Entry& entry, const Exchange& exchange);

/// Makes the response the places of the rows of `reader`, which are the source's as they are.
/// False if they lie elsewhere after all: then `reader` is as it was.
Result<bool> AnswerWithSharedRows(const catalog::Entry& entry,
                                  std::shared_ptr<arrow::RecordBatchReader>* reader,
                                  arrow::MemoryPool* pool, Exchange& exchange);

}  // namespace headrace::server
