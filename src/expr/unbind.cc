#include "expr/unbind.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include <arrow/array.h>
#include <arrow/chunked_array.h>
#include <arrow/compute/api_scalar.h>
#include <arrow/scalar.h>
#include <arrow/type.h>
#include <arrow/util/checked_cast.h>
#include <fmt/format.h>

#include "expr/column_ref.h"
#include "expr/like_pattern.h"
#include "expr/literal.h"

namespace headrace::expr {
namespace {

namespace cp = arrow::compute;
using arrow::internal::checked_cast;
using Expression = cp::Expression;

// Casts and guards stand between two levels of the language.
constexpr int kMaxExpressionDepth = 3 * kMaxDepth;

constexpr std::array<std::string_view, 6> kComparisons = {
    "equal", "not_equal", "less", "less_equal", "greater", "greater_equal"};
struct Operator {
  std::string_view function;
  std::string_view op;
};
constexpr std::array<Operator, 8> kOperators = {{{"add", "+"},
                                                 {"add_checked", "+"},
                                                 {"subtract", "-"},
                                                 {"subtract_checked", "-"},
                                                 {"multiply", "*"},
                                                 {"multiply_checked", "*"},
                                                 {"divide", "/"},
                                                 {"remainder", "%"}}};

std::string_view OperatorOf(std::string_view function) {
  for (const auto& [name, op] : kOperators) {
    if (name == function) return op;
  }
  return "";
}

class Unbinder {
 public:
  Unbinder(const InputText& input, const UnbindOptions& options)
      : input_(input), options_(options) {}

  Result<NodePtr> Run(const Expression& expression, int depth) {
    if (depth > kMaxExpressionDepth) {
      return ErrorAt(input_, ErrorCode::kTooLarge, kNoOffset,
                     fmt::format("the expression is nested too deeply: at most {} levels",
                                 kMaxExpressionDepth));
    }
    if (const auto* ref = expression.field_ref()) return Column(*ref);
    if (const auto* datum = expression.literal()) return Literal(*datum);
    if (const auto* call = expression.call()) return Call(expression, *call, depth + 1);
    return ErrorAt(input_, ErrorCode::kInvalidArgument, kNoOffset, "the expression is empty");
  }

 private:
  Result<NodePtr> Column(const arrow::FieldRef& ref) {
    NodePtr node = MakeNode(NodeKind::kColumn);
    node->path = options_.schema != nullptr ? PathOf(ref, *options_.schema) : PathOf(ref);
    if (!node->path.empty()) return node;
    return ErrorAt(input_, ErrorCode::kUnknownName, kNoOffset,
                   fmt::format("no column is at {}", ref.ToString()));
  }

  Result<NodePtr> Literal(const arrow::Datum& datum) {
    if (!datum.is_scalar()) {
      return ErrorAt(input_, ErrorCode::kInvalidArgument, kNoOffset,
                     "a literal of the expression is an array: give a single value");
    }
    NodePtr node = MakeNode(NodeKind::kLiteral);
    ARROW_ASSIGN_OR_RAISE(node->literal, Plain(datum.scalar()));
    return node;
  }

  /// For text a float stays one: 0.1 is not to become 0.10000000149011612.
  Result<std::shared_ptr<arrow::Scalar>> Plain(std::shared_ptr<arrow::Scalar> scalar) const {
    if (options_.drop_implied && scalar->type->id() == arrow::Type::FLOAT) return scalar;
    return NormalizeLiteral(std::move(scalar));
  }

  Result<NodePtr> Call(const Expression& expression, const Expression::Call& call, int depth) {
    const std::string& name = call.function_name;
    const auto with = [&](NodeKind kind) { return WithArguments(MakeNode(kind), call, depth); };
    if (name == "and_kleene" || name == "or_kleene") return Chain(expression, name, depth);
    if (name == "invert") return with(NodeKind::kNot);
    if (name == "is_valid") {
      ARROW_ASSIGN_OR_RAISE(NodePtr is_null, with(NodeKind::kIsNull));
      return Negated(std::move(is_null));
    }
    if (name == "is_null" && !NanIsNull(call)) return with(NodeKind::kIsNull);
    if (std::find(kComparisons.begin(), kComparisons.end(), name) != kComparisons.end()) {
      NodePtr node = MakeNode(NodeKind::kCompare);
      node->op = name;
      return WithArguments(std::move(node), call, depth);
    }
    if (name == "is_in" && call.options != nullptr) return In(call, depth);
    if (const auto like = LikePattern::FromCall(call)) {
      NodePtr node = MakeNode(NodeKind::kLike);
      node->literal = arrow::MakeScalar(like->ArrowText());
      return WithArguments(std::move(node), call, depth);
    }
    if (name == "coalesce" && call.arguments.size() == 2) {
      const auto* instead = call.arguments[1].literal();
      if (instead != nullptr && instead->is_scalar() &&
          instead->type()->id() == arrow::Type::BOOL && instead->scalar()->is_valid) {
        NodePtr node = MakeNode(NodeKind::kIsTrue);
        node->null_as = checked_cast<const arrow::BooleanScalar&>(*instead->scalar()).value;
        ARROW_ASSIGN_OR_RAISE(NodePtr value, Run(call.arguments[0], depth));
        Adopt(node, std::move(value));
        return node;
      }
    }
    if (options_.drop_implied) return Implied(call, depth);
    return Foreign(call, depth);
  }

  /// What the binder makes of arithmetic. Arithmetic that was built elsewhere stays as it is:
  /// Arrow's integers wrap and divide otherwise than the language's.
  Result<NodePtr> Implied(const Expression::Call& call, int depth) {
    const std::string& name = call.function_name;
    if (name == "cast") return Run(call.arguments[0], depth);
    if (name == "if_else" && call.arguments.size() == 3) return Run(call.arguments[2], depth);
    if (name == "negate" || name == "negate_checked") {
      return WithArguments(MakeNode(NodeKind::kNegate), call, depth);
    }
    if (const std::string_view op = OperatorOf(name); !op.empty()) {
      NodePtr node = MakeNode(NodeKind::kArithmetic);
      node->op = op;
      return WithArguments(std::move(node), call, depth);
    }
    return ErrorAt(input_, ErrorCode::kNotImplemented, kNoOffset,
                   fmt::format("filters have no words for {}", name));
  }

  Result<NodePtr> Foreign(const Expression::Call& call, int depth) {
    NodePtr node = MakeNode(NodeKind::kForeign);
    node->foreign.function_name = call.function_name;
    node->foreign.options = call.options;
    for (const Expression& argument : call.arguments) {
      const auto* literal = argument.literal();
      if (literal != nullptr && literal->is_scalar()) {  // in the type that the function is given
        NodePtr raw = MakeNode(NodeKind::kLiteral);
        raw->literal = literal->scalar();
        Adopt(node, std::move(raw));
        continue;
      }
      ARROW_ASSIGN_OR_RAISE(NodePtr child, Run(argument, depth));
      Adopt(node, std::move(child));
    }
    return node;
  }

  Result<NodePtr> WithArguments(NodePtr node, const Expression::Call& call, int depth) {
    const bool binary = node->kind == NodeKind::kCompare || node->kind == NodeKind::kArithmetic;
    if (call.arguments.size() != (binary ? 2u : 1u)) {
      return ErrorAt(
          input_, ErrorCode::kInvalidArgument, kNoOffset,
          fmt::format("{} does not take {} arguments", call.function_name, call.arguments.size()));
    }
    for (const Expression& argument : call.arguments) {
      ARROW_ASSIGN_OR_RAISE(NodePtr child, Run(argument, depth));
      Adopt(node, std::move(child));
    }
    return node;
  }

  Result<NodePtr> Chain(const Expression& expression, const std::string& function, int depth) {
    NodePtr node = MakeNode(function == "or_kleene" ? NodeKind::kOr : NodeKind::kAnd);
    ARROW_RETURN_NOT_OK(AppendTerms(expression, function, depth, node));
    return node;
  }

  /// With a stack of its own: a chain that was built elsewhere may be as deep as it is long.
  Status AppendTerms(const Expression& expression, const std::string& function, int depth,
                     const NodePtr& node) {
    std::vector<const Expression*> waiting = {&expression};
    while (!waiting.empty()) {
      const Expression* next = waiting.back();
      waiting.pop_back();
      const auto* call = next->call();
      if (call != nullptr && call->function_name == function && call->arguments.size() == 2) {
        waiting.push_back(&call->arguments[1]);
        waiting.push_back(&call->arguments[0]);
        continue;
      }
      if (call != nullptr && call->function_name == function) {
        return ErrorAt(input_, ErrorCode::kInvalidArgument, kNoOffset,
                       fmt::format("{} takes two arguments", function));
      }
      ARROW_ASSIGN_OR_RAISE(NodePtr child, Run(*next, depth));
      Adopt(node, std::move(child));
    }
    return Status::OK();
  }

  static bool NanIsNull(const Expression::Call& call) {
    return call.options != nullptr &&
           checked_cast<const cp::NullOptions&>(*call.options).nan_is_null;
  }

  /// Arrow has four ways with null, the language one; the others are said with `is null`.
  Result<NodePtr> In(const Expression::Call& call, int depth) {
    const auto& options = checked_cast<const cp::SetLookupOptions&>(*call.options);
    NodePtr node = MakeNode(NodeKind::kIn);
    bool null_in_list = false;
    ARROW_RETURN_NOT_OK(AppendItems(options.value_set, node, &null_in_list));
    ARROW_ASSIGN_OR_RAISE(NodePtr value, Run(call.arguments[0], depth));
    NodePtr is_null = MakeNode(NodeKind::kIsNull);
    Adopt(is_null, std::make_unique<Node>(*value));
    Adopt(node, std::move(value));
    const auto behavior = options.GetNullMatchingBehavior();
    if (behavior == cp::SetLookupOptions::INCONCLUSIVE) {
      if (null_in_list) node->items.push_back(arrow::MakeNullScalar(arrow::null()));
      return node;
    }
    if (behavior == cp::SetLookupOptions::EMIT_NULL) return node;
    const bool null_matches = behavior == cp::SetLookupOptions::MATCH && null_in_list;
    NodePtr both = MakeNode(null_matches ? NodeKind::kOr : NodeKind::kAnd);
    Adopt(both, std::move(node));
    Adopt(both, null_matches ? std::move(is_null) : Negated(std::move(is_null)));
    return both;
  }

  Status AppendItems(const arrow::Datum& set, const NodePtr& node, bool* null_in_list) {
    if (set.length() > kMaxListItems + 2) {  // two zeros may have been added
      return ErrorAt(
          input_, ErrorCode::kTooLarge, kNoOffset,
          fmt::format("a list of {} items is too long: at most {}", set.length(), kMaxListItems));
    }
    if (!set.is_array() && !set.is_chunked_array()) {
      return ErrorAt(input_, ErrorCode::kInvalidArgument, kNoOffset, "is_in takes an array");
    }
    for (const auto& chunk : set.chunks()) {
      for (int64_t i = 0; i < chunk->length(); ++i) {
        ARROW_ASSIGN_OR_RAISE(auto item, chunk->GetScalar(i));
        ARROW_ASSIGN_OR_RAISE(item, Plain(std::move(item)));
        if (item->is_valid) {
          node->items.push_back(std::move(item));
        } else {
          *null_in_list = true;
        }
      }
    }
    return Status::OK();
  }

  const InputText& input_;
  const UnbindOptions& options_;
};

}  // namespace

Result<NodePtr> Unbind(const InputText& input, const Expression& expression,
                       const UnbindOptions& options) {
  return Unbinder(input, options).Run(expression, 1);
}

}  // namespace headrace::expr
