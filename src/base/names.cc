#include "headrace/names.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "headrace/error_code.h"

namespace headrace {
namespace {

constexpr size_t kMaxNameBytes = 128;
constexpr size_t kMostNamesListed = 12;

bool SameLetter(char a, char b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c; };
  return lower(a) == lower(b);
}

bool IsNameByte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '.' || c == ':' || c == '-';
}

// Edits from a to b: letters put in, left out, exchanged, or two neighbours swapped.
size_t EditDistance(std::string_view a, std::string_view b) {
  const size_t width = b.size() + 1;
  std::vector<size_t> cells((a.size() + 1) * width);
  const auto at = [&](size_t i, size_t j) -> size_t& { return cells[i * width + j]; };
  for (size_t i = 0; i <= a.size(); ++i) at(i, 0) = i;
  for (size_t j = 0; j <= b.size(); ++j) at(0, j) = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    for (size_t j = 1; j <= b.size(); ++j) {
      at(i, j) =
          std::min({at(i - 1, j) + 1, at(i, j - 1) + 1, at(i - 1, j - 1) + (a[i - 1] != b[j - 1])});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        at(i, j) = std::min(at(i, j), at(i - 2, j - 2) + 1);
      }
    }
  }
  return cells.back();
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
  if (wrong.size() > kMaxNameBytes) return nearest;
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

std::string NameHint(std::string_view wrong, const std::vector<std::string>& candidates) {
  const auto letters = [&](const std::string& candidate) {
    return std::equal(wrong.begin(), wrong.end(), candidate.begin(), candidate.end(), SameLetter);
  };
  const auto same = std::find_if(candidates.begin(), candidates.end(), letters);
  const std::string_view similar =
      same != candidates.end() ? std::string_view(*same) : NearestName(wrong, candidates);
  if (!similar.empty()) return fmt::format("; did you mean '{}'?", similar);
  if (candidates.empty() || candidates.size() > kMostNamesListed) return "";
  return fmt::format("; there are {}", fmt::join(candidates, ", "));
}

}  // namespace headrace
