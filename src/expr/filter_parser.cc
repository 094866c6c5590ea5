#include "expr/filter_parser.h"

#include <array>
#include <optional>
#include <utility>

#include <arrow/scalar.h>
#include <fmt/format.h>

#include "expr/like_pattern.h"
#include "expr/literal.h"

namespace headrace::expr {
namespace {

using arrow::Scalar;

// What binds tighter has the larger number.
enum Precedence : int {
  kOrPrecedence = 1,
  kAndPrecedence,
  kNotPrecedence,
  kPredicatePrecedence,
  kSumPrecedence,
  kProductPrecedence,
  kUnaryPrecedence,
};

struct ComparisonSymbol {
  std::string_view symbol;
  std::string_view function;
};
constexpr std::array<ComparisonSymbol, 8> kComparisons = {{{"=", "equal"},
                                                           {"==", "equal"},
                                                           {"!=", "not_equal"},
                                                           {"<>", "not_equal"},
                                                           {"<", "less"},
                                                           {"<=", "less_equal"},
                                                           {">", "greater"},
                                                           {">=", "greater_equal"}}};

using TextParser = std::shared_ptr<Scalar> (*)(std::string_view);
struct TypedLiteral {
  std::string_view keyword;
  TextParser parse;
  std::string_view example;
};
constexpr std::array<TypedLiteral, 3> kTypedLiterals = {
    {{"date", ParseDate, "date '2024-01-31'"},
     {"timestamp", ParseTimestamp, "timestamp '2024-01-31 10:00:00.5+02:00'"},
     {"time", ParseTime, "time '10:00:00.5'"}}};

class FilterParser {
 public:
  FilterParser(const InputText& input, std::vector<Token> tokens, int max_depth)
      : input_(input), tokens_(std::move(tokens)), max_depth_(max_depth) {}

  Result<NodePtr> Run() {
    ARROW_ASSIGN_OR_RAISE(NodePtr node, Expression(kOrPrecedence));
    if (Peek().kind != TokenKind::kEnd) {
      return Fail(Peek().offset, "the filter should end here, or go on with 'and' or 'or'");
    }
    return node;
  }

 private:
  const Token& Peek(size_t ahead = 0) const {
    return tokens_[std::min(at_ + ahead, tokens_.size() - 1)];
  }
  Token& Take() { return tokens_[at_ + 1 < tokens_.size() ? at_++ : at_]; }
  bool TakeKeyword(std::string_view keyword) {
    const bool found = Peek().IsKeyword(keyword);
    if (found) Take();
    return found;
  }
  bool TakeSymbol(std::string_view symbol) {
    const bool found = Peek().IsSymbol(symbol);
    if (found) Take();
    return found;
  }
  Status Expect(bool taken, std::string_view what) const {
    if (taken) return Status::OK();
    return Fail(Peek().offset, fmt::format("{} should stand here", what));
  }
  Status Fail(size_t offset, std::string message) const {
    return ErrorAt(input_, ErrorCode::kInvalidArgument, offset, std::move(message));
  }
  Status TooDeep(size_t offset) const {
    return ErrorAt(input_, ErrorCode::kTooLarge, offset,
                   fmt::format("this is nested too deeply: at most {} levels", max_depth_));
  }
  Result<NodePtr> Checked(NodePtr node) const {
    if (node->depth > max_depth_) return TooDeep(node->offset);
    return node;
  }

  /// Precedence climbing: a first operand, then all operators that bind at least as tight.
  Result<NodePtr> Expression(int precedence) {
    if (nesting_ >= 2 * max_depth_) return TooDeep(Peek().offset);
    ++nesting_;
    ARROW_ASSIGN_OR_RAISE(NodePtr left, Prefix());
    for (bool more = true; more;) {
      const size_t before = at_;
      ARROW_ASSIGN_OR_RAISE(left, Infix(std::move(left), precedence));
      ARROW_ASSIGN_OR_RAISE(left, Checked(std::move(left)));
      more = at_ != before;
    }
    --nesting_;
    return left;
  }

  Result<NodePtr> Prefix() {
    const size_t offset = Peek().offset;
    if (TakeKeyword("not")) return Unary(NodeKind::kNot, offset, kNotPrecedence);
    if (TakeSymbol("+")) return Expression(kUnaryPrecedence);
    if (Peek().IsSymbol("-")) {
      if (Peek(1).kind == TokenKind::kNumber) return Number();
      Take();
      return Unary(NodeKind::kNegate, offset, kUnaryPrecedence);
    }
    if (TakeSymbol("(")) {
      ARROW_ASSIGN_OR_RAISE(NodePtr inner, Expression(kOrPrecedence));
      ARROW_RETURN_NOT_OK(Expect(TakeSymbol(")"), "')'"));
      return inner;
    }
    return Operand();
  }

  Result<NodePtr> Unary(NodeKind kind, size_t offset, int precedence) {
    NodePtr node = MakeNode(kind, offset);
    ARROW_ASSIGN_OR_RAISE(NodePtr operand, Expression(precedence));
    Adopt(node, std::move(operand));
    return Checked(std::move(node));
  }

  Result<NodePtr> Number() {
    NodePtr node = MakeNode(NodeKind::kLiteral, Peek().offset);
    const std::string sign = TakeSymbol("-") ? "-" : "";
    node->literal = ParseNumber(sign + Take().value);
    return node;
  }

  Result<NodePtr> Operand() {
    NodePtr node = MakeNode(NodeKind::kLiteral, Peek().offset);
    const Token& token = Peek();
    switch (token.kind) {
      case TokenKind::kNumber: return Number();
      case TokenKind::kString: node->literal = arrow::MakeScalar(Take().value); return node;
      case TokenKind::kBytes:
        node->literal =
            std::make_shared<arrow::BinaryScalar>(arrow::Buffer::FromString(Take().value));
        return node;
      case TokenKind::kWord:
        if (Peek(1).kind == TokenKind::kString) return TypedLiteralOf();
        if (token.IsKeyword("null")) {
          node->literal = arrow::MakeNullScalar(arrow::null());
        } else if (token.IsKeyword("true") || token.IsKeyword("false")) {
          node->literal = arrow::MakeScalar(token.IsKeyword("true"));
        } else if (!IsReserved(token.value)) {
          return Column();
        } else {
          break;
        }
        Take();
        return node;
      case TokenKind::kQuotedWord: return Column();
      default: break;
    }
    return Fail(token.offset, token.kind == TokenKind::kEnd
                                  ? "the filter ends where a column, a value or '(' should follow"
                                  : "a column, a value or '(' should stand here");
  }

  Result<NodePtr> TypedLiteralOf() {
    const Token& keyword = Take();
    const Token& text = Take();
    for (const TypedLiteral& typed : kTypedLiterals) {
      if (!keyword.IsKeyword(typed.keyword)) continue;
      NodePtr node = MakeNode(NodeKind::kLiteral, keyword.offset);
      node->literal = typed.parse(text.value);
      if (node->literal != nullptr) return node;
      return Fail(text.offset, fmt::format("this does not read as a {}: write it like {}",
                                           typed.keyword, typed.example));
    }
    return Fail(text.offset, "an operator should stand before this string");
  }

  Result<NodePtr> Column() {
    NodePtr node = MakeNode(NodeKind::kColumn, Peek().offset);
    bool bare = true;
    do {
      const Token& token = Peek();
      if (token.kind != TokenKind::kWord && token.kind != TokenKind::kQuotedWord) {
        return Fail(token.offset, "a field's name should follow the dot");
      }
      bare = bare && token.kind == TokenKind::kWord;
      node->path.push_back(Take().value);
    } while (TakeSymbol("."));
    node->dotted = bare && node->path.size() > 1;
    if (node->path.size() > static_cast<size_t>(max_depth_)) return TooDeep(node->offset);
    return node;
  }

  Result<NodePtr> Infix(NodePtr left, int precedence) {
    const Token& token = Peek();
    if (precedence <= kOrPrecedence && token.IsKeyword("or")) {
      return Chain(std::move(left), NodeKind::kOr, "or", kAndPrecedence);
    }
    if (precedence <= kAndPrecedence && token.IsKeyword("and")) {
      return Chain(std::move(left), NodeKind::kAnd, "and", kNotPrecedence);
    }
    if (precedence <= kPredicatePrecedence) {
      for (const auto& [symbol, function] : kComparisons) {
        if (!token.IsSymbol(symbol)) continue;
        return Binary(std::move(left), NodeKind::kCompare, std::string(function), kSumPrecedence);
      }
      if (token.kind == TokenKind::kWord) return Predicate(std::move(left));
    }
    if (precedence <= kSumPrecedence && (token.IsSymbol("+") || token.IsSymbol("-"))) {
      return Binary(std::move(left), NodeKind::kArithmetic, token.value, kProductPrecedence);
    }
    if (precedence <= kProductPrecedence &&
        (token.IsSymbol("*") || token.IsSymbol("/") || token.IsSymbol("%"))) {
      return Binary(std::move(left), NodeKind::kArithmetic, token.value, kUnaryPrecedence);
    }
    return left;
  }

  /// One node for all operands, so that a long chain is not deep.
  Result<NodePtr> Chain(NodePtr left, NodeKind kind, std::string_view keyword, int precedence) {
    NodePtr node = MakeNode(kind, Peek().offset);
    Adopt(node, std::move(left));
    while (TakeKeyword(keyword)) {
      ARROW_ASSIGN_OR_RAISE(NodePtr right, Expression(precedence));
      Adopt(node, std::move(right));
    }
    return node;
  }

  Result<NodePtr> Binary(NodePtr left, NodeKind kind, std::string op, int precedence) {
    NodePtr node = MakeNode(kind, Take().offset);
    node->op = std::move(op);
    Adopt(node, std::move(left));
    ARROW_ASSIGN_OR_RAISE(NodePtr right, Expression(precedence));
    Adopt(node, std::move(right));
    return node;
  }

  /// What follows an operand as a word: is, in, like, between, or `not` and one of the last three.
  Result<NodePtr> Predicate(NodePtr left) {
    const size_t offset = Peek().offset;
    if (TakeKeyword("is")) return Is(std::move(left), offset);
    const bool negated = Peek().IsKeyword("not");
    const Token& word = Peek(negated ? 1 : 0);
    Result<NodePtr> (FilterParser::*rest)(NodePtr) = nullptr;
    if (word.IsKeyword("in")) rest = &FilterParser::In;
    if (word.IsKeyword("like")) rest = &FilterParser::Like;
    if (word.IsKeyword("between")) rest = &FilterParser::Between;
    if (rest == nullptr) {
      if (!negated) return left;
      return Fail(word.offset, "'in', 'like' or 'between' should follow 'not' here");
    }
    if (negated) Take();
    Take();
    ARROW_ASSIGN_OR_RAISE(NodePtr node, (this->*rest)(std::move(left)));
    node->offset = offset;
    return negated ? Negated(std::move(node)) : std::move(node);
  }

  Result<NodePtr> Is(NodePtr left, size_t offset) {
    const bool negated = TakeKeyword("not");
    NodePtr node = MakeNode(NodeKind::kIsNull, offset);
    Adopt(node, std::move(left));
    if (TakeKeyword("null")) return negated ? Negated(std::move(node)) : std::move(node);
    // `is true` reads null as false; `is false` is the negation of reading null as true.
    node->kind = NodeKind::kIsTrue;
    const bool is_true = TakeKeyword("true");
    ARROW_RETURN_NOT_OK(Expect(is_true || TakeKeyword("false"), "'null', 'true' or 'false'"));
    node->null_as = !is_true;
    return negated == is_true ? Negated(std::move(node)) : std::move(node);
  }

  Result<NodePtr> Between(NodePtr left) {
    NodePtr node = MakeNode(NodeKind::kBetween);
    Adopt(node, std::move(left));
    ARROW_ASSIGN_OR_RAISE(NodePtr low, Expression(kSumPrecedence));
    ARROW_RETURN_NOT_OK(Expect(TakeKeyword("and"), "'and'"));
    ARROW_ASSIGN_OR_RAISE(NodePtr high, Expression(kSumPrecedence));
    Adopt(node, std::move(low));
    Adopt(node, std::move(high));
    return node;
  }

  Result<NodePtr> In(NodePtr left) {
    NodePtr node = MakeNode(NodeKind::kIn);
    Adopt(node, std::move(left));
    ARROW_RETURN_NOT_OK(Expect(TakeSymbol("("), "'('"));
    do {
      const size_t offset = Peek().offset;
      if (static_cast<int64_t>(node->items.size()) == kMaxListItems) {
        return ErrorAt(input_, ErrorCode::kTooLarge, offset,
                       fmt::format("a list has at most {} items", kMaxListItems));
      }
      ARROW_ASSIGN_OR_RAISE(NodePtr item, Prefix());
      if (item->kind != NodeKind::kLiteral) {
        return Fail(offset, "a list takes values, not columns or calculations");
      }
      node->items.push_back(std::move(item->literal));
      node->item_offsets.push_back(offset);
    } while (TakeSymbol(","));
    ARROW_RETURN_NOT_OK(Expect(TakeSymbol(")"), "',' or ')'"));
    return node;
  }

  Result<NodePtr> Like(NodePtr left) {
    NodePtr node = MakeNode(NodeKind::kLike);
    Adopt(node, std::move(left));
    const size_t offset = Peek().offset;
    if (TakeKeyword("null")) {
      node->literal = arrow::MakeNullScalar(arrow::null());
      return node;
    }
    ARROW_RETURN_NOT_OK(Expect(Peek().kind == TokenKind::kString, "a pattern in single quotes"));
    const std::string pattern = Take().value;
    std::string escape;
    if (TakeKeyword("escape")) {
      const bool one = Peek().kind == TokenKind::kString && IsOneCharacter(Peek().value);
      ARROW_RETURN_NOT_OK(Expect(one, "one character in single quotes"));
      escape = Take().value;
    }
    const auto parsed = LikePattern::FromSql(pattern, escape);
    if (!parsed) {
      return Fail(offset, "in a pattern only %, _ and the escape character itself are escaped");
    }
    node->literal = arrow::MakeScalar(parsed->ArrowText());
    return node;
  }

  static bool IsOneCharacter(std::string_view text) {
    if (text.empty()) return false;
    size_t characters = 0;
    for (const char c : text) characters += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
    return characters == 1;
  }

  const InputText& input_;
  std::vector<Token> tokens_;
  const int max_depth_;
  size_t at_ = 0;
  int nesting_ = 0;  // calls of Expression(): one for a bracket, one for an operator
};

}  // namespace

Result<NodePtr> ParseNodes(const InputText& input, int max_depth) {
  ARROW_ASSIGN_OR_RAISE(auto tokens, Tokenize(input));
  return FilterParser(input, std::move(tokens), max_depth).Run();
}

}  // namespace headrace::expr
