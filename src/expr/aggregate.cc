#include "expr/aggregate.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <unordered_set>
#include <utility>

#include <arrow/type.h>
#include <arrow/util/checked_cast.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "expr/column_ref.h"
#include "expr/input_text.h"
#include "expr/node.h"
#include "expr/token.h"
#include "headrace/names.h"

namespace headrace::expr {
namespace {

using enum AggregateKind;

enum class Takes : uint8_t { kAnything, kOrdered, kNumbers };

struct Function {
  std::string_view name;
  AggregateKind kind;
  Takes takes;
};
// The first name of a kind is the canonical one.
constexpr std::array<Function, 15> kFunctions = {{
    {"count", kCount, Takes::kAnything},
    {"count_distinct", kCountDistinct, Takes::kOrdered},
    {"sum", kSum, Takes::kNumbers},
    {"mean", kMean, Takes::kNumbers},
    {"avg", kMean, Takes::kNumbers},
    {"var", kVar, Takes::kNumbers},
    {"variance", kVar, Takes::kNumbers},
    {"std", kStd, Takes::kNumbers},
    {"stddev", kStd, Takes::kNumbers},
    {"min", kMin, Takes::kOrdered},
    {"max", kMax, Takes::kOrdered},
    {"median", kMedian, Takes::kNumbers},
    {"quantile", kQuantile, Takes::kNumbers},
    {"first", kFirst, Takes::kAnything},
    {"last", kLast, Takes::kAnything},
}};

std::string_view NameOf(AggregateKind kind) {
  return std::find_if(kFunctions.begin(), kFunctions.end(),
                      [&](const Function& function) { return function.kind == kind; })
      ->name;
}

bool Fits(Takes takes, const arrow::DataType& type) {
  if (type.id() == arrow::Type::DICTIONARY) {
    return Fits(takes,
                *arrow::internal::checked_cast<const arrow::DictionaryType&>(type).value_type());
  }
  const Family family = FamilyOf(type);
  const bool number = IsNumber(family) || type.id() == arrow::Type::HALF_FLOAT;
  if (takes == Takes::kNumbers) return number;
  return takes == Takes::kAnything || number ||
         (family != Family::kOther && family != Family::kNull);
}

class AggregateParser {
 public:
  AggregateParser(const InputText& input, const arrow::Schema& schema, std::vector<Token> tokens)
      : input_(input), schema_(schema), tokens_(std::move(tokens)) {}

  Result<std::vector<Aggregate>> Run() {
    std::vector<Aggregate> list;
    std::unordered_set<std::string> names;
    do {
      const size_t offset = Peek().offset;
      if (static_cast<int64_t>(list.size()) == kMaxAggregates) {
        return ErrorAt(input_, ErrorCode::kTooLarge, offset,
                       fmt::format("there can be {} aggregates at most", kMaxAggregates));
      }
      ARROW_ASSIGN_OR_RAISE(Aggregate aggregate, One());
      if (!names.insert(aggregate.name).second) {
        return Fail(offset, fmt::format("two aggregates are called '{}': name one with 'as'",
                                        aggregate.name));
      }
      list.push_back(std::move(aggregate));
    } while (TakeSymbol(","));
    if (Peek().kind != TokenKind::kEnd) return Fail(Peek().offset, "',' should stand here");
    return list;
  }

 private:
  const Token& Peek() const { return tokens_[at_]; }
  Token& Take() { return tokens_[at_ + 1 < tokens_.size() ? at_++ : at_]; }
  bool TakeSymbol(std::string_view symbol) {
    const bool found = Peek().IsSymbol(symbol);
    if (found) Take();
    return found;
  }
  Status Expect(bool taken, std::string_view what) const {
    return taken ? Status::OK() : Fail(Peek().offset, fmt::format("{} should stand here", what));
  }
  Status Fail(size_t offset, std::string message) const {
    return ErrorAt(input_, ErrorCode::kInvalidArgument, offset, std::move(message));
  }

  Result<Aggregate> One() {
    ARROW_ASSIGN_OR_RAISE(const Function* function, FunctionName());
    Aggregate aggregate{.kind = function->kind};
    ARROW_RETURN_NOT_OK(Expect(TakeSymbol("("), "'('"));
    if (function->kind == kCount && TakeSymbol("*")) {
      aggregate.name = "count(*)";
    } else {
      ARROW_RETURN_NOT_OK(Column(*function, &aggregate));
    }
    ARROW_RETURN_NOT_OK(Expect(TakeSymbol(")"), "')'"));
    if (Peek().IsKeyword("as")) {
      Take();
      const bool name = Peek().kind == TokenKind::kWord || Peek().kind == TokenKind::kQuotedWord;
      ARROW_RETURN_NOT_OK(Expect(name && !Peek().value.empty(), "a name"));
      aggregate.name = Take().value;
    }
    return aggregate;
  }

  Result<const Function*> FunctionName() {
    const Token& token = Peek();
    ARROW_RETURN_NOT_OK(Expect(token.kind == TokenKind::kWord, "an aggregate like mean(column)"));
    for (const Function& function : kFunctions) {
      if (!token.IsKeyword(function.name)) continue;
      Take();
      return &function;
    }
    std::vector<std::string> names;
    for (const Function& function : kFunctions) names.emplace_back(function.name);
    const std::string_view nearest = NearestName(token.value, names);
    return ErrorAt(input_, ErrorCode::kUnknownName, token.offset,
                   nearest.empty() ? fmt::format("'{}' is no aggregate; there are {}",
                                                 token.value.substr(0, 128), fmt::join(names, ", "))
                                   : fmt::format("'{}' is no aggregate; did you mean '{}'?",
                                                 token.value, nearest));
  }

  Status Column(const Function& function, Aggregate* aggregate) {
    const size_t offset = Peek().offset;
    std::string name;
    bool quoted = false;
    do {
      const Token& token = Peek();
      quoted = token.kind == TokenKind::kQuotedWord;
      ARROW_RETURN_NOT_OK(Expect(quoted || token.kind == TokenKind::kWord, "a column"));
      name += (name.empty() ? "" : ".") + Take().value;
    } while (!quoted && TakeSymbol("."));
    ARROW_ASSIGN_OR_RAISE(const Typed column,
                          ResolveColumn(input_, schema_, {name}, false, offset));
    if (!Fits(function.takes, *column.type)) {
      return ErrorAt(input_, ErrorCode::kTypeMismatch, offset,
                     fmt::format("there is no {} of {}", function.name, column.type->ToString()));
    }
    std::string parameter;
    if (function.kind == kQuantile) {
      ARROW_RETURN_NOT_OK(Expect(TakeSymbol(","), "', ' and a number from 0 to 1"));
      ARROW_RETURN_NOT_OK(Quantile(&aggregate->parameter));
      parameter = fmt::format(", {}", aggregate->parameter);
    }
    aggregate->column = name;
    aggregate->name = fmt::format("{}({}{})", NameOf(function.kind), QuotedName(name), parameter);
    return Status::OK();
  }

  Status Quantile(double* value) {
    const Token& token = Peek();
    const std::string& text = token.value;
    const bool number =
        token.kind == TokenKind::kNumber &&
        std::from_chars(text.data(), text.data() + text.size(), *value).ec == std::errc() &&
        *value >= 0 && *value <= 1;
    ARROW_RETURN_NOT_OK(Expect(number, "a number from 0 to 1"));
    Take();
    return Status::OK();
  }

  const InputText& input_;
  const arrow::Schema& schema_;
  std::vector<Token> tokens_;
  size_t at_ = 0;
};

}  // namespace

Result<std::vector<Aggregate>> ParseAggregates(std::string_view text, const arrow::Schema& schema) {
  const InputText input{.what = "agg", .text = text};
  ARROW_RETURN_NOT_OK(CheckText(input, kMaxTextBytes));
  ARROW_ASSIGN_OR_RAISE(auto tokens, Tokenize(input));
  return AggregateParser(input, schema, std::move(tokens)).Run();
}

}  // namespace headrace::expr
