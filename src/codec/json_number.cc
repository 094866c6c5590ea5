#include "codec/json_number.h"

#include <cstddef>

namespace headrace::codec {
namespace {

/// Takes digits off the front; false if there was none.
bool TakeDigits(std::string_view* text) noexcept {
  size_t size = 0;
  while (size < text->size() && (*text)[size] >= '0' && (*text)[size] <= '9') ++size;
  text->remove_prefix(size);
  return size > 0;
}

}  // namespace

NumberForm NumberFormOf(std::string_view text) noexcept {
  if (text.starts_with('-')) {
    text.remove_prefix(1);
  }
  const bool leading_zero = text.starts_with('0');
  const size_t before = text.size();
  if (!TakeDigits(&text) || (leading_zero && before - text.size() > 1)) {
    return NumberForm::kNone;
  }
  if (text.empty()) {
    return NumberForm::kInteger;
  }
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    if (!TakeDigits(&text)) return NumberForm::kNone;
  }
  if (text.starts_with('e') || text.starts_with('E')) {
    text.remove_prefix(1);
    if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
    if (!TakeDigits(&text)) return NumberForm::kNone;
  }
  return text.empty() ? NumberForm::kFraction : NumberForm::kNone;
}

}  // namespace headrace::codec
