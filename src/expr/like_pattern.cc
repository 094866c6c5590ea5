#include "expr/like_pattern.h"

#include <algorithm>

#include <arrow/compute/api_scalar.h>
#include <arrow/util/checked_cast.h>
#include <fmt/format.h>

#include "expr/token.h"

namespace headrace::expr {
namespace {

namespace cp = arrow::compute;

// Dot and dollar as in a whole text: `.` takes a newline as well.
constexpr std::string_view kRegexHead = "(?s:^";
constexpr std::string_view kRegexTail = "$)";
constexpr std::string_view kRegexSpecial = "\\^$.|?*+()[]{}";

bool IsSpecial(char c) { return c == '%' || c == '_' || c == '\\'; }

}  // namespace

std::optional<LikePattern> LikePattern::FromSql(std::string_view pattern, std::string_view escape) {
  LikePattern like;
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (!escape.empty() && pattern.substr(i, escape.size()) == escape) {
      i += escape.size();
      const std::string_view rest = pattern.substr(i);
      if (rest.substr(0, escape.size()) == escape) {
        for (const char c : escape) like.pieces_.push_back({Kind::kByte, c});
        i += escape.size() - 1;
      } else if (!rest.empty() && (rest[0] == '%' || rest[0] == '_')) {
        like.pieces_.push_back({Kind::kByte, rest[0]});
      } else {
        return std::nullopt;
      }
      continue;
    }
    const char c = pattern[i];
    like.pieces_.push_back({c == '%' ? Kind::kAny : c == '_' ? Kind::kOne : Kind::kByte, c});
  }
  return like;
}

std::optional<LikePattern> LikePattern::FromArrow(std::string_view pattern) {
  LikePattern like;
  for (size_t i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i];
    if (c == '\\') {
      if (++i == pattern.size()) return std::nullopt;
      like.pieces_.push_back({Kind::kByte, pattern[i]});
    } else {
      like.pieces_.push_back({c == '%' ? Kind::kAny : c == '_' ? Kind::kOne : Kind::kByte, c});
    }
  }
  return like;
}

std::optional<LikePattern> LikePattern::FromCall(const cp::Expression::Call& call) {
  const bool regex = call.function_name == "match_substring_regex";
  if ((!regex && call.function_name != "match_like") || call.options == nullptr) {
    return std::nullopt;
  }
  const auto& options =
      arrow::internal::checked_cast<const cp::MatchSubstringOptions&>(*call.options);
  if (options.ignore_case) return std::nullopt;
  if (!regex) return FromArrow(options.pattern);
  std::string_view rest = options.pattern;
  if (!rest.starts_with(kRegexHead) || !rest.ends_with(kRegexTail)) return std::nullopt;
  rest.remove_prefix(kRegexHead.size());
  rest.remove_suffix(kRegexTail.size());
  LikePattern like;
  for (size_t i = 0; i < rest.size(); ++i) {
    if (rest[i] == '\\' && i + 1 < rest.size()) {
      like.pieces_.push_back({Kind::kByte, rest[++i]});
    } else if (rest[i] == '.') {
      const bool any = rest.substr(i + 1).starts_with('*');
      like.pieces_.push_back({any ? Kind::kAny : Kind::kOne, any ? '%' : '_'});
      i += any;
    } else {
      like.pieces_.push_back({Kind::kByte, rest[i]});
    }
  }
  // Another regex that happens to begin and end alike is not ours.
  const cp::Expression again = like.Match(call.arguments[0]);
  if (again.call()->function_name != call.function_name ||
      !again.call()->options->Equals(*call.options)) {
    return std::nullopt;
  }
  return like;
}

std::string LikePattern::ArrowText() const {
  std::string text;
  for (const auto& [kind, byte] : pieces_) {
    if (kind == Kind::kByte && IsSpecial(byte)) text.push_back('\\');
    text.push_back(byte);
  }
  return text;
}

std::string LikePattern::SqlText() const {
  // Without a literal % or _ nothing needs an escape, and then a backslash is itself.
  if (std::none_of(pieces_.begin(), pieces_.end(), [](const Piece& piece) {
        return piece.kind == Kind::kByte && (piece.byte == '%' || piece.byte == '_');
      })) {
    std::string text;
    for (const auto& [kind, byte] : pieces_) text.push_back(byte);
    return QuotedString(text);
  }
  return QuotedString(ArrowText()) + " escape '\\'";
}

cp::Expression LikePattern::Match(cp::Expression operand) const {
  if (!NeedsEscapes()) {
    return cp::call("match_like", {std::move(operand)}, cp::MatchSubstringOptions(ArrowText()));
  }
  std::string regex(kRegexHead);
  for (const auto& [kind, byte] : pieces_) {
    switch (kind) {
      case Kind::kAny: regex += ".*"; break;
      case Kind::kOne: regex += "."; break;
      case Kind::kByte:
        if (kRegexSpecial.find(byte) != std::string_view::npos) regex.push_back('\\');
        regex.push_back(byte);
    }
  }
  regex += kRegexTail;
  return cp::call("match_substring_regex", {std::move(operand)},
                  cp::MatchSubstringOptions(std::move(regex)));
}

std::string LikePattern::Prefix() const {
  std::string prefix;
  for (const auto& [kind, byte] : pieces_) {
    if (kind != Kind::kByte) break;
    prefix.push_back(byte);
  }
  return prefix;
}

bool LikePattern::has_wildcards() const {
  return std::any_of(pieces_.begin(), pieces_.end(),
                     [](const Piece& piece) { return piece.kind != Kind::kByte; });
}

bool LikePattern::IsPrefixOnly() const {
  const size_t prefix = Prefix().size();
  return prefix < pieces_.size() &&
         std::all_of(
             pieces_.begin() + static_cast<ptrdiff_t>(prefix), pieces_.end(),
             [](const Piece& piece) { return piece.kind == Kind::kAny; });
}

bool LikePattern::NeedsEscapes() const {
  return std::any_of(pieces_.begin(), pieces_.end(), [](const Piece& piece) {
    return piece.kind == Kind::kByte && IsSpecial(piece.byte);
  });
}

}  // namespace headrace::expr
