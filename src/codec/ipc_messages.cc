#include "codec/ipc_messages.h"

#include <arrow/buffer.h>
#include <arrow/io/memory.h>
#include <arrow/ipc/dictionary.h>
#include <arrow/ipc/writer.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

namespace headrace::codec {
namespace {

namespace ipc = arrow::ipc;

ipc::IpcWriteOptions Options(arrow::MemoryPool* pool) {
  auto options = ipc::IpcWriteOptions::Defaults();
  options.memory_pool = pool;
  options.use_threads = false;
  return options;
}

}  // namespace

Result<std::shared_ptr<arrow::Buffer>> EncodeSchemaMessage(const arrow::Schema& schema,
                                                           arrow::MemoryPool* pool) {
  return ipc::SerializeSchema(schema, pool);
}

Result<std::shared_ptr<arrow::Buffer>> EncodeBatchMessages(const arrow::RecordBatch& batch,
                                                           arrow::MemoryPool* pool) {
  const auto options = Options(pool);
  const ipc::DictionaryFieldMapper mapper(*batch.schema());
  ARROW_ASSIGN_OR_RAISE(const auto dictionaries, ipc::CollectDictionaries(batch, mapper));
  if (dictionaries.empty()) return ipc::SerializeRecordBatch(batch, options);
  ARROW_ASSIGN_OR_RAISE(auto out, arrow::io::BufferOutputStream::Create(4096, pool));
  int32_t ignored = 0;
  for (const auto& [id, dictionary] : dictionaries) {
    ipc::IpcPayload payload;
    ARROW_RETURN_NOT_OK(ipc::GetDictionaryPayload(id, dictionary, options, &payload));
    ARROW_RETURN_NOT_OK(ipc::WriteIpcPayload(payload, options, out.get(), &ignored));
  }
  ipc::IpcPayload payload;
  ARROW_RETURN_NOT_OK(ipc::GetRecordBatchPayload(batch, options, &payload));
  ARROW_RETURN_NOT_OK(ipc::WriteIpcPayload(payload, options, out.get(), &ignored));
  return out->Finish();
}

}  // namespace headrace::codec
