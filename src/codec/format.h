#pragma once

#include <span>
#include <string>
#include <string_view>

#include "headrace/status.h"

namespace headrace::codec {

/// The forms in which rows leave Headrace.
enum class Format { kArrowStream, kArrowFile, kParquet, kCsv, kNdjson, kJsonRows, kJsonColumns };

/// How the buffers of Arrow's formats are packed, each for itself.
enum class IpcCompression { kNone, kZstd, kLz4 };

struct FormatInfo {
  Format format;
  std::string_view name;  ///< as `format=` takes it and as a file is called: "arrows", "arrow", ...
  std::string_view media_type;    ///< without parameters
  std::string_view content_type;  ///< as the answer's Content-Type has it
};

/// All formats, in the order in which they are preferred when a client takes any.
std::span<const FormatInfo> Formats() noexcept;

/// Those that files are written in: the others hold all rows until the end.
std::span<const FormatInfo> FileFormats() noexcept;

const FormatInfo& Describe(Format format) noexcept;

/// The format that an Accept header asks for: q-values, `type/*` and `*/*` as RFC 9110 has them.
/// An empty header or one that takes anything gives `fallback`.
/// ErrorCode::kNotAcceptable with the list of media types if none fits, kInvalidArgument if
/// malformed.
Result<Format> NegotiateFormat(std::string_view accept, Format fallback);

/// Whether an Accept header names this very media type.
bool Names(std::string_view accept, std::string_view media_type);

/// The packing that the Accept header's `codecs` parameter allows for an Arrow format ("zstd, lz4",
/// in our order of preference); kNone where it says nothing, and for other formats. Requires: the
/// header was negotiated.
IpcCompression NegotiateIpcCompression(std::string_view accept, Format format);

/// The format whose name or media type, without parameters, this is. kInvalidArgument, with all
/// names, otherwise; located as {"format"}.
Result<Format> ParseFormat(std::string_view text);

}  // namespace headrace::codec
