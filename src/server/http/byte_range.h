#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "codec/encoder.h"
#include "headrace/status.h"

namespace headrace::server {

/// Bytes [begin, end) of a body.
struct ByteRange {
  int64_t begin = 0;
  int64_t end = 0;
};

enum class RangeKind {
  kWhole,          ///< no range, several, or one that is not understood: the body as it is
  kPart,           ///< one that can be given
  kUnsatisfiable,  ///< one that begins behind the body's end
};

/// What a Range header asks of a body of `length` bytes, as RFC 9110 has it.
RangeKind ReadRange(std::string_view header, int64_t length, ByteRange* range);

/// The bytes of the range; nothing is copied.
codec::Chunk SliceChunk(const codec::Chunk& chunk, ByteRange range);

}  // namespace headrace::server
