#include "server/http/shared_answer.h"

#include <utility>

#include <arrow/buffer.h>
#include <arrow/record_batch.h>

#include "base/shared_memory.h"
#include "codec/format.h"
#include "codec/shared_rows.h"

namespace headrace::server {

bool MayShareRows(const catalog::Entry& entry, const Exchange& exchange) {
  return exchange.peer_is_local && codec::Names(exchange.request.accept, kSharedRowsType) &&
         entry.source->shared_memory() != nullptr;
}

Result<bool> AnswerWithSharedRows(const catalog::Entry& entry,
                                  std::shared_ptr<arrow::RecordBatchReader>* reader,
                                  arrow::MemoryPool* pool, Exchange& exchange) {
  auto memory = entry.source->shared_memory();
  const auto schema = (*reader)->schema();
  ARROW_ASSIGN_OR_RAISE(auto batches, (*reader)->ToRecordBatches());
  ARROW_ASSIGN_OR_RAISE(const auto messages,
                        codec::EncodeSharedRows(*schema, batches, *memory, pool));
  if (messages == nullptr) {
    ARROW_ASSIGN_OR_RAISE(*reader, arrow::RecordBatchReader::Make(std::move(batches), schema));
    return false;
  }
  Response& response = exchange.response;
  response.content_type = kSharedRowsType;
  response.body.assign(reinterpret_cast<const char*>(messages->data()),
                       static_cast<size_t>(messages->size()));
  response.memory = std::move(memory);
  response.etag.clear();
  return true;
}

}  // namespace headrace::server
