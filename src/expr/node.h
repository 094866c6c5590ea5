#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <arrow/compute/expression.h>

#include "expr/input_text.h"

namespace headrace::expr {

/// Bounds on a filter, whatever it was made from.
constexpr size_t kMaxTextBytes = 64 << 10;
constexpr int kMaxDepth = 200;
constexpr int64_t kMaxListItems = 100'000;

enum class NodeKind : uint8_t {
  kColumn,
  kLiteral,
  kNot,
  kAnd,  ///< two or more
  kOr,   ///< two or more
  kNegate,
  kArithmetic,
  kCompare,
  kBetween,  ///< value, low, high
  kIn,       ///< value; `items`
  kLike,
  kIsNull,
  kIsTrue,  ///< null becomes `null_as`
  kForeign  ///< a call that is not of the language, from an expression built elsewhere
};

/// A filter before its types are known: what the parser makes of text, and what Unbind() makes of
/// an expression.
struct Node {
  NodeKind kind = NodeKind::kLiteral;
  size_t offset = kNoOffset;
  int depth = 1;
  std::vector<Node> children;

  std::vector<std::string> path;           ///< kColumn: a column, or the way to a nested field
  bool dotted = false;                     ///< kColumn: `a.b` bare, so perhaps one column's name
  std::shared_ptr<arrow::Scalar> literal;  ///< kLiteral, kLike (the pattern, in Arrow's escapes)
  std::string op;  ///< kArithmetic: + - * / %; kCompare: Arrow's function ("less")
  std::vector<std::shared_ptr<arrow::Scalar>> items;  ///< kIn: normalized
  std::vector<size_t> item_offsets;                   ///< kIn: of each item, or empty
  bool null_as = false;                               ///< kIsTrue
  arrow::compute::Expression::Call foreign;           ///< kForeign, without its arguments
};

/// On the heap, so that what recurses over nodes needs little of the stack.
using NodePtr = std::unique_ptr<Node>;

inline NodePtr MakeNode(NodeKind kind, size_t offset = kNoOffset) {
  auto node = std::make_unique<Node>();
  node->kind = kind;
  node->offset = offset;
  return node;
}

/// Appends a child and keeps the depth.
inline void Adopt(const NodePtr& parent, NodePtr child) {
  if (child->depth >= parent->depth) parent->depth = child->depth + 1;
  parent->children.push_back(std::move(*child));
}

inline NodePtr Negated(NodePtr node) {
  NodePtr negation = MakeNode(NodeKind::kNot, node->offset);
  Adopt(negation, std::move(node));
  return negation;
}

}  // namespace headrace::expr
