#include "codec/chunk_stream.h"

#include <utility>

#include <arrow/buffer.h>
#include <arrow/memory_pool.h>

namespace headrace::codec {
namespace {

/// Copying less than this is cheaper than one more piece in a scattered send.
constexpr int64_t kCopiedBelow = 512;

}  // namespace

ChunkStream::ChunkStream(arrow::MemoryPool* pool)
    : gathered_(pool != nullptr ? pool : arrow::default_memory_pool()) {}

ChunkStream::~ChunkStream() = default;

Status ChunkStream::Write(const void* data, int64_t nbytes) {
  return gathered_.Append(data, nbytes);
}

Status ChunkStream::Write(const std::shared_ptr<arrow::Buffer>& data) {
  if (data->size() < kCopiedBelow) {
    return gathered_.Append(data->data(), data->size());
  }
  ARROW_RETURN_NOT_OK(FlushGathered());
  chunk_.push_back(data);
  whole_bytes_ += data->size();
  return Status::OK();
}

Status ChunkStream::Close() {
  closed_ = true;
  return Status::OK();
}

Result<Chunk> ChunkStream::Take() {
  ARROW_RETURN_NOT_OK(FlushGathered());
  taken_ += whole_bytes_;
  whole_bytes_ = 0;
  return std::exchange(chunk_, {});
}

Status ChunkStream::FlushGathered() {
  if (gathered_.length() == 0) {
    return Status::OK();
  }
  const int64_t size = gathered_.length();
  // Shrinking would copy; it pays only where most of the room is empty.
  std::shared_ptr<arrow::Buffer> buffer;
  ARROW_RETURN_NOT_OK(gathered_.Finish(&buffer, 2 * size < gathered_.capacity()));
  chunk_.push_back(std::move(buffer));
  whole_bytes_ += size;
  return Status::OK();
}

}  // namespace headrace::codec
