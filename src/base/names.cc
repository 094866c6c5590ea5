#include "headrace/names.h"

#include <algorithm>
#include <numeric>

#include <fmt/format.h>

#include "headrace/error_code.h"

namespace headrace {
namespace {

constexpr size_t kMaxNameBytes = 128;

bool IsNameByte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '.' || c == ':' || c == '-';
}

// Levenshtein distance, one row at a time.
size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i + 1;
    for (size_t j = 0; j < b.size(); ++j) {
      const size_t substituted = diagonal + (a[i] != b[j]);
      diagonal = row[j + 1];
      row[j + 1] = std::min({row[j] + 1, row[j + 1] + 1, substituted});
    }
  }
  return row.back();
}

}  // namespace

Status ValidateName(std::string_view name, std::string_view what) {
  if (!name.empty() && name.size() <= kMaxNameBytes && name != "." && name != ".." &&
      std::all_of(name.begin(), name.end(), IsNameByte)) {
    return Status::OK();
  }
  return MakeError(
      ErrorCode::kInvalidArgument,
      fmt::format("{} '{}' is not a name: give 1 to {} letters, digits, or any of _ . : -", what,
                  name.substr(0, kMaxNameBytes), kMaxNameBytes),
      {std::string(what)});
}

std::string_view NearestName(std::string_view wrong, const std::vector<std::string>& candidates) {
  std::string_view nearest;
  // A third of the letters may be wrong: beyond that it is another word, not a typo.
  size_t best = std::max<size_t>(1, wrong.size() / 3) + 1;
  for (const std::string& candidate : candidates) {
    if (const size_t distance = EditDistance(wrong, candidate); distance < best) {
      best = distance;
      nearest = candidate;
    }
  }
  return nearest;
}

}  // namespace headrace
