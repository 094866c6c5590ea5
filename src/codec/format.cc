#include "codec/format.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include <fmt/format.h>

#include "base/trim.h"
#include "headrace/error_code.h"

namespace headrace::codec {
namespace {

constexpr std::array kFormats = {
    FormatInfo{Format::kArrowStream, "arrows", "application/vnd.apache.arrow.stream",
               "application/vnd.apache.arrow.stream"},
    FormatInfo{Format::kArrowFile, "arrow", "application/vnd.apache.arrow.file",
               "application/vnd.apache.arrow.file"},
    FormatInfo{Format::kParquet, "parquet", "application/vnd.apache.parquet",
               "application/vnd.apache.parquet"},
    FormatInfo{Format::kCsv, "csv", "text/csv", "text/csv; charset=utf-8; header=present"},
    FormatInfo{Format::kNdjson, "ndjson", "application/x-ndjson", "application/x-ndjson"},
    FormatInfo{Format::kJsonRows, "json", "application/json", "application/json"},
    FormatInfo{Format::kJsonColumns, "json-columns", "application/vnd.headrace.columns+json",
               "application/vnd.headrace.columns+json"},
};

constexpr bool InOrder() {
  for (size_t i = 0; i < kFormats.size(); ++i) {
    if (kFormats[i].format != static_cast<Format>(i)) return false;
  }
  return true;
}
static_assert(InOrder(), "one row for each Format, in its order");

// Takes what stands before `separator`, quoted strings apart, off the front of `rest`.
std::string_view Take(std::string_view* rest, char separator) {
  bool quoted = false;
  size_t end = 0;
  for (; end < rest->size() && (quoted || (*rest)[end] != separator); ++end) {
    if (quoted && (*rest)[end] == '\\') {
      ++end;
    } else if ((*rest)[end] == '"') {
      quoted = !quoted;
    }
  }
  end = std::min(end, rest->size());
  const std::string_view part = rest->substr(0, end);
  rest->remove_prefix(std::min(end + 1, rest->size()));
  return base::Trim(part, base::kBlanks);
}

bool IsToken(std::string_view text) {
  constexpr std::string_view kOther = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           kOther.find(c) != std::string_view::npos;
  });
}

bool IsQuoted(std::string_view text) {
  return text.size() >= 2 && text.front() == '"' && text.back() == '"';
}

bool EqualIgnoringCase(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char x, char y) { return lower(x) == lower(y); });
}

// RFC 9110, 12.5.1: a media range and its weight.
struct Range {
  std::string_view type;
  std::string_view subtype;
  std::string_view codecs;  // as given, quotes included
  double q = 1;

  // How exactly the range names the format: 2 by name, 1 by type, 0 as anything, -1 not at all.
  int Specificity(std::string_view media_type) const {
    if (type == "*") return 0;
    const size_t slash = media_type.find('/');
    if (!EqualIgnoringCase(type, media_type.substr(0, slash))) return -1;
    if (subtype == "*") return 1;
    return EqualIgnoringCase(subtype, media_type.substr(slash + 1)) ? 2 : -1;
  }
};

Status Malformed(std::string_view range) {
  return MakeError(ErrorCode::kInvalidArgument,
                   fmt::format("the Accept header has '{}', which is no media range", range),
                   {"accept"});
}

Result<Range> ParseRange(std::string_view text) {
  std::string_view rest = text;
  std::string_view media = Take(&rest, ';');
  Range range;
  range.type = Take(&media, '/');
  range.subtype = media;
  if (!IsToken(range.type) || !IsToken(range.subtype) ||
      (range.type == "*" && range.subtype != "*")) {
    return Malformed(text);
  }
  while (!rest.empty()) {
    std::string_view parameter = Take(&rest, ';');
    const std::string_view name = Take(&parameter, '=');
    if (!IsToken(name) || !(IsToken(parameter) || IsQuoted(parameter))) return Malformed(text);
    if (EqualIgnoringCase(name, "codecs")) range.codecs = parameter;
    if (!EqualIgnoringCase(name, "q")) continue;
    // A weight is 0 to 1 with at most three decimals.
    const auto [end, error] = std::from_chars(parameter.data(), parameter.data() + parameter.size(),
                                              range.q, std::chars_format::fixed);
    if (error != std::errc{} || end != parameter.data() + parameter.size() || !(range.q >= 0) ||
        range.q > 1 || parameter.size() > 5) {
      return Malformed(text);
    }
  }
  return range;
}

// The weight that the most specific fitting range gives to the format, if one fits.
std::optional<double> Weight(const std::vector<Range>& ranges, const FormatInfo& format,
                             int* specificity) {
  std::optional<double> weight;
  *specificity = -1;
  for (const Range& range : ranges) {
    const int fit = range.Specificity(format.media_type);
    if (fit > *specificity) {
      *specificity = fit;
      weight = range.q;
    }
  }
  return weight;
}

Result<std::vector<Range>> ParseRanges(std::string_view accept) {
  std::vector<Range> ranges;
  while (!accept.empty()) {
    const std::string_view text = Take(&accept, ',');
    if (text.empty()) continue;
    ARROW_ASSIGN_OR_RAISE(const Range range, ParseRange(text));
    ranges.push_back(range);
  }
  return ranges;
}

}  // namespace

std::span<const FormatInfo> Formats() noexcept { return kFormats; }

std::span<const FormatInfo> FileFormats() noexcept { return Formats().first(kFormats.size() - 1); }

const FormatInfo& Describe(Format format) noexcept { return kFormats[static_cast<size_t>(format)]; }

Result<Format> NegotiateFormat(std::string_view accept, Format fallback) {
  ARROW_ASSIGN_OR_RAISE(const std::vector<Range> ranges, ParseRanges(accept));
  if (ranges.empty()) return fallback;

  // The heaviest wins; among equals one that was named, then the fallback, then the table's order.
  std::optional<Format> best;
  double best_weight = 0;
  int best_specificity = -1;
  const auto consider = [&](const FormatInfo& format) {
    int specificity = -1;
    const auto weight = Weight(ranges, format, &specificity);
    if (!weight || *weight <= 0) return;
    if (*weight > best_weight || (*weight == best_weight && specificity > best_specificity)) {
      best = format.format;
      best_weight = *weight;
      best_specificity = specificity;
    }
  };
  consider(Describe(fallback));
  for (const FormatInfo& format : kFormats) consider(format);
  if (best) return *best;

  std::string known;
  for (const FormatInfo& format : kFormats) {
    known += fmt::format("{}{}", known.empty() ? "" : ", ", format.media_type);
  }
  return MakeError(ErrorCode::kNotAcceptable,
                   fmt::format("none of the formats asked for can be made; there are {}", known),
                   {"accept"});
}

bool Names(std::string_view accept, std::string_view media_type) {
  const auto ranges = ParseRanges(accept);
  return ranges.ok() && std::any_of(ranges->begin(), ranges->end(), [&](const Range& range) {
           return range.q > 0 && range.Specificity(media_type) == 2;
         });
}

IpcCompression NegotiateIpcCompression(std::string_view accept, Format format) {
  if (format != Format::kArrowStream && format != Format::kArrowFile) return IpcCompression::kNone;
  const auto ranges = ParseRanges(accept);
  if (!ranges.ok()) return IpcCompression::kNone;
  auto best = IpcCompression::kNone;
  for (const Range& range : *ranges) {
    if (range.q <= 0 || range.Specificity(Describe(format).media_type) != 2) continue;
    std::string_view rest = range.codecs;
    if (IsQuoted(rest)) rest = rest.substr(1, rest.size() - 2);
    while (!rest.empty()) {
      const std::string_view name = Take(&rest, ',');
      if (EqualIgnoringCase(name, "zstd")) best = IpcCompression::kZstd;
      if (EqualIgnoringCase(name, "lz4") && best == IpcCompression::kNone) {
        best = IpcCompression::kLz4;
      }
    }
  }
  return best;
}

Result<Format> ParseFormat(std::string_view text) {
  std::string names;
  for (const FormatInfo& info : kFormats) {
    if (info.name == text || EqualIgnoringCase(info.media_type, text)) return info.format;
    names += fmt::format("{}{}", names.empty() ? "" : ", ", info.name);
  }
  return MakeError(ErrorCode::kInvalidArgument,
                   fmt::format("format must be one of {}, not '{}'", names, text.substr(0, 64)),
                   {"format"});
}

}  // namespace headrace::codec
