#include "expr/outcomes.h"

#include <array>
#include <utility>

#include <arrow/array.h>
#include <arrow/compute/api_scalar.h>
#include <arrow/scalar.h>
#include <arrow/type.h>
#include <arrow/type_traits.h>
#include <arrow/util/checked_cast.h>

#include "expr/like_pattern.h"
#include "expr/scalar_order.h"
#include "expr/value_range.h"

namespace headrace::expr {
namespace {

namespace cp = arrow::compute;
using arrow::Scalar;
using arrow::internal::checked_cast;
using enum Outcomes::Value;
using Expression = cp::Expression;

constexpr std::array<Outcomes::Value, 3> kValues = {kTrue, kFalse, kNull};

Outcomes::Value And(Outcomes::Value a, Outcomes::Value b) {
  if (a == kFalse || b == kFalse) return kFalse;
  return a == kNull || b == kNull ? kNull : kTrue;
}
Outcomes::Value Or(Outcomes::Value a, Outcomes::Value b) {
  if (a == kTrue || b == kTrue) return kTrue;
  return a == kNull || b == kNull ? kNull : kFalse;
}
Outcomes::Value Not(Outcomes::Value a) { return a == kNull ? kNull : a == kTrue ? kFalse : kTrue; }

template <typename Combine>
Outcomes Combined(Outcomes a, Outcomes b, Combine combine) {
  Outcomes result;
  for (const auto x : kValues) {
    for (const auto y : kValues) {
      if (a.Has(x) && b.Has(y)) result.Add(combine(x, y));
    }
  }
  return result;
}

/// Whether some x of `a` and y of `b`, both neither null nor NaN, can have x < y, x = y, x > y.
struct Orders {
  bool less = true;
  bool equal = true;
  bool greater = true;
};

Orders PossibleOrders(const ValueRange& a, const ValueRange& b) {
  Orders orders;
  if (a.min != nullptr && b.max != nullptr) {
    const auto order = Order(*a.min, *b.max);
    if (order >= 0) orders.less = false;
    if (order > 0) orders.equal = false;
  }
  if (a.max != nullptr && b.min != nullptr) {
    const auto order = Order(*a.max, *b.min);
    if (order <= 0) orders.greater = false;
    if (order < 0) orders.equal = false;
  }
  // One side is a single value, and the other may know that it has no such.
  const auto is_literal = [](const ValueRange& range) {
    return range.min != nullptr && range.min == range.max;
  };
  if (is_literal(b) && !a.MayContain(*b.min)) orders.equal = false;
  if (is_literal(a) && !b.MayContain(*a.min)) orders.equal = false;
  return orders;
}

/// Which of the three orders make a comparison true.
Orders TrueOrders(const std::string& function) {
  if (function == "equal") return {false, true, false};
  if (function == "not_equal") return {true, false, true};
  if (function == "less") return {true, false, false};
  if (function == "less_equal") return {true, true, false};
  return {false, function == "greater_equal", true};
}

bool IsComparison(const std::string& function) {
  return function == "equal" || function == "not_equal" || function == "less" ||
         function == "less_equal" || function == "greater" || function == "greater_equal";
}

class Analysis {
 public:
  explicit Analysis(const FactsOf& facts_of) : facts_of_(facts_of) {}

  Outcomes Of(const Expression& expression) const {
    if (const auto* literal = expression.literal()) return Literal(*literal);
    if (expression.parameter() != nullptr) return Column(expression);
    const auto* call = expression.call();
    if (call == nullptr) return Outcomes::All();
    const std::string& name = call->function_name;
    const auto& arguments = call->arguments;
    if (name == "and_kleene") return Combined(Of(arguments[0]), Of(arguments[1]), And);
    if (name == "or_kleene") return Combined(Of(arguments[0]), Of(arguments[1]), Or);
    if (name == "invert") return Inverted(Of(arguments[0]));
    if (name == "coalesce") return Coalesced(*call);
    if (name == "is_null" || name == "is_valid") return IsNull(*call);
    if (name == "is_in") return IsIn(*call);
    if (name == "cast") return Cast(expression);
    if (const auto like = LikePattern::FromCall(*call)) return Like(*like, arguments[0]);
    if (IsComparison(name)) return Comparison(*call);
    return Outcomes::All();
  }

 private:
  ValueRange RangeOf(const Expression& expression) const {
    return expr::RangeOf(expression, facts_of_);
  }

  static Outcomes Literal(const arrow::Datum& datum) {
    if (!datum.is_scalar() || datum.type()->id() != arrow::Type::BOOL) return Outcomes::All();
    const Scalar& scalar = *datum.scalar();
    if (!scalar.is_valid) return Outcomes(kNull);
    return Outcomes(checked_cast<const arrow::BooleanScalar&>(scalar).value ? kTrue : kFalse);
  }

  /// A boolean column, or one that is decoded from a dictionary.
  Outcomes Column(const Expression& expression) const {
    const ValueRange range = RangeOf(expression);
    Outcomes outcomes;
    if (range.can_be_null) outcomes.Add(kNull);
    if (range.MayContain(arrow::BooleanScalar(true))) outcomes.Add(kTrue);
    if (range.MayContain(arrow::BooleanScalar(false))) outcomes.Add(kFalse);
    return outcomes;
  }

  Outcomes Cast(const Expression& expression) const {
    return expression.type()->id() == arrow::Type::BOOL ? Column(expression) : Outcomes::All();
  }

  static Outcomes Inverted(Outcomes outcomes) {
    Outcomes result;
    for (const auto value : kValues) {
      if (outcomes.Has(value)) result.Add(Not(value));
    }
    return result;
  }

  Outcomes Coalesced(const Expression::Call& call) const {
    if (call.arguments.size() != 2) return Outcomes::All();
    const Outcomes first = Of(call.arguments[0]);
    const Outcomes second = Of(call.arguments[1]);
    return Combined(first, second, [](auto a, auto b) { return a == kNull ? b : a; });
  }

  Outcomes IsNull(const Expression::Call& call) const {
    const auto* options = dynamic_cast<const cp::NullOptions*>(call.options.get());
    const Expression& operand = call.arguments[0];
    const bool when_null = call.function_name == "is_null";
    Outcomes outcomes;
    if (operand.type() != nullptr && operand.type()->id() == arrow::Type::BOOL) {
      const Outcomes of = Of(operand);
      if (of.Has(kNull)) outcomes.Add(when_null ? kTrue : kFalse);
      if (of.Has(kTrue) || of.Has(kFalse)) outcomes.Add(when_null ? kFalse : kTrue);
      return outcomes;
    }
    const ValueRange range = RangeOf(operand);
    const bool nan_is_null = options != nullptr && options->nan_is_null;
    if (range.can_be_null || (nan_is_null && range.can_be_nan)) {
      outcomes.Add(when_null ? kTrue : kFalse);
    }
    if (range.can_be_number || (!nan_is_null && range.can_be_nan)) {
      outcomes.Add(when_null ? kFalse : kTrue);
    }
    return outcomes;
  }

  Outcomes Comparison(const Expression::Call& call) const {
    if (call.arguments.size() != 2) return Outcomes::All();
    const ValueRange a = RangeOf(call.arguments[0]);
    const ValueRange b = RangeOf(call.arguments[1]);
    Outcomes outcomes;
    if ((a.can_be_null && (b.can_be_null || b.can_be_value())) ||
        (b.can_be_null && a.can_be_value())) {
      outcomes.Add(kNull);
    }
    // NaN is unequal to everything, and every other comparison with it is false.
    if ((a.can_be_nan && b.can_be_value()) || (b.can_be_nan && a.can_be_value())) {
      outcomes.Add(call.function_name == "not_equal" ? kTrue : kFalse);
    }
    if (!a.can_be_number || !b.can_be_number) return outcomes;
    // x = x is how the binder says that something must be true.
    const bool same = call.arguments[0].Equals(call.arguments[1]);
    const Orders possible = same ? Orders{false, true, false} : PossibleOrders(a, b);
    const Orders wanted = TrueOrders(call.function_name);
    for (const auto order : {&Orders::less, &Orders::equal, &Orders::greater}) {
      if (possible.*order) outcomes.Add(wanted.*order ? kTrue : kFalse);
    }
    return outcomes;
  }

  Outcomes IsIn(const Expression::Call& call) const {
    const auto* options = dynamic_cast<const cp::SetLookupOptions*>(call.options.get());
    if (options == nullptr ||
        options->GetNullMatchingBehavior() != cp::SetLookupOptions::INCONCLUSIVE ||
        !options->value_set.is_array()) {
      return Outcomes::All();
    }
    const auto set = options->value_set.make_array();
    const ValueRange range = RangeOf(call.arguments[0]);
    bool some = false;
    bool all = false;
    for (int64_t i = 0; i < set->length() && !all; ++i) {
      if (set->IsNull(i)) continue;
      const auto item = set->GetScalar(i);
      if (!item.ok()) return Outcomes::All();
      some = some || range.MayContain(**item);
      // is_in tells 0.0 from -0.0, bounds do not.
      all = !arrow::is_floating(set->type_id()) && range.IsOnly(**item);
    }
    Outcomes outcomes;
    if (range.can_be_null) outcomes.Add(kNull);
    if (some) outcomes.Add(kTrue);
    // NaN is in no list: is_in would find it in one that has it, so the binder takes it out.
    if ((range.can_be_number && !all) || range.can_be_nan) {
      outcomes.Add(set->null_count() > 0 ? kNull : kFalse);
    }
    return outcomes;
  }

  Outcomes Like(const LikePattern& like, const Expression& operand) const {
    const ValueRange range = RangeOf(operand);
    Outcomes outcomes;
    if (range.can_be_null) outcomes.Add(kNull);
    if (!range.can_be_number) return outcomes;
    const auto text = [](const std::shared_ptr<Scalar>& bound) {
      return checked_cast<const arrow::BaseBinaryScalar&>(*bound).view();
    };
    const std::string prefix = like.Prefix();
    const auto starts = [&](const std::shared_ptr<Scalar>& bound) {
      return bound != nullptr && text(bound).starts_with(prefix);
    };
    // Cut to the prefix's length, the values lie between the bounds cut to it.
    const bool below = range.max != nullptr && text(range.max).substr(0, prefix.size()) < prefix;
    const bool above = range.min != nullptr && text(range.min).substr(0, prefix.size()) > prefix;
    if (!below && !above) outcomes.Add(kTrue);
    const bool all =
        like.IsPrefixOnly() && (prefix.empty() || (starts(range.min) && starts(range.max)));
    if (!all) outcomes.Add(kFalse);
    return outcomes;
  }

  const FactsOf& facts_of_;
};

}  // namespace

Outcomes PossibleOutcomes(const Expression& filter, const FactsOf& facts_of) {
  return Analysis(facts_of).Of(filter);
}

}  // namespace headrace::expr
