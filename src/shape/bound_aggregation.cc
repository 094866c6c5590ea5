#include "shape/bound_aggregation.h"

#include <algorithm>
#include <optional>
#include <unordered_set>
#include <utility>

#include <arrow/type.h>
#include <arrow/util/checked_cast.h>
#include <fmt/format.h>

#include "expr/typed.h"
#include "headrace/error_code.h"
#include "shape/column_index.h"
#include "shape/number_column.h"

namespace headrace::shape {
namespace {

using arrow::Type;
using expr::AggregateKind;
using expr::Family;
using TypePtr = std::shared_ptr<arrow::DataType>;

// Arrow takes and sorts no views.
TypePtr WithoutView(const TypePtr& type) {
  if (type->id() == Type::STRING_VIEW) return arrow::utf8();
  return type->id() == Type::BINARY_VIEW ? arrow::binary() : type;
}

TypePtr Decoded(const TypePtr& type) {
  if (type->id() != Type::DICTIONARY) return WithoutView(type);
  return WithoutView(
      arrow::internal::checked_cast<const arrow::DictionaryType&>(*type).value_type());
}

bool IsHalf(const arrow::DataType& type) { return type.id() == Type::HALF_FLOAT; }
bool IsShortDecimal(const arrow::DataType& type) {
  return type.id() == Type::DECIMAL32 || type.id() == Type::DECIMAL64;
}

TypePtr LongDecimal(const arrow::DataType& type) {
  const auto& decimal = arrow::internal::checked_cast<const arrow::DecimalType&>(type);
  return arrow::decimal128(decimal.precision(), decimal.scale());
}

// How an aggregate is computed: what its accumulator takes, and what comes out.
struct Way {
  AccumulatorKind kind;
  TypePtr input;
  TypePtr output;
};

// For sum and mean.
Way DecimalSumWay(const TypePtr& type, TypePtr output) {
  return Way{AccumulatorKind::kDecimalSums, IsShortDecimal(*type) ? LongDecimal(*type) : type,
             std::move(output)};
}

std::optional<Way> SumWay(const TypePtr& type) {
  const auto& number = *type;
  if (arrow::is_decimal(number.id())) {
    const auto scale = arrow::internal::checked_cast<const arrow::DecimalType&>(number).scale();
    const bool wide = number.id() == Type::DECIMAL256;
    return DecimalSumWay(type, wide ? arrow::decimal256(76, scale) : arrow::decimal128(38, scale));
  }
  if (IsHalf(number)) return Way{AccumulatorKind::kSums, arrow::float32(), arrow::float64()};
  if (arrow::is_floating(number.id())) return Way{AccumulatorKind::kSums, type, arrow::float64()};
  return Way{AccumulatorKind::kSums, type,
             arrow::is_signed_integer(number.id()) ? arrow::int64() : arrow::uint64()};
}

// Of numbers only.
TypePtr AsReal(const TypePtr& type) {
  if (IsHalf(*type)) return arrow::float32();
  return arrow::is_decimal(type->id()) ? arrow::float64() : type;
}

std::optional<Way> ExtremeWay(const TypePtr& type) {
  if (type->id() == Type::BOOL) return Way{AccumulatorKind::kExtremes, arrow::uint8(), type};
  if (IsHalf(*type)) return Way{AccumulatorKind::kExtremes, arrow::float32(), type};
  if (NumberTypeOf(*type)) return Way{AccumulatorKind::kExtremes, type, type};
  if (arrow::is_decimal(type->id())) {
    return Way{AccumulatorKind::kDecimalExtremes, IsShortDecimal(*type) ? LongDecimal(*type) : type,
               type};
  }
  const Family family = expr::FamilyOf(*type);
  if (family != Family::kText && family != Family::kBytes) return std::nullopt;
  return Way{AccumulatorKind::kBytesExtremes, type, type};
}

bool IsNumber(const arrow::DataType& type) {
  return expr::IsNumber(expr::FamilyOf(type)) || IsHalf(type);
}

bool CanBeKey(const arrow::DataType& type) {
  return expr::FamilyOf(type) != Family::kOther || IsHalf(type);
}

std::optional<Way> WayOf(AggregateKind kind, const TypePtr& column) {
  const TypePtr type = Decoded(column);
  switch (kind) {
    case AggregateKind::kCount: return Way{AccumulatorKind::kValues, type, arrow::int64()};
    case AggregateKind::kFirst: return Way{AccumulatorKind::kFirstRows, type, type};
    case AggregateKind::kLast: return Way{AccumulatorKind::kLastRows, type, type};
    case AggregateKind::kMin:
    case AggregateKind::kMax: return ExtremeWay(type);
    case AggregateKind::kCountDistinct:
      if (!CanBeKey(*type)) return std::nullopt;
      return Way{AccumulatorKind::kDistinct, type, arrow::int64()};
    default: break;
  }
  if (!IsNumber(*type)) return std::nullopt;
  switch (kind) {
    case AggregateKind::kSum: return SumWay(type);
    case AggregateKind::kMean:
      if (arrow::is_decimal(type->id())) return DecimalSumWay(type, arrow::float64());
      return Way{AccumulatorKind::kSums, AsReal(type), arrow::float64()};
    case AggregateKind::kVar:
    case AggregateKind::kStd: return Way{AccumulatorKind::kMoments, AsReal(type), arrow::float64()};
    default: return Way{AccumulatorKind::kSortedValues, AsReal(type), arrow::float64()};
  }
}

class Binder {
 public:
  explicit Binder(const arrow::Schema& schema) : schema_(schema) {}

  Result<BoundAggregation> Run(const AggregatePlan& plan) {
    if (plan.aggregates.empty() && plan.keys.empty()) {
      return MakeError(ErrorCode::kInvalidArgument, "there is no aggregate and no key");
    }
    for (const std::string& key : plan.keys) ARROW_RETURN_NOT_OK(AddKey(key));
    for (const expr::Aggregate& aggregate : plan.aggregates) {
      ARROW_RETURN_NOT_OK(AddAggregate(aggregate));
    }
    ShareMoments();
    bound_.schema = arrow::schema(std::move(fields_));
    return std::move(bound_);
  }

 private:
  Status AddField(const std::string& name, TypePtr type) {
    if (!names_.insert(name).second) {
      return MakeError(ErrorCode::kInvalidArgument,
                       fmt::format("two columns of the result are called '{}'", name),
                       {"agg", name});
    }
    fields_.push_back(arrow::field(name, std::move(type)));
    return Status::OK();
  }

  Status AddKey(const std::string& name) {
    ARROW_ASSIGN_OR_RAISE(const int column, ColumnIndex(schema_, name, "group_by"));
    const TypePtr& type = schema_.field(column)->type();
    const TypePtr decoded = Decoded(type);
    if (!CanBeKey(*decoded)) {
      return MakeError(ErrorCode::kNotImplemented,
                       fmt::format("'{}' cannot be a key: it is {}", name, type->ToString()),
                       {"group_by", name});
    }
    bound_.keys.push_back(column);
    bound_.key_types.push_back(WithoutView(type));
    return AddField(name, decoded);
  }

  Status AddAggregate(const expr::Aggregate& aggregate) {
    if (aggregate.column.empty() && aggregate.kind == AggregateKind::kCount) {
      bound_.answers.push_back({aggregate, StateOf({AccumulatorKind::kRows, -1})});
      return AddField(aggregate.name, arrow::int64());
    }
    ARROW_ASSIGN_OR_RAISE(const int column, ColumnIndex(schema_, aggregate.column, "agg"));
    const TypePtr& type = schema_.field(column)->type();
    const std::optional<Way> way = WayOf(aggregate.kind, type);
    if (!way) {
      return MakeError(ErrorCode::kTypeMismatch,
                       fmt::format("there is no {} of {}", aggregate.name, type->ToString()),
                       {"agg", aggregate.column});
    }
    const int input = InputOf({column, way->input});
    bound_.answers.push_back({aggregate, StateOf({way->kind, input})});
    return AddField(aggregate.name, way->output);
  }

  int InputOf(const BoundAggregation::Input& input) {
    const auto same = [&](const BoundAggregation::Input& other) {
      return other.column == input.column && other.type->Equals(*input.type);
    };
    auto& inputs = bound_.inputs;
    const auto found = std::find_if(inputs.begin(), inputs.end(), same);
    if (found != inputs.end()) return static_cast<int>(found - inputs.begin());
    inputs.push_back(input);
    return static_cast<int>(inputs.size()) - 1;
  }

  int StateOf(const BoundAggregation::State& state) {
    auto& states = bound_.states;
    const auto found = std::find_if(states.begin(), states.end(), [&](const auto& other) {
      return other.kind == state.kind && other.input == state.input;
    });
    if (found != states.end()) return static_cast<int>(found - states.begin());
    states.push_back(state);
    return static_cast<int>(states.size()) - 1;
  }

  // Sum and mean come out of what std needs anyway.
  void ShareMoments() {
    for (size_t i = 0; i < bound_.states.size(); ++i) {
      const BoundAggregation::State moments = bound_.states[i];
      if (moments.kind != AccumulatorKind::kMoments) continue;
      const auto sums =
          std::find_if(bound_.states.begin(), bound_.states.end(), [&](const auto& other) {
            return other.kind == AccumulatorKind::kSums && other.input == moments.input;
          });
      if (sums == bound_.states.end()) continue;
      const auto dropped = static_cast<int>(sums - bound_.states.begin());
      bound_.states.erase(sums);
      const auto kept = static_cast<int>(i) - (dropped < static_cast<int>(i) ? 1 : 0);
      for (BoundAggregation::Answer& answer : bound_.answers) {
        if (answer.state == dropped) {
          answer.state = kept;
        } else if (answer.state > dropped) {
          --answer.state;
        }
      }
      i = static_cast<size_t>(kept);
    }
  }

  const arrow::Schema& schema_;
  BoundAggregation bound_;
  arrow::FieldVector fields_;
  std::unordered_set<std::string> names_;
};

}  // namespace

Result<BoundAggregation> BindAggregation(const arrow::Schema& schema, const AggregatePlan& plan) {
  return Binder(schema).Run(plan);
}

}  // namespace headrace::shape
