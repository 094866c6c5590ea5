#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "codec/format.h"
#include "headrace/status.h"

namespace headrace::codec {

/// How the bytes of a file are made smaller. Parquet takes all; Arrow none, lz4 and zstd; the text
/// formats none, gzip and zstd, as a whole, which their names say (`.csv.gz`, `.ndjson.zst`).
enum class FileCompression { kNone, kSnappy, kGzip, kZstd, kLz4, kBrotli };

/// "none", "snappy", "gzip", "zstd", "lz4", "brotli"; kInvalidArgument otherwise.
Result<FileCompression> ParseFileCompression(std::string_view name);
std::string_view NameOf(FileCompression compression) noexcept;

struct FileEncoding {
  Format format;
  FileCompression compression;
};

/// What a file of that name is to hold. What is given goes before what the name says; Parquet is
/// zstd and Arrow is not compressed where nothing is said. ErrorCode::kInvalidArgument if the
/// extension is unknown (the message lists those that are) or the format does not take the
/// compression.
Result<FileEncoding> EncodingOfFile(std::string_view path, std::optional<Format> format,
                                    std::optional<FileCompression> compression);

/// ".parquet", ".csv.gz", ...: the name that EncodingOfFile() reads back as `encoding`.
std::string ExtensionOf(const FileEncoding& encoding);

bool IsText(Format format) noexcept;

}  // namespace headrace::codec
