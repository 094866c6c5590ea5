#include "shape/point_axis.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <arrow/array.h>
#include <arrow/buffer.h>
#include <arrow/compute/cast.h>
#include <arrow/compute/exec.h>
#include <arrow/type.h>
#include <arrow/util/bit_util.h>
#include <fmt/format.h>

#include "headrace/error_code.h"
#include "shape/number_column.h"
#include "shape/order_key.h"

namespace headrace::shape {
namespace {

namespace cp = arrow::compute;

Result<std::shared_ptr<arrow::Array>> CastTo(const std::shared_ptr<arrow::Array>& array,
                                             const std::shared_ptr<arrow::DataType>& type,
                                             arrow::MemoryPool* pool) {
  if (array->type()->Equals(*type)) return array;
  cp::ExecContext context(pool, nullptr);
  ARROW_ASSIGN_OR_RAISE(const arrow::Datum cast,
                        cp::Cast(array, cp::CastOptions::Unsafe(type), &context));
  return cast.make_array();
}

// make(row, &key) says whether the row has a key.
template <typename Make>
Result<std::shared_ptr<arrow::Array>> MakeKeys(const arrow::Array& column, arrow::MemoryPool* pool,
                                               const Make& make) {
  const int64_t rows = column.length();
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> keys,
                        arrow::AllocateBuffer(rows * int64_t{sizeof(int64_t)}, pool));
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> bits,
                        arrow::AllocateEmptyBitmap(rows, pool));
  auto* const out = reinterpret_cast<int64_t*>(keys->mutable_data());
  int64_t missing = 0;
  for (int64_t row = 0; row < rows; ++row) {
    out[row] = 0;
    const bool placed = !column.IsNull(row) && make(row, out + row);
    if (placed) arrow::bit_util::SetBit(bits->mutable_data(), row);
    missing += placed ? 0 : 1;
  }
  return arrow::MakeArray(arrow::ArrayData::Make(
      arrow::int64(), rows, {missing > 0 ? std::move(bits) : nullptr, std::move(keys)}, missing));
}

std::shared_ptr<arrow::DataType> StorageOf(const arrow::DataType& type) {
  switch (type.id()) {
    case arrow::Type::DATE32:
    case arrow::Type::TIME32: return arrow::int32();
    case arrow::Type::DATE64:
    case arrow::Type::TIME64:
    case arrow::Type::TIMESTAMP:
    case arrow::Type::DURATION: return arrow::int64();
    default: return nullptr;
  }
}

}  // namespace

Result<PointAxis> PointAxis::Make(const arrow::DataType& type, const std::string& name) {
  const bool half = type.id() == arrow::Type::HALF_FLOAT;
  const auto number = NumberTypeOf(type);
  if (!half && !number) {
    return MakeError(
        ErrorCode::kTypeMismatch,
        fmt::format("x is a column of numbers, dates or times; '{}' is {}", name, type.ToString()),
        {"x", name});
  }
  return PointAxis(half || IsReal(*number), type.id() == arrow::Type::UINT64);
}

Result<std::shared_ptr<arrow::Array>> PointAxis::KeysOf(const std::shared_ptr<arrow::Array>& column,
                                                        arrow::MemoryPool* pool) const {
  if (real_) {
    ARROW_ASSIGN_OR_RAISE(const auto reals, CastTo(column, arrow::float64(), pool));
    const double* const values = static_cast<const arrow::DoubleArray&>(*reals).raw_values();
    return MakeKeys(*reals, pool, [&](int64_t row, int64_t* key) {
      if (!std::isfinite(values[row])) return false;
      *key = OrderKeyOf(values[row]);
      return true;
    });
  }
  if (unsigned64_) {
    const uint64_t* const values = static_cast<const arrow::UInt64Array&>(*column).raw_values();
    return MakeKeys(*column, pool, [&](int64_t row, int64_t* key) {
      *key = static_cast<int64_t>(values[row] ^ (uint64_t{1} << 63));
      return true;
    });
  }
  std::shared_ptr<arrow::Array> whole = column;
  if (const auto storage = StorageOf(*column->type())) {
    ARROW_ASSIGN_OR_RAISE(whole, column->View(storage));
  }
  return CastTo(whole, arrow::int64(), pool);
}

int PointAxis::ExponentFor(int64_t least, int64_t greatest, int64_t cells, int exponent) const {
  int floor = 0;
  if (real_) {
    // Below the last bit of the largest number cells have no more to tell apart.
    const double largest = std::max(std::abs(RealOfKey(least)), std::abs(RealOfKey(greatest)));
    floor = largest > 0 ? std::max(kLeastExponent, std::ilogb(largest) - 52) : kLeastExponent;
  }
  exponent = std::max(exponent, floor);
  const auto span = [&] {
    return static_cast<uint64_t>(CellOf(greatest, exponent)) -
           static_cast<uint64_t>(CellOf(least, exponent));
  };
  while (span() >= static_cast<uint64_t>(cells) && (real_ || exponent < 63)) ++exponent;
  return exponent;
}

int64_t PointAxis::CellOf(int64_t key, int exponent) const {
  if (!real_) return key >> exponent;
  return static_cast<int64_t>(std::floor(std::ldexp(RealOfKey(key), -exponent)));
}

double PointAxis::Place(int64_t key, int64_t origin, int64_t end) const {
  if (key == origin) return 0;
  if (real_) {
    const double first = RealOfKey(origin) / 2;  // halves, whose difference is finite
    return (RealOfKey(key) / 2 - first) / (RealOfKey(end) / 2 - first);
  }
  const auto first = static_cast<uint64_t>(origin);
  return static_cast<double>(static_cast<uint64_t>(key) - first) /
         static_cast<double>(static_cast<uint64_t>(end) - first);
}

}  // namespace headrace::shape
