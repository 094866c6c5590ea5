#include "expr/input_text.h"

#include <algorithm>
#include <cstdint>

#include <arrow/util/utf8.h>
#include <fmt/format.h>

#include "headrace/names.h"

namespace headrace::expr {
namespace {

// Bytes of the text that a message shows on either side of the fault.
constexpr size_t kShownBefore = 48;
constexpr size_t kShownAfter = 32;

bool IsContinuation(char c) noexcept { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

/// Two lines: the text around the offset, and a caret below it. One column for each code point.
std::string Excerpt(std::string_view text, size_t offset) {
  size_t begin = offset > kShownBefore ? offset - kShownBefore : 0;
  while (begin > 0 && begin < text.size() && IsContinuation(text[begin])) --begin;
  size_t end = std::min(text.size(), offset + kShownAfter);
  while (end < text.size() && IsContinuation(text[end])) ++end;
  std::string line = begin > 0 ? "..." : "";
  size_t caret = line.size();
  for (size_t i = begin; i < end; ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    line.push_back(byte < 0x20 || byte == 0x7F ? ' ' : text[i]);
    if (i < offset && !IsContinuation(text[i])) ++caret;
  }
  if (end < text.size()) line += "...";
  return fmt::format("\n  {}\n  {}^", line, std::string(caret, ' '));
}

size_t ValidPrefix(std::string_view text) {
  // Halving finds the first bad byte in n log n; cutting a sequence in two is bad as well, so the
  // answer is the beginning of the sequence that does not end.
  size_t good = 0;
  size_t bad = text.size();
  while (bad - good > 1) {
    size_t middle = good + (bad - good) / 2;
    size_t cut = middle;
    while (cut > good && IsContinuation(text[cut])) --cut;
    if (cut == good) cut = middle;
    if (arrow::util::ValidateUTF8(text.substr(good, cut - good))) {
      good = cut;
    } else {
      bad = cut;
    }
  }
  return good;
}

}  // namespace

Status ErrorAt(const InputText& input, ErrorCode code, size_t offset, std::string message) {
  std::string full = fmt::format("{}: {}", input.what, message);
  std::vector<std::string> location = {std::string(input.what)};
  if (offset != kNoOffset) {
    offset = std::min(offset, input.text.size());
    location.push_back(std::to_string(offset));
    full += Excerpt(input.text, offset);
  }
  return MakeError(code, std::move(full), std::move(location));
}

Status CheckText(const InputText& input, size_t max_bytes) {
  if (input.text.size() > max_bytes) {
    return MakeError(ErrorCode::kTooLarge,
                     fmt::format("{}: a text of {} bytes is too long: at most {}", input.what,
                                 input.text.size(), max_bytes),
                     {std::string(input.what), std::to_string(max_bytes)});
  }
  arrow::util::InitializeUTF8();
  if (arrow::util::ValidateUTF8(input.text)) return Status::OK();
  const size_t offset = ValidPrefix(input.text);
  // The bytes cannot be shown, so only what stands before them is.
  return ErrorAt({input.what, input.text.substr(0, offset)}, ErrorCode::kInvalidArgument, offset,
                 "the text is not valid UTF-8 from here on");
}

Status UnknownColumn(const InputText& input, size_t offset, std::string_view name,
                     const std::vector<std::string>& candidates) {
  return ErrorAt(
      input, ErrorCode::kUnknownName, offset,
      fmt::format("no column is called '{}'{}", name.substr(0, 128), NameHint(name, candidates)));
}

}  // namespace headrace::expr
