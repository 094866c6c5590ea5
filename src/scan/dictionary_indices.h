#pragma once

#include <algorithm>
#include <cstdint>

#include <parquet/encoding.h>

#include "headrace/error_code.h"
#include "headrace/status.h"

namespace headrace::scan {

inline Status ShortPage() {
  return MakeError(ErrorCode::kCorruptFile, "a page has fewer values than it says");
}

/// The next `count` values' places in a dictionary of `length` values.
template <typename DType>
Status ReadIndices(parquet::DictDecoder<DType>* decoder, int64_t length, int32_t* out,
                   int64_t count) {
  for (int64_t done = 0; done < count;) {
    const int read = decoder->DecodeIndices(static_cast<int>(count - done), out + done);
    if (read <= 0) return ShortPage();
    done += read;
  }
  uint32_t most = 0;
  for (int64_t i = 0; i < count; ++i) most = std::max(most, static_cast<uint32_t>(out[i]));
  if (count > 0 && most >= length) {
    return Status::Invalid("index ", most, " in a dictionary of ", length);
  }
  return Status::OK();
}

}  // namespace headrace::scan
