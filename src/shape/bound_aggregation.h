#pragma once

#include <memory>
#include <vector>

#include <arrow/type_fwd.h>

#include "headrace/status.h"
#include "shape/accumulator.h"
#include "shape/aggregate.h"

namespace headrace::shape {

/// A plan against the schema of the rows: which columns are read, as what, and what comes of them.
struct BoundAggregation {
  /// A column as the accumulators take it: dictionaries decoded, views as strings, and of another
  /// type where that makes fewer kinds of numbers.
  struct Input {
    int column = 0;
    std::shared_ptr<arrow::DataType> type;
  };
  struct State {
    AccumulatorKind kind = AccumulatorKind::kRows;
    int input = -1;  ///< -1: the rows themselves
  };
  struct Answer {
    expr::Aggregate aggregate;
    int state = 0;
  };

  std::vector<int> keys;  ///< columns
  /// As the keys are taken: dictionaries as they are, views as strings.
  std::vector<std::shared_ptr<arrow::DataType>> key_types;
  std::vector<Input> inputs;
  std::vector<State> states;              ///< several answers may come from one
  std::vector<Answer> answers;            ///< in the order of the plan
  std::shared_ptr<arrow::Schema> schema;  ///< of the result: keys, then answers
};

/// Errors are those of Aggregate().
Result<BoundAggregation> BindAggregation(const arrow::Schema& schema, const AggregatePlan& plan);

}  // namespace headrace::shape
