#include "expr/binder.h"

#include <utility>

#include <arrow/scalar.h>
#include <arrow/type.h>
#include <arrow/util/checked_cast.h>
#include <fmt/format.h>

#include "expr/arithmetic.h"
#include "expr/column_ref.h"
#include "expr/comparison.h"
#include "expr/like_pattern.h"
#include "expr/literal.h"

namespace headrace::expr {
namespace {

namespace cp = arrow::compute;

/// A tree of depth log n; a chain of thousands would be as deep as it is long.
cp::Expression Balanced(const char* function, const std::vector<cp::Expression>& terms,
                        size_t begin, size_t end) {
  if (end - begin == 1) return terms[begin];
  const size_t middle = begin + (end - begin) / 2;
  return cp::call(
      function, {Balanced(function, terms, begin, middle), Balanced(function, terms, middle, end)});
}

class Binder {
 public:
  Binder(const InputText& input, const arrow::Schema& schema) : input_(input), schema_(schema) {}

  Result<Typed> Bind(const Node& node) {
    switch (node.kind) {
      case NodeKind::kColumn:
        return ResolveColumn(input_, schema_, node.path, node.dotted, node.offset);
      case NodeKind::kLiteral: return LiteralOf(node.literal, node.offset);
      case NodeKind::kNot: return Not(node);
      case NodeKind::kAnd:
      case NodeKind::kOr:
      case NodeKind::kBetween: return Chain(node);
      case NodeKind::kNegate: {
        ARROW_ASSIGN_OR_RAISE(Typed value, Bind(node.children[0]));
        return Negate(input_, std::move(value), node.offset);
      }
      case NodeKind::kArithmetic:
      case NodeKind::kCompare: return Binary(node);
      case NodeKind::kIn: {
        ARROW_ASSIGN_OR_RAISE(Typed value, Bind(node.children[0]));
        return IsIn(input_, std::move(value), node.items, node.item_offsets, node.offset);
      }
      case NodeKind::kLike: return Like(node);
      case NodeKind::kIsNull: return IsNull(node);
      case NodeKind::kIsTrue: return IsTrue(node);
      case NodeKind::kForeign: return Foreign(node);
    }
    return MakeError(ErrorCode::kInternal, "a filter has a node of no kind");
  }

  /// A boolean: what `and`, `or`, `not` and the filter as a whole take.
  Result<Typed> Boolean(const Node& node) {
    ARROW_ASSIGN_OR_RAISE(Typed value, Bind(node));
    ARROW_ASSIGN_OR_RAISE(value, Decode(input_, std::move(value)));
    if (value.family() == Family::kNull) return NullBoolean(node.offset);
    if (value.family() == Family::kBool) return value;
    return ErrorAt(
        input_, ErrorCode::kTypeMismatch, node.offset,
        fmt::format("this is {}, and a condition should stand here", value.type->ToString()));
  }

 private:
  Result<Typed> Not(const Node& node) {
    ARROW_ASSIGN_OR_RAISE(Typed value, Boolean(node.children[0]));
    return Call(input_, "invert", {std::move(value)}, arrow::boolean(), node.offset);
  }

  Result<Typed> Binary(const Node& node) {
    ARROW_ASSIGN_OR_RAISE(Typed left, Bind(node.children[0]));
    ARROW_ASSIGN_OR_RAISE(Typed right, Bind(node.children[1]));
    return node.kind == NodeKind::kCompare
               ? Compare(input_, node.op, std::move(left), std::move(right), node.offset)
               : Arithmetic(input_, node.op, std::move(left), std::move(right), node.offset);
  }

  Result<Typed> Chain(const Node& node) {
    const NodeKind kind = node.kind == NodeKind::kOr ? NodeKind::kOr : NodeKind::kAnd;
    std::vector<cp::Expression> terms;
    ARROW_RETURN_NOT_OK(AppendTerms(node, kind, &terms));
    const char* function = kind == NodeKind::kOr ? "or_kleene" : "and_kleene";
    return Typed{Balanced(function, terms, 0, terms.size()), arrow::boolean(), node.offset};
  }

  Status AppendTerms(const Node& node, NodeKind kind, std::vector<cp::Expression>* terms) {
    if (node.kind == kind) {
      for (const Node& child : node.children) {
        ARROW_RETURN_NOT_OK(AppendTerms(child, kind, terms));
      }
      return Status::OK();
    }
    if (node.kind == NodeKind::kBetween && kind == NodeKind::kAnd) {
      ARROW_ASSIGN_OR_RAISE(Typed value, Bind(node.children[0]));
      for (const size_t bound : {1, 2}) {
        ARROW_ASSIGN_OR_RAISE(Typed limit, Bind(node.children[bound]));
        ARROW_ASSIGN_OR_RAISE(Typed term,
                              Compare(input_, bound == 1 ? "greater_equal" : "less_equal", value,
                                      std::move(limit), node.offset));
        terms->push_back(std::move(term.expr));
      }
      return Status::OK();
    }
    ARROW_ASSIGN_OR_RAISE(Typed term, Boolean(node));
    terms->push_back(std::move(term.expr));
    return Status::OK();
  }

  Result<Typed> Like(const Node& node) {
    ARROW_ASSIGN_OR_RAISE(Typed value, Bind(node.children[0]));
    ARROW_ASSIGN_OR_RAISE(value, Decode(input_, std::move(value)));
    const Family family = value.family();
    if (family == Family::kNull) return NullBoolean(node.offset);
    if (family != Family::kText && family != Family::kBytes) {
      return ErrorAt(input_, ErrorCode::kTypeMismatch, node.offset,
                     fmt::format("'like' is for strings, not for {}", value.type->ToString()));
    }
    if (!node.literal->is_valid) return NullBoolean(node.offset);
    switch (value.type->id()) {
      case arrow::Type::STRING_VIEW: value = CastTo(std::move(value), arrow::large_utf8()); break;
      case arrow::Type::BINARY_VIEW:
      case arrow::Type::FIXED_SIZE_BINARY:
        value = CastTo(std::move(value), arrow::large_binary());
        break;
      default: break;
    }
    const auto& pattern =
        arrow::internal::checked_cast<const arrow::StringScalar&>(*node.literal).view();
    const auto like = LikePattern::FromArrow(pattern);
    if (!like) {
      return ErrorAt(input_, ErrorCode::kInvalidArgument, node.offset,
                     "a pattern ends with its escape character");
    }
    const cp::Expression match = like->Match(value.expr);
    Typed result{match, arrow::boolean(), node.offset};
    // Bound alone, a pattern that is too much for the regex engine is told with its place.
    const arrow::Schema one({arrow::field("x", value.type)});
    const auto probe = like->Match(cp::field_ref("x")).Bind(one);
    if (!probe.ok()) {
      return ErrorAt(input_, ErrorCode::kInvalidArgument, node.offset,
                     fmt::format("this pattern is refused: {}", probe.status().message()));
    }
    return result;
  }

  Result<Typed> IsNull(const Node& node) {
    ARROW_ASSIGN_OR_RAISE(Typed value, Bind(node.children[0]));
    if (const auto literal = value.literal()) {
      return LiteralOf(arrow::MakeScalar(!literal->is_valid), node.offset);
    }
    return Typed{cp::is_null(std::move(value.expr)), arrow::boolean(), node.offset};
  }

  Result<Typed> IsTrue(const Node& node) {
    ARROW_ASSIGN_OR_RAISE(Typed value, Boolean(node.children[0]));
    Typed instead = LiteralOf(arrow::MakeScalar(node.null_as), node.offset);
    return Call(input_, "coalesce", {std::move(value), std::move(instead)}, arrow::boolean(),
                node.offset);
  }

  Result<Typed> Foreign(const Node& node) {
    cp::Expression::Call call = node.foreign;
    for (const Node& child : node.children) {
      ARROW_ASSIGN_OR_RAISE(Typed argument, Bind(child));
      call.arguments.push_back(std::move(argument.expr));
    }
    cp::Expression built = cp::call(call.function_name, call.arguments, call.options);
    auto bound = built.Bind(schema_);
    if (!bound.ok()) {
      return ErrorAt(input_, CodeOf(bound.status()), node.offset,
                     fmt::format("{}: {}", call.function_name, bound.status().message()));
    }
    if (!bound->IsScalarExpression()) {
      return ErrorAt(input_, ErrorCode::kInvalidArgument, node.offset,
                     fmt::format("{} is not computed row by row", call.function_name));
    }
    return Typed{std::move(built), bound->type()->GetSharedPtr(), node.offset};
  }

  const InputText& input_;
  const arrow::Schema& schema_;
};

}  // namespace

Result<cp::Expression> BindNodes(const InputText& input, const Node& filter,
                                 const arrow::Schema& schema) {
  ARROW_ASSIGN_OR_RAISE(Typed condition, Binder(input, schema).Boolean(filter));
  auto bound = condition.expr.Bind(schema);
  if (bound.ok()) return bound;
  // The language gave every call the types it takes, so that this is a defect, or Arrow's limit.
  return ErrorAt(input, CodeOf(bound.status()), kNoOffset, bound.status().message());
}

}  // namespace headrace::expr
