#include "scan/page_unpacker.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

#include <arrow/buffer.h>
#include <arrow/util/compression.h>

namespace headrace::scan {

namespace {

struct Context {
  std::unique_ptr<arrow::util::Codec> codec;
  std::shared_ptr<arrow::util::Decompressor> decompressor;
};

// Nothing of a page stays in it.
Result<arrow::util::Decompressor*> ContextOfThread() {
  thread_local Context context;
  if (context.decompressor == nullptr) {
    ARROW_ASSIGN_OR_RAISE(context.codec, arrow::util::Codec::Create(arrow::Compression::ZSTD));
    ARROW_ASSIGN_OR_RAISE(context.decompressor, context.codec->MakeDecompressor());
  }
  return context.decompressor.get();
}

}  // namespace

std::unique_ptr<PageUnpacker> PageUnpacker::Make(arrow::Compression::type codec,
                                                 arrow::MemoryPool* pool) {
  if (codec != arrow::Compression::ZSTD) return nullptr;
  return std::unique_ptr<PageUnpacker>(new PageUnpacker(pool));
}

void PageUnpacker::Release() { buffer_.reset(); }

Status PageUnpacker::Reserve(int64_t bytes) {
  if (buffer_ == nullptr || buffer_.use_count() > 1) {
    ARROW_ASSIGN_OR_RAISE(buffer_, arrow::AllocateResizableBuffer(bytes, pool_));
    return Status::OK();
  }
  return buffer_->Resize(bytes, /*shrink_to_fit=*/false);
}

Result<std::shared_ptr<arrow::Buffer>> PageUnpacker::Unpack(const uint8_t* page, int64_t bytes,
                                                            int64_t plain, int64_t unpacked) {
  const bool known = unpacked >= 0;
  if (known && unpacked < plain) return Status::Invalid("a page is shorter than its levels");
  ARROW_RETURN_NOT_OK(Reserve(known ? unpacked : std::max<int64_t>(4 * bytes, 1024)));
  if (plain > 0) std::memcpy(buffer_->mutable_data(), page, static_cast<size_t>(plain));
  ARROW_ASSIGN_OR_RAISE(arrow::util::Decompressor* const context, ContextOfThread());
  ARROW_RETURN_NOT_OK(context->Reset());
  int64_t read = plain;
  int64_t written = plain;
  while (read < bytes && !context->IsFinished()) {
    if (written == buffer_->size() && !known) {
      if (written > std::numeric_limits<int32_t>::max()) {
        return Status::Invalid("a page of more than 2 GiB");
      }
      ARROW_RETURN_NOT_OK(Reserve(2 * written));
    }
    ARROW_ASSIGN_OR_RAISE(const auto step,
                          context->Decompress(bytes - read, page + read, buffer_->size() - written,
                                              buffer_->mutable_data() + written));
    read += step.bytes_read;
    written += step.bytes_written;
    if (step.bytes_read == 0 && step.bytes_written == 0 && (known || !step.need_more_output)) break;
  }
  if (read != bytes || (known && written != unpacked) || (read > plain && !context->IsFinished())) {
    return Status::Invalid("a page does not unpack to the size that its header gives");
  }
  ARROW_RETURN_NOT_OK(buffer_->Resize(written, /*shrink_to_fit=*/false));
  return buffer_;
}

}  // namespace headrace::scan
