#pragma once

#include <memory>
#include <string_view>

#include "codec/encoder.h"
#include "headrace/status.h"

namespace headrace {
class MemoryBudget;
}

namespace headrace::server {

/// How a body is packed for the way, as a whole.
enum class ContentCoding { kIdentity, kZstd, kGzip };

/// "zstd"; "identity".
std::string_view NameOf(ContentCoding coding) noexcept;

/// What an Accept-Encoding header asks for: the heaviest of zstd, gzip and identity, in this order
/// among equals. An absent header is identity, and so is one that leaves the choice where packing
/// is not `worthwhile`. kNotAcceptable, with the list, if none of them is left.
Result<ContentCoding> NegotiateCoding(std::string_view accept_encoding, bool worthwhile);

/// The bytes of `encoder`, packed. Every chunk comes out whole, so that none waits for the next.
/// What packing holds is reserved with the first chunk.
std::unique_ptr<codec::Encoder> MakeCodedEncoder(ContentCoding coding,
                                                 std::unique_ptr<codec::Encoder> encoder,
                                                 MemoryBudget* budget);

}  // namespace headrace::server
