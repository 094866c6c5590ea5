#include "expr/order.h"

#include <algorithm>
#include <utility>

#include <arrow/type.h>
#include <fmt/format.h>

#include "expr/input_text.h"
#include "expr/token.h"

namespace headrace::expr {
namespace {

constexpr size_t kMaxOrderBytes = size_t{64} << 10;

class OrderParser {
 public:
  OrderParser(const InputText& input, const arrow::Schema& schema, std::vector<Token> tokens)
      : input_(input), schema_(schema), tokens_(std::move(tokens)) {}

  Result<std::vector<OrderKey>> Run() {
    std::vector<OrderKey> keys;
    do {
      const size_t offset = Peek().offset;
      ARROW_ASSIGN_OR_RAISE(OrderKey key, One());
      const auto same = [&](const OrderKey& known) { return known.column == key.column; };
      if (std::any_of(keys.begin(), keys.end(), same)) {
        return Fail(offset, fmt::format("rows are already ordered by '{}'", key.column));
      }
      keys.push_back(std::move(key));
    } while (TakeSymbol(","));
    if (Peek().kind != TokenKind::kEnd) return Fail(Peek().offset, "',' should stand here");
    return keys;
  }

 private:
  const Token& Peek() const { return tokens_[at_]; }
  const Token& Take() { return tokens_[at_ + 1 < tokens_.size() ? at_++ : at_]; }
  bool TakeSymbol(std::string_view symbol) {
    const bool found = Peek().IsSymbol(symbol);
    if (found) Take();
    return found;
  }
  bool TakeKeyword(std::string_view keyword) {
    const bool found = Peek().IsKeyword(keyword);
    if (found) Take();
    return found;
  }
  Status Fail(size_t offset, std::string message) const {
    return ErrorAt(input_, ErrorCode::kInvalidArgument, offset, std::move(message));
  }

  Result<OrderKey> One() {
    OrderKey key;
    const size_t begin = Peek().offset;
    const bool minus = TakeSymbol("-");
    const Token name = Take();
    const bool reserved = name.kind == TokenKind::kWord && IsReserved(name.value);
    if ((name.kind != TokenKind::kWord && name.kind != TokenKind::kQuotedWord) || reserved) {
      return Fail(name.offset, "a column should stand here, like fare or -fare");
    }
    ARROW_RETURN_NOT_OK(CheckColumn(name));
    key.column = name.value;
    const bool desc = TakeKeyword("desc");
    if (desc && minus) return Fail(begin, "'-' and 'desc' say the same: give one of them");
    if (!desc && TakeKeyword("asc") && minus) return Fail(begin, "'-' and 'asc' contradict");
    key.descending = minus || desc;
    return key;
  }

  Status CheckColumn(const Token& name) const {
    const auto found = schema_.GetAllFieldIndices(name.value);
    if (found.size() == 1) return Status::OK();
    if (found.empty()) {
      return UnknownColumn(input_, name.offset, name.value, schema_.field_names());
    }
    return Fail(name.offset, fmt::format("{} columns are called '{}'", found.size(), name.value));
  }

  const InputText& input_;
  const arrow::Schema& schema_;
  const std::vector<Token> tokens_;
  size_t at_ = 0;
};

}  // namespace

Result<std::vector<OrderKey>> ParseOrder(std::string_view text, const arrow::Schema& schema) {
  const InputText input{"order_by", text};
  ARROW_RETURN_NOT_OK(CheckText(input, kMaxOrderBytes));
  ARROW_ASSIGN_OR_RAISE(auto tokens, Tokenize(input));
  return OrderParser(input, schema, std::move(tokens)).Run();
}

}  // namespace headrace::expr
