#include <map>
#include <utility>

#include <arrow/compute/initialize.h>
#include <arrow/scalar.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include "expr/binder.h"
#include "expr/column_ref.h"
#include "expr/filter.h"
#include "expr/filter_parser.h"
#include "expr/like_pattern.h"
#include "expr/literal.h"
#include "expr/token.h"
#include "expr/unbind.h"

namespace headrace::expr {
namespace {

namespace cp = arrow::compute;

const InputText kInput{.what = "filter"};

std::string SymbolOf(const std::string& function) {
  if (function == "equal") return "=";
  if (function == "not_equal") return "<>";
  if (function == "less") return "<";
  if (function == "less_equal") return "<=";
  return function == "greater" ? ">" : ">=";
}

int PrecedenceOf(const Node& node) {
  switch (node.kind) {
    case NodeKind::kOr: return 1;
    case NodeKind::kAnd: return 2;
    case NodeKind::kNot:
      switch (node.children[0].kind) {  // written as a predicate: `x not in (1)`
        case NodeKind::kIn:
        case NodeKind::kLike:
        case NodeKind::kIsNull:
        case NodeKind::kIsTrue: return 4;
        default: return 3;
      }
    case NodeKind::kCompare:
    case NodeKind::kIn:
    case NodeKind::kLike:
    case NodeKind::kIsNull:
    case NodeKind::kIsTrue: return 4;
    case NodeKind::kArithmetic: return node.op == "+" || node.op == "-" ? 5 : 6;
    case NodeKind::kNegate: return 7;
    default: return 8;
  }
}

class Writer {
 public:
  Status Write(const Node& node) {
    switch (node.kind) {
      case NodeKind::kColumn: return Column(node);
      case NodeKind::kLiteral: return Literal(node, /*typed=*/false);
      case NodeKind::kNot: return Not(node);
      case NodeKind::kNegate: return Prefixed("- ", node);
      case NodeKind::kAnd: return Joined(" and ", node);
      case NodeKind::kOr: return Joined(" or ", node);
      case NodeKind::kArithmetic: return Joined(" " + node.op + " ", node);
      case NodeKind::kCompare: return Joined(" " + SymbolOf(node.op) + " ", node);
      case NodeKind::kIsNull: return Postfixed(node, " is null");
      case NodeKind::kIsTrue: return IsTrue(node);
      case NodeKind::kIn: return In(node, "");
      case NodeKind::kLike: return Like(node, "");
      default: break;
    }
    return MakeError(ErrorCode::kInternal, "a node has no text");
  }

  std::string text;

 private:
  /// In brackets if it binds less tight than its place asks for.
  Status Operand(const Node& node, int precedence, bool typed = false) {
    const bool brackets = PrecedenceOf(node) < precedence;
    if (brackets) text += "(";
    ARROW_RETURN_NOT_OK(node.kind == NodeKind::kLiteral ? Literal(node, typed) : Write(node));
    if (brackets) text += ")";
    return Status::OK();
  }

  Status Column(const Node& node) {
    // Quoted, the parts of a path are never taken for one name with dots.
    for (size_t i = 0; i < node.path.size(); ++i) {
      if (i > 0) text += ".";
      const std::string bare = QuotedName(node.path[i]);
      text += node.path.size() > 1 && bare[0] != '"' ? '"' + bare + '"' : bare;
    }
    return Status::OK();
  }

  Status Literal(const Node& node, bool typed) {
    ARROW_ASSIGN_OR_RAISE(const std::string literal, LiteralText(node.literal, typed));
    text += literal;
    return Status::OK();
  }

  Status Prefixed(std::string_view prefix, const Node& node) {
    text += prefix;
    const Node& operand = node.children[0];
    // A minus before a number would be read as part of it.
    const bool number = node.kind == NodeKind::kNegate && operand.kind == NodeKind::kLiteral;
    return Operand(operand, number ? 9 : PrecedenceOf(node), /*typed=*/true);
  }

  Status Not(const Node& node) {
    const Node& operand = node.children[0];
    switch (operand.kind) {
      case NodeKind::kIn: return In(operand, "not ");
      case NodeKind::kLike: return Like(operand, "not ");
      case NodeKind::kIsNull: return Postfixed(operand, " is not null");
      case NodeKind::kIsTrue:
        return Postfixed(operand, operand.null_as ? " is false" : " is not true");
      default: return Prefixed("not ", node);
    }
  }

  Status Joined(const std::string& between, const Node& node) {
    const bool typed = node.kind == NodeKind::kArithmetic;
    for (size_t i = 0; i < node.children.size(); ++i) {
      if (i > 0) text += between;
      // Operators lean to the left: an equal one on the right goes in brackets.
      const int same = PrecedenceOf(node) + (i > 0 || node.kind == NodeKind::kCompare);
      ARROW_RETURN_NOT_OK(Operand(node.children[i], same, typed));
    }
    return Status::OK();
  }

  Status Postfixed(const Node& node, std::string_view postfix) {
    ARROW_RETURN_NOT_OK(Operand(node.children[0], 5));
    text += postfix;
    return Status::OK();
  }

  Status IsTrue(const Node& node) {
    return Postfixed(node, node.null_as ? " is not false" : " is true");
  }

  Status In(const Node& node, const std::string& negation) {
    ARROW_RETURN_NOT_OK(Postfixed(node, " " + negation + "in ("));
    for (size_t i = 0; i < node.items.size(); ++i) {
      ARROW_ASSIGN_OR_RAISE(const std::string item, LiteralText(node.items[i], false));
      if (i > 0) text += ", ";
      text += item;
    }
    text += ")";
    return Status::OK();
  }

  Status Like(const Node& node, const std::string& negation) {
    const std::string arrow_text(static_cast<const arrow::StringScalar&>(*node.literal).view());
    return Postfixed(node,
                     " " + negation + "like " + LikePattern::FromArrow(arrow_text)->SqlText());
  }
};

/// The fields that a bound filter reads, as a schema to bind its text to.
struct Fields {
  std::shared_ptr<arrow::DataType> type;  // null: a struct of which only `children` are read
  std::map<std::string, Fields> children;
};

void Collect(const cp::Expression& expression, Fields* root) {
  if (const auto* parameter = expression.parameter()) {
    Fields* at = root;
    for (const std::string& name : PathOf(parameter->ref)) at = &at->children[name];
    at->type = parameter->type.GetSharedPtr();
  } else if (const auto* call = expression.call()) {
    for (const cp::Expression& argument : call->arguments) Collect(argument, root);
  }
}

arrow::FieldVector FieldsOf(const Fields& fields) {
  arrow::FieldVector list;
  for (const auto& [name, field] : fields.children) {
    list.push_back(
        arrow::field(name, field.type != nullptr ? field.type : arrow::struct_(FieldsOf(field))));
  }
  return list;
}

}  // namespace

Result<std::string> ToText(const cp::Expression& filter) {
  if (!filter.is_valid() || !filter.IsBound()) {
    return MakeError(ErrorCode::kInvalidArgument, "filter: only a bound expression has a text",
                     {"filter"});
  }
  ARROW_ASSIGN_OR_RAISE(const NodePtr node, Unbind(kInput, filter, {.drop_implied = true}));
  Writer writer;
  ARROW_RETURN_NOT_OK(writer.Write(*node));
  // Casts and guards that the binder would not put in are lost in the text: then it is refused.
  Fields read;
  Collect(filter, &read);
  const InputText input{.what = "filter", .text = writer.text};
  const arrow::Schema schema(FieldsOf(read));
  auto parsed = ParseNodes(input, 2 * kMaxDepth);
  if (parsed.ok()) {
    const auto again = BindNodes(input, **parsed, schema);
    if (again.ok() && again->Equals(filter)) return std::move(writer.text);
  }
  return MakeError(ErrorCode::kNotImplemented,
                   fmt::format("filter: the language cannot say {}", filter.ToString()),
                   {"filter"});
}

}  // namespace headrace::expr
