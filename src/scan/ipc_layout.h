#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include <arrow/type_fwd.h>

#include "headrace/status.h"

namespace arrow::io {
class RandomAccessFile;
}

namespace headrace::scan {

/// A message of Arrow IPC, without its body.
struct IpcMessage {
  enum class Kind { kSchema, kDictionary, kBatch, kOther };
  Kind kind = Kind::kOther;
  int64_t num_rows = 0;
  int64_t body_begin = 0;  ///< of the file
  int64_t body_bytes = 0;
  bool compressed = false;
  std::vector<std::pair<int64_t, int64_t>> buffers;  ///< offset in the body, and bytes
};

/// What lies where in an Arrow file or stream: its batches, and its dictionaries.
struct IpcLayout {
  bool is_stream = false;
  std::vector<IpcMessage> batches;       ///< without their buffers, but for the largest
  std::vector<IpcMessage> dictionaries;  ///< with their buffers
  int largest = -1;                      ///< of the batches, by body
};

/// Reads the headers, and no bodies: by the footer of a file, from message to message in a stream.
/// Which of the two it is, is told by its first bytes. Status::Invalid for damage.
Result<IpcLayout> ReadIpcLayout(arrow::io::RandomAccessFile& file);

/// What a buffer of a message comes to when it is unpacked; 0: it is empty. Reads 8 bytes.
Result<int64_t> UnpackedBytes(arrow::io::RandomAccessFile& file, const IpcMessage& message,
                              size_t buffer);

}  // namespace headrace::scan
