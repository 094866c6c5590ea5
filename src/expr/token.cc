#include "expr/token.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include <fmt/format.h>

namespace headrace::expr {
namespace {

constexpr size_t kMaxNumberBytes = 128;
constexpr std::array<std::string_view, 11> kReserved = {
    "and", "between", "false", "in", "is", "like", "not", "null", "or", "true", "escape"};
// Longest first, so that `<=` is not read as `<`.
constexpr std::array<std::string_view, 17> kSymbols = {
    "==", "!=", "<>", "<=", ">=", "=", "<", ">", "+", "-", "*", "/", "%", "(", ")", ",", "."};

bool IsSpace(char c) noexcept { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool IsDigit(char c) noexcept { return c >= '0' && c <= '9'; }
bool IsWordStart(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}
bool IsWordByte(char c) noexcept { return IsWordStart(c) || IsDigit(c); }
char Lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

int HexDigit(char c) noexcept {
  if (IsDigit(c)) return c - '0';
  c = Lower(c);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

std::string Quoted(std::string_view text, char quote) {
  std::string out(1, quote);
  for (const char c : text) {
    if (c == quote) out.push_back(quote);
    out.push_back(c);
  }
  out.push_back(quote);
  return out;
}

class Lexer {
 public:
  explicit Lexer(const InputText& input) : input_(input), text_(input.text) {}

  Result<std::vector<Token>> Run() {
    std::vector<Token> tokens;
    for (;;) {
      while (at_ < text_.size() && IsSpace(text_[at_])) ++at_;
      ARROW_ASSIGN_OR_RAISE(Token token, Next());
      tokens.push_back(std::move(token));
      if (tokens.back().kind == TokenKind::kEnd) return tokens;
    }
  }

 private:
  Result<Token> Next() {
    Token token{.offset = at_};
    if (at_ == text_.size()) return token;
    const char c = text_[at_];
    const char next = at_ + 1 < text_.size() ? text_[at_ + 1] : '\0';
    if (c == '\'') {
      token.kind = TokenKind::kString;
      ARROW_ASSIGN_OR_RAISE(token.value, Unquote('\''));
    } else if (c == '"') {
      token.kind = TokenKind::kQuotedWord;
      ARROW_ASSIGN_OR_RAISE(token.value, Unquote('"'));
    } else if ((c == 'x' || c == 'X') && next == '\'') {
      token.kind = TokenKind::kBytes;
      ++at_;
      ARROW_ASSIGN_OR_RAISE(token.value, Unquote('\''));
      ARROW_ASSIGN_OR_RAISE(token.value, FromHex(token));
    } else if (IsDigit(c) || (c == '.' && IsDigit(next))) {
      token.kind = TokenKind::kNumber;
      ARROW_ASSIGN_OR_RAISE(token.value, Number());
    } else if (IsWordStart(c)) {
      token.kind = TokenKind::kWord;
      const size_t begin = at_;
      while (at_ < text_.size() && IsWordByte(text_[at_])) ++at_;
      token.value = text_.substr(begin, at_ - begin);
    } else {
      token.kind = TokenKind::kSymbol;
      ARROW_ASSIGN_OR_RAISE(token.value, Symbol());
    }
    return token;
  }

  Result<std::string> Unquote(char quote) {
    const size_t begin = at_++;
    std::string value;
    while (at_ < text_.size()) {
      const char c = text_[at_++];
      if (c != quote) {
        value.push_back(c);
      } else if (at_ < text_.size() && text_[at_] == quote) {
        value.push_back(quote);
        ++at_;
      } else {
        return value;
      }
    }
    return Fail(begin, fmt::format("the quote that opens here is not closed: add {}", quote));
  }

  Result<std::string> FromHex(const Token& token) const {
    std::string bytes;
    for (size_t i = 0; i + 1 < token.value.size(); i += 2) {
      const int high = HexDigit(token.value[i]);
      const int low = HexDigit(token.value[i + 1]);
      if (high < 0 || low < 0) break;
      bytes.push_back(static_cast<char>(high * 16 + low));
    }
    if (bytes.size() * 2 == token.value.size()) return bytes;
    return Fail(token.offset, "x'...' takes pairs of hexadecimal digits");
  }

  Result<std::string> Number() {
    const size_t begin = at_;
    SkipDigits();
    if (at_ < text_.size() && text_[at_] == '.') {
      ++at_;
      SkipDigits();
    }
    if (at_ < text_.size() && Lower(text_[at_]) == 'e') {
      size_t digits = at_ + 1;
      if (digits < text_.size() && (text_[digits] == '+' || text_[digits] == '-')) ++digits;
      if (digits < text_.size() && IsDigit(text_[digits])) {
        at_ = digits;
        SkipDigits();
      }
    }
    if (at_ < text_.size() && (IsWordByte(text_[at_]) || text_[at_] == '.')) {
      return Fail(begin, "this is neither a number nor a name; a name like this goes in \"\"");
    }
    if (at_ - begin > kMaxNumberBytes) {
      return Fail(begin, fmt::format("a number has at most {} characters", kMaxNumberBytes));
    }
    return std::string(text_.substr(begin, at_ - begin));
  }

  void SkipDigits() {
    while (at_ < text_.size() && IsDigit(text_[at_])) ++at_;
  }

  Result<std::string> Symbol() {
    for (const std::string_view symbol : kSymbols) {
      if (text_.substr(at_, symbol.size()) == symbol) {
        at_ += symbol.size();
        return std::string(symbol);
      }
    }
    return Fail(at_, "nothing begins with this character");
  }

  Status Fail(size_t offset, std::string message) const {
    return ErrorAt(input_, ErrorCode::kInvalidArgument, offset, std::move(message));
  }

  const InputText& input_;
  std::string_view text_;
  size_t at_ = 0;
};

}  // namespace

bool Token::IsKeyword(std::string_view keyword) const {
  return kind == TokenKind::kWord &&
         std::equal(value.begin(), value.end(), keyword.begin(), keyword.end(),
                    [](char a, char b) { return Lower(a) == b; });
}

Result<std::vector<Token>> Tokenize(const InputText& input) { return Lexer(input).Run(); }

bool IsReserved(std::string_view word) {
  const Token token{.kind = TokenKind::kWord, .value = std::string(word)};
  return std::any_of(kReserved.begin(), kReserved.end(),
                     [&](std::string_view reserved) { return token.IsKeyword(reserved); });
}

std::string QuotedName(std::string_view name) {
  const bool bare = !name.empty() && IsWordStart(name[0]) &&
                    std::all_of(name.begin(), name.end(), IsWordByte) && !IsReserved(name);
  return bare ? std::string(name) : Quoted(name, '"');
}

std::string QuotedString(std::string_view text) { return Quoted(text, '\''); }

}  // namespace headrace::expr
