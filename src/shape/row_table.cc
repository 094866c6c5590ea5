#include <cmath>
#include <limits>
#include <utility>

#include <arrow/array.h>
#include <arrow/compute/cast.h>
#include <arrow/compute/exec.h>
#include <arrow/compute/row/grouper.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include "expr/typed.h"
#include "headrace/error_code.h"
#include "shape/pool_vector.h"
#include "shape/value_table.h"

namespace headrace::shape {
namespace {

namespace cp = arrow::compute;
using arrow::Type;

// The Grouper's quick form, which draws all of its memory from the pool, has no long offsets.
std::shared_ptr<arrow::DataType> GroupedType(const std::shared_ptr<arrow::DataType>& type) {
  switch (type->id()) {
    case Type::LARGE_STRING: return arrow::utf8();
    case Type::LARGE_BINARY: return arrow::binary();
    case Type::HALF_FLOAT: return arrow::float32();
    default: return type;
  }
}

template <typename Real>
Result<std::shared_ptr<arrow::Array>> EqualReals(const std::shared_ptr<arrow::Array>& column,
                                                 arrow::MemoryPool* pool) {
  const Real* values = column->data()->GetValues<Real>(1);
  const int64_t rows = column->length();
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> buffer,
                        arrow::AllocateBuffer((column->offset() + rows) * sizeof(Real), pool));
  auto* out = reinterpret_cast<Real*>(buffer->mutable_data());
  std::fill(out, out + column->offset(), Real{0});
  for (int64_t row = 0; row < rows; ++row) {
    const Real value = values[row];
    out[column->offset() + row] = value != value ? std::numeric_limits<Real>::quiet_NaN()
                                  : value == 0   ? Real{0}
                                                 : value;
  }
  auto data = column->data()->Copy();
  data->buffers[1] = std::move(buffer);
  return arrow::MakeArray(std::move(data));
}

class RowTable final : public ValueTable {
 public:
  RowTable(std::vector<std::shared_ptr<arrow::DataType>> types, arrow::MemoryPool* pool)
      : types_(std::move(types)), pool_(pool), context_(pool, nullptr) {}

  Status Open() {
    std::vector<arrow::TypeHolder> holders;
    for (const auto& type : types_) {
      holders.emplace_back(GroupedType(type));
      const bool bytes = expr::FamilyOf(*type) == expr::Family::kText ||
                         expr::FamilyOf(*type) == expr::Family::kBytes;
      row_bytes_ += bytes ? 24 : 8;
    }
    return cp::Grouper::Make(holders, &context_).Value(&grouper_);
  }

  Status Number(const arrow::ArrayVector& columns, uint32_t* ids) override {
    const int64_t rows = columns[0]->length();
    if (rows == 0) return Status::OK();
    arrow::ArrayVector plain;
    for (const auto& column : columns) {
      ARROW_ASSIGN_OR_RAISE(auto array, Plain(column));
      plain.push_back(std::move(array));
    }
    std::vector<arrow::Datum> datums(plain.begin(), plain.end());
    const cp::ExecBatch batch(std::move(datums), rows);
    ARROW_ASSIGN_OR_RAISE(const arrow::Datum numbers, grouper_->Consume(cp::ExecSpan(batch)));
    const auto* from = numbers.array()->GetValues<uint32_t>(1);
    std::copy(from, from + rows, ids);
    return Status::OK();
  }

  int64_t size() const override { return grouper_->num_groups(); }
  int64_t bytes() const override { return size() * (2 * row_bytes_ + 16); }

  Result<arrow::ArrayVector> Values() override {
    ARROW_ASSIGN_OR_RAISE(const cp::ExecBatch uniques, grouper_->GetUniques());
    arrow::ArrayVector columns;
    for (size_t i = 0; i < types_.size(); ++i) {
      arrow::Datum column = uniques[static_cast<int>(i)];
      if (!column.type()->Equals(*types_[i])) {
        cp::ExecContext context(pool_, nullptr);
        ARROW_ASSIGN_OR_RAISE(column, cp::Cast(column, cp::CastOptions::Safe(types_[i]), &context));
      }
      columns.push_back(column.make_array());
    }
    return columns;
  }

 private:
  Result<std::shared_ptr<arrow::Array>> Plain(std::shared_ptr<arrow::Array> column) {
    const auto type = GroupedType(column->type());
    if (!type->Equals(*column->type())) {
      ARROW_ASSIGN_OR_RAISE(const arrow::Datum cast,
                            cp::Cast(column, cp::CastOptions::Safe(type), &context_));
      column = cast.make_array();
    }
    if (type->id() == Type::DOUBLE) return EqualReals<double>(column, pool_);
    if (type->id() == Type::FLOAT) return EqualReals<float>(column, pool_);
    return column;
  }

  std::vector<std::shared_ptr<arrow::DataType>> types_;
  arrow::MemoryPool* pool_;
  cp::ExecContext context_;
  std::unique_ptr<cp::Grouper> grouper_;
  int64_t row_bytes_ = 0;
};

}  // namespace

Result<std::unique_ptr<ValueTable>> MakeRowTable(
    const std::vector<std::shared_ptr<arrow::DataType>>& types, arrow::MemoryPool* pool) {
  auto table = std::make_unique<RowTable>(types, pool);
  ARROW_RETURN_NOT_OK(table->Open());
  return table;
}

Result<std::unique_ptr<ValueTable>> ValueTable::Make(
    const std::vector<std::shared_ptr<arrow::DataType>>& types, arrow::MemoryPool* pool) {
  if (types.size() == 1 && FitsIntegerTable(*types[0])) return MakeIntegerTable(types[0], pool);
  return MakeRowTable(types, pool);
}

}  // namespace headrace::shape
