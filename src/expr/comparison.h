#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "expr/input_text.h"
#include "expr/typed.h"
#include "headrace/status.h"

namespace headrace::expr {

/// left `function` right, where function is Arrow's name of a comparison. A literal takes on the
/// type of what it is compared with, exactly: where that type does not hold it, the comparison is
/// said in values that it does hold (x < 3.5 is x <= 3 for integers). Two columns are compared in a
/// type that holds both, numbers with floats as doubles. kTypeMismatch where there is none.
Result<Typed> Compare(const InputText& input, const std::string& function, Typed left, Typed right,
                      size_t offset);

/// value in (items), as SQL has it: null if the value is, or if an item is and none is equal.
/// `items` are normalized literals; `item_offsets` is empty or says where each stands.
Result<Typed> IsIn(const InputText& input, Typed value,
                   const std::vector<std::shared_ptr<arrow::Scalar>>& items,
                   const std::vector<size_t>& item_offsets, size_t offset);

/// The literal in a type that values of family kText, kBytes, kBool, kFloat, kTimestamp, ... have;
/// null if that type does not hold it exactly. kTypeMismatch if it never could.
Result<std::shared_ptr<arrow::Scalar>> LiteralAs(const InputText& input,
                                                 const std::shared_ptr<arrow::Scalar>& literal,
                                                 const std::shared_ptr<arrow::DataType>& type,
                                                 size_t offset);

}  // namespace headrace::expr
