#include "codec/file_format.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "headrace/error_code.h"

namespace headrace::codec {
namespace {

constexpr std::array<std::string_view, 6> kCompressions = {"none", "snappy", "gzip",
                                                           "zstd", "lz4",    "brotli"};

struct Extension {
  std::string_view text;
  Format format;
};
constexpr std::array kExtensions = {
    Extension{".parquet", Format::kParquet},    Extension{".arrow", Format::kArrowFile},
    Extension{".arrows", Format::kArrowStream}, Extension{".csv", Format::kCsv},
    Extension{".ndjson", Format::kNdjson},      Extension{".jsonl", Format::kNdjson},
    Extension{".json", Format::kJsonRows},
};

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return lower;
}

FileCompression TakeCompressionSuffix(std::string* name) {
  if (name->ends_with(".gz")) {
    name->resize(name->size() - 3);
    return FileCompression::kGzip;
  }
  if (name->ends_with(".zst")) {
    name->resize(name->size() - 4);
    return FileCompression::kZstd;
  }
  return FileCompression::kNone;
}

bool Takes(Format format, FileCompression compression) {
  using enum FileCompression;
  if (format == Format::kParquet || compression == kNone) return true;
  if (IsText(format)) return compression == kGzip || compression == kZstd;
  return compression == kLz4 || compression == kZstd;
}

Status UnknownExtension(std::string_view path) {
  std::string known;
  for (const Extension& extension : kExtensions) {
    known += fmt::format("{}{}", known.empty() ? "" : ", ", extension.text);
  }
  return MakeError(ErrorCode::kInvalidArgument,
                   fmt::format("the name '{}' does not say what to write: there are {}, and text "
                               "with .gz or .zst behind; or give the format",
                               path, known),
                   {"path"});
}

}  // namespace

Result<FileCompression> ParseFileCompression(std::string_view name) {
  const auto* const found = std::find(kCompressions.begin(), kCompressions.end(), name);
  if (found == kCompressions.end()) {
    return MakeError(ErrorCode::kInvalidArgument,
                     fmt::format("there is no compression '{}': there are {}", name,
                                 fmt::join(kCompressions, ", ")),
                     {"compression"});
  }
  return static_cast<FileCompression>(found - kCompressions.begin());
}

std::string_view NameOf(FileCompression compression) noexcept {
  return kCompressions[static_cast<size_t>(compression)];
}

bool IsText(Format format) noexcept {
  return format == Format::kCsv || format == Format::kNdjson || format == Format::kJsonRows;
}

Result<FileEncoding> EncodingOfFile(std::string_view path, std::optional<Format> format,
                                    std::optional<FileCompression> compression) {
  std::string name = Lower(path.substr(path.rfind('/') + 1));
  const FileCompression suffix = TakeCompressionSuffix(&name);
  if (!format) {
    const auto* const found =
        std::find_if(kExtensions.begin(), kExtensions.end(),
                     [&](const Extension& extension) { return name.ends_with(extension.text); });
    if (found == kExtensions.end() || (suffix != FileCompression::kNone && !IsText(found->format)))
      return UnknownExtension(path);
    format = found->format;
  }
  if (!compression) {
    compression = IsText(*format)               ? suffix
                  : *format == Format::kParquet ? FileCompression::kZstd
                                                : FileCompression::kNone;
  }
  if (*format == Format::kJsonColumns) {
    return MakeError(ErrorCode::kInvalidArgument,
                     "files are not written as json-columns: it holds all rows until the end",
                     {"format"});
  }
  if (!Takes(*format, *compression)) {
    return MakeError(ErrorCode::kInvalidArgument,
                     fmt::format("the format {} is not compressed with {}", Describe(*format).name,
                                 NameOf(*compression)),
                     {"compression"});
  }
  return FileEncoding{*format, *compression};
}

std::string ExtensionOf(const FileEncoding& encoding) {
  std::string extension = fmt::format(".{}", Describe(encoding.format).name);
  if (!IsText(encoding.format)) return extension;
  if (encoding.compression == FileCompression::kGzip) extension += ".gz";
  if (encoding.compression == FileCompression::kZstd) extension += ".zst";
  return extension;
}

}  // namespace headrace::codec
