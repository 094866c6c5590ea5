#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <arrow/compute/expression.h>

namespace headrace::expr {

/// A pattern of `like`: text, `%` (any text) and `_` (one character, or one byte of binary).
class LikePattern {
 public:
  /// `escape` is one character or empty: then nothing is escaped. None if the escape character
  /// stands before anything but %, _ or itself.
  static std::optional<LikePattern> FromSql(std::string_view pattern, std::string_view escape);

  /// Arrow's dialect, in which a backslash escapes. None if it ends with one.
  static std::optional<LikePattern> FromArrow(std::string_view pattern);

  /// What Match() made; none for other calls.
  static std::optional<LikePattern> FromCall(const arrow::compute::Expression::Call& call);

  std::string ArrowText() const;

  /// The pattern as a filter has it: 'a%', or 'a\%%' escape '\'.
  std::string SqlText() const;

  /// A call that matches `operand` (utf8 or binary, large or not). Arrow takes escapes for text
  /// where it turns `a\\b%` into a prefix, so a pattern with escapes goes to it as a regex.
  arrow::compute::Expression Match(arrow::compute::Expression operand) const;

  /// The text that every match begins with.
  std::string Prefix() const;
  bool has_wildcards() const;
  /// Whether it is Prefix() and `%`, and nothing more.
  bool IsPrefixOnly() const;

 private:
  enum class Kind : uint8_t { kByte, kAny, kOne };
  struct Piece {
    Kind kind;
    char byte;
  };
  bool NeedsEscapes() const;

  std::vector<Piece> pieces_;
};

}  // namespace headrace::expr
