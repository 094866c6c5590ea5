#include "window/append_plan.h"

#include <algorithm>
#include <cmath>

#include <arrow/array.h>
#include <fmt/format.h>

#include "headrace/error_code.h"
#include "headrace/names.h"
#include "window/window_store.h"

namespace headrace::window {
namespace {

constexpr size_t kMaxColumnNameBytes = 256;
constexpr double kTwoTo63 = 9223372036854775808.0;

std::string Shorten(std::string_view text) {
  constexpr size_t kShown = 60;
  return text.size() <= kShown ? std::string(text) : std::string(text.substr(0, kShown)) + "...";
}

std::string Shown(const Cell& cell) {
  switch (cell.kind) {
    case Cell::Kind::kBool: return cell.boolean ? "true" : "false";
    case Cell::Kind::kInt64: return fmt::format("{}", cell.int64);
    case Cell::Kind::kDouble: return fmt::format("{}", cell.float64);
    case Cell::Kind::kString: return fmt::format("\"{}\"", Shorten(cell.view()));
    case Cell::Kind::kTimestamp: return fmt::format("timestamp {} ns", cell.int64);
    case Cell::Kind::kBigInteger:
    case Cell::Kind::kNested: return Shorten(cell.view());
    default: return "null";
  }
}

bool IsExact(int64_t value) noexcept {
  const auto converted = static_cast<double>(value);
  return converted < kTwoTo63 && static_cast<int64_t>(converted) == value;
}

Status Mismatch(const IncomingColumn& column, int64_t row, std::string message) {
  return MakeError(ErrorCode::kTypeMismatch,
                   fmt::format("row {}, column '{}': {}", row, Shorten(column.name), message),
                   {"data", fmt::format("{}", row), std::string(column.name)});
}

Status Inexact(const IncomingColumn& column, int64_t row, int64_t value) {
  return Mismatch(column, row,
                  fmt::format("the integer {} is beyond 2^53 and would change as a double", value));
}

// The type of one column over the rows of a request, starting from what the window has.
class Unifier {
 public:
  Unifier(const IncomingColumn& column, ColumnType start, bool fixed, int64_t max_string_bytes)
      : column_(column), type_(start), fixed_(fixed), max_string_bytes_(max_string_bytes) {}

  ColumnType type() const noexcept { return type_; }

  Status TakeCells(int64_t num_rows) {
    for (int64_t row = 0; row < num_rows; ++row) {
      const Cell& cell = column_.cells[row];
      if (cell.is_null()) continue;
      if (!Fits(cell) && !Widens(cell)) return Refuse(cell, row);
      if (cell.kind == Cell::Kind::kInt64 && type_ == ColumnType::kDouble && !IsExact(cell.int64)) {
        return Inexact(column_, row, cell.int64);
      }
      if (cell.kind == Cell::Kind::kString && cell.text.size > max_string_bytes_) {
        return TooLong(row, cell.text.size);
      }
    }
    // Integers that came before the first fraction of the same request.
    if (widened_) {
      for (int64_t row = 0; row < num_rows; ++row) {
        const Cell& cell = column_.cells[row];
        if (cell.kind == Cell::Kind::kInt64 && !IsExact(cell.int64)) {
          return Inexact(column_, row, cell.int64);
        }
      }
    }
    return Status::OK();
  }

  Status TakeArrays() {
    const ColumnType incoming = column_.array_type;
    if (incoming == ColumnType::kNull || incoming == type_) return TakeStrings();
    if (type_ == ColumnType::kNull && !fixed_) {
      type_ = incoming;
      return TakeStrings();
    }
    if (type_ == ColumnType::kInt64 && incoming == ColumnType::kDouble && !fixed_) {
      type_ = ColumnType::kDouble;
      return Status::OK();
    }
    if (type_ == ColumnType::kDouble && incoming == ColumnType::kInt64) return TakeIntegers();
    return Mismatch(
        column_, 0,
        fmt::format("the column is {}, the data {}", TypeName(type_), TypeName(incoming)));
  }

 private:
  bool Fits(const Cell& cell) const noexcept {
    switch (cell.kind) {
      case Cell::Kind::kBool: return type_ == ColumnType::kBool;
      case Cell::Kind::kInt64: return IsNumeric(type_);
      case Cell::Kind::kDouble: return type_ == ColumnType::kDouble;
      case Cell::Kind::kTimestamp: return type_ == ColumnType::kTimestamp;
      case Cell::Kind::kString: {
        if (type_ == ColumnType::kString) return true;
        int64_t ignored = 0;
        return type_ == ColumnType::kTimestamp && ParseTimestamp(cell.view(), &ignored);
      }
      default: return false;
    }
  }

  // Adopts the cell's type where the column has none, or double where it has integers.
  bool Widens(const Cell& cell) noexcept {
    if (fixed_ || cell.kind == Cell::Kind::kBigInteger || cell.kind == Cell::Kind::kNested) {
      return false;
    }
    if (type_ == ColumnType::kInt64 && cell.kind == Cell::Kind::kDouble) {
      type_ = ColumnType::kDouble;
      widened_ = true;
      return true;
    }
    if (type_ != ColumnType::kNull) return false;
    switch (cell.kind) {
      case Cell::Kind::kBool: type_ = ColumnType::kBool; break;
      case Cell::Kind::kInt64: type_ = ColumnType::kInt64; break;
      case Cell::Kind::kDouble: type_ = ColumnType::kDouble; break;
      case Cell::Kind::kTimestamp: type_ = ColumnType::kTimestamp; break;
      default: type_ = ColumnType::kString;
    }
    return true;
  }

  Status Refuse(const Cell& cell, int64_t row) const {
    if (cell.kind == Cell::Kind::kNested) {
      return Mismatch(column_, row, fmt::format("a cell holds one value, not {}", Shown(cell)));
    }
    if (cell.kind == Cell::Kind::kBigInteger) {
      return Mismatch(column_, row, fmt::format("the integer {} is beyond int64", Shown(cell)));
    }
    if (type_ == ColumnType::kTimestamp) {
      return Mismatch(column_, row,
                      fmt::format("{} is not a timestamp; give ISO 8601 text such as "
                                  "\"2024-05-01T12:00:00Z\"",
                                  Shown(cell)));
    }
    return Mismatch(
        column_, row,
        fmt::format("{} does not fit the column's type {}", Shown(cell), TypeName(type_)));
  }

  Status TooLong(int64_t row, int64_t bytes) const {
    return MakeError(
        ErrorCode::kTooLarge,
        fmt::format("row {}, column '{}': a string of {} bytes is over the limit of {}", row,
                    Shorten(column_.name), bytes, max_string_bytes_),
        {"data", fmt::format("{}", row), std::string(column_.name)});
  }

  Status TakeStrings() const {
    if (column_.array_type != ColumnType::kString) return Status::OK();
    int64_t row = 0;
    for (const auto& array : column_.arrays) {
      const auto& strings = static_cast<const arrow::StringArray&>(*array);
      for (int64_t i = 0; i < strings.length(); ++i, ++row) {
        if (strings.value_length(i) > max_string_bytes_)
          return TooLong(row, strings.value_length(i));
      }
    }
    return Status::OK();
  }

  Status TakeIntegers() const {
    int64_t row = 0;
    for (const auto& array : column_.arrays) {
      const auto& integers = static_cast<const arrow::Int64Array&>(*array);
      for (int64_t i = 0; i < integers.length(); ++i, ++row) {
        if (integers.IsValid(i) && !IsExact(integers.Value(i))) {
          return Inexact(column_, row, integers.Value(i));
        }
      }
    }
    return Status::OK();
  }

  const IncomingColumn& column_;
  ColumnType type_;
  bool fixed_;
  int64_t max_string_bytes_;
  bool widened_ = false;
};

// Rows of the window itself that would change were the column to become double.
Status CheckShownIntegers(const IncomingColumn& column, const WindowStore& store,
                          const Column& held) {
  const int64_t end = store.end_row();
  for (int64_t row = store.shown_begin(store.layout().window_rows); row < end; ++row) {
    if (!held.IsValid(row) || IsExact(held.GetInt64(row))) continue;
    return Mismatch(column, 0,
                    fmt::format("the column is int64 and holds {}, which is beyond 2^53 and would "
                                "change as a double",
                                held.GetInt64(row)));
  }
  return Status::OK();
}

Status UnknownColumn(const IncomingColumn& column, const WindowStore& store) {
  std::vector<std::string> known;
  for (const auto& held : store.columns()) known.push_back(held.name);
  const std::string_view nearest = NearestName(column.name, known);
  return Mismatch(
      column, 0,
      fmt::format("the schema is fixed and has no such column{}{}{}",
                  nearest.empty() ? "" : "; did you mean '", nearest, nearest.empty() ? "" : "'?"));
}

Status CheckNewColumn(const IncomingColumn& column, const WindowStore& store,
                      const AppendRules& rules, size_t num_columns) {
  if (rules.fixed_schema) return UnknownColumn(column, store);
  if (column.name.empty() || column.name.size() > kMaxColumnNameBytes) {
    return MakeError(ErrorCode::kInvalidArgument,
                     fmt::format("a column's name has 1 to {} bytes, not {}", kMaxColumnNameBytes,
                                 column.name.size()),
                     {"data", "0", Shorten(column.name)});
  }
  if (static_cast<int64_t>(num_columns) >= rules.max_columns) {
    return MakeError(ErrorCode::kTooLarge,
                     fmt::format("column '{}' would be one more than the {} that a buffer may have",
                                 Shorten(column.name), rules.max_columns),
                     {"data", "0", Shorten(column.name)});
  }
  return Status::OK();
}

void StartSchema(const WindowStore& store, std::vector<PlannedColumn>* schema) {
  if (!schema->empty()) return;
  for (const auto& held : store.columns()) schema->push_back({held.name, held.type()});
}

}  // namespace

Status MakeAppendPlan(const Incoming& incoming, const WindowStore& store, const AppendRules& rules,
                      AppendPlan* plan) {
  plan->new_schema.clear();
  plan->first_row = std::max<int64_t>(0, incoming.num_rows - rules.keep_rows);
  plan->incoming_of.assign(store.columns().size(), -1);
  plan->has_text = false;
  std::vector<PlannedColumn> added;
  for (size_t i = 0; i < incoming.columns.size(); ++i) {
    const IncomingColumn& column = incoming.columns[i];
    const int place = store.Find(column.name, i);
    const ColumnType held = place < 0 ? ColumnType::kNull : store.columns()[place].type();
    if (place < 0) {
      ARROW_RETURN_NOT_OK(
          CheckNewColumn(column, store, rules, store.columns().size() + added.size()));
      for (const PlannedColumn& other : added) {
        if (other.name == column.name) return Mismatch(column, 0, "the name occurs twice");
      }
    } else if (plan->incoming_of[place] >= 0) {
      return Mismatch(column, 0, "the name occurs twice");
    }
    Unifier unifier(column, held, rules.fixed_schema, rules.max_string_bytes);
    ARROW_RETURN_NOT_OK(column.cells != nullptr ? unifier.TakeCells(incoming.num_rows)
                                                : unifier.TakeArrays());
    if (held == ColumnType::kInt64 && unifier.type() == ColumnType::kDouble) {
      ARROW_RETURN_NOT_OK(CheckShownIntegers(column, store, *store.columns()[place].column));
    }
    plan->has_text |= unifier.type() == ColumnType::kString;
    if (place < 0) {
      added.push_back({std::string(column.name), unifier.type()});
      plan->incoming_of.push_back(static_cast<int>(i));
    } else {
      plan->incoming_of[place] = static_cast<int>(i);
      if (unifier.type() != held) {
        StartSchema(store, &plan->new_schema);
        plan->new_schema[place].type = unifier.type();
      }
    }
  }
  if (!added.empty()) {
    StartSchema(store, &plan->new_schema);
    std::move(added.begin(), added.end(), std::back_inserter(plan->new_schema));
  }
  return Status::OK();
}

}  // namespace headrace::window
