#include <bit>
#include <cmath>
#include <limits>
#include <random>
#include <utility>

#include <arrow/array.h>
#include <arrow/type.h>
#include <arrow/util/bit_util.h>
#include <arrow/util/bitmap_ops.h>

#include "headrace/error_code.h"
#include "kernels/aggregate/group_ids.h"
#include "shape/pool_vector.h"
#include "shape/value_table.h"

namespace headrace::shape {
namespace {

using arrow::Type;
using kernels::HashSlot;
using kernels::kNoId;

constexpr int64_t kFirstSlots = 256;

// Floats so that equal bits mean equal keys.
template <typename Real, typename Bits>
uint64_t RealKey(Real value) {
  if (value != value) value = std::numeric_limits<Real>::quiet_NaN();
  return std::bit_cast<Bits>(value == 0 ? Real{0} : value);
}

template <typename Value, typename KeyOf>
void LoadKeys(const arrow::Array& column, uint64_t* keys, const KeyOf& key_of) {
  const Value* values = column.data()->GetValues<Value>(1);
  for (int64_t row = 0; row < column.length(); ++row) keys[row] = key_of(values[row]);
}

void LoadKeys(const arrow::Array& column, uint64_t* keys) {
  const auto same = [](auto value) { return static_cast<uint64_t>(value); };
  switch (column.type_id()) {
    case Type::BOOL: {
      const arrow::ArrayData& data = *column.data();
      for (int64_t row = 0; row < data.length; ++row) {
        keys[row] = arrow::bit_util::GetBit(data.buffers[1]->data(), data.offset + row) ? 1U : 0U;
      }
      return;
    }
    case Type::HALF_FLOAT:
      return LoadKeys<uint16_t>(column, keys, [](uint16_t bits) -> uint64_t {
        if ((bits & 0x7fff) > 0x7c00) return 0x7e00;
        return bits == 0x8000 ? 0 : bits;
      });
    case Type::FLOAT: return LoadKeys<float>(column, keys, RealKey<float, uint32_t>);
    case Type::DOUBLE: return LoadKeys<double>(column, keys, RealKey<double, uint64_t>);
    default: break;
  }
  switch (column.type()->byte_width()) {
    case 1: return LoadKeys<uint8_t>(column, keys, same);
    case 2: return LoadKeys<uint16_t>(column, keys, same);
    case 4: return LoadKeys<uint32_t>(column, keys, same);
    default: return LoadKeys<uint64_t>(column, keys, same);
  }
}

template <typename Value>
void StoreKeys(const PoolVector<uint64_t>& keys, int64_t count, uint8_t* out) {
  auto* values = reinterpret_cast<Value*>(out);
  for (int64_t i = 0; i < count; ++i) values[i] = static_cast<Value>(keys[i]);
}

class IntegerTable final : public ValueTable {
 public:
  IntegerTable(std::shared_ptr<arrow::DataType> type, arrow::MemoryPool* pool)
      : type_(std::move(type)), pool_(pool), slots_(pool), keys_(pool), batch_(pool) {
    std::random_device random;
    table_.seed = uint64_t{random()} << 32 | random();
  }

  Status Number(const arrow::ArrayVector& columns, uint32_t* ids) override {
    const arrow::Array& column = *columns[0];
    const int64_t rows = column.length();
    ARROW_RETURN_NOT_OK(batch_.ResizeUninitialized(rows));
    LoadKeys(column, batch_.data());
    const uint8_t* validity = column.null_count() > 0 ? column.null_bitmap_data() : nullptr;
    for (int64_t done = 0; done < rows;) {
      if (table_.num_ids == table_.max_ids) ARROW_RETURN_NOT_OK(Grow());
      done += kernels::FindOrAdd(batch_.data() + done, validity, column.offset() + done,
                                 rows - done, &table_, ids + done);
    }
    return Status::OK();
  }

  int64_t size() const override { return table_.num_ids; }
  int64_t bytes() const override { return slots_.bytes() + keys_.bytes() + batch_.bytes(); }

  Result<arrow::ArrayVector> Values() override {
    const int64_t count = table_.num_ids;
    const int width = type_->id() == Type::BOOL ? 0 : type_->byte_width();
    const int64_t bytes = width == 0 ? arrow::bit_util::BytesForBits(count) : count * width;
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> values,
                          arrow::AllocateBuffer(bytes, pool_));
    uint8_t* out = values->mutable_data();
    switch (width) {
      case 0:
        for (int64_t i = 0; i < count; ++i) arrow::bit_util::SetBitTo(out, i, keys_[i] != 0);
        break;
      case 1: StoreKeys<uint8_t>(keys_, count, out); break;
      case 2: StoreKeys<uint16_t>(keys_, count, out); break;
      case 4: StoreKeys<uint32_t>(keys_, count, out); break;
      default: StoreKeys<uint64_t>(keys_, count, out); break;
    }
    std::shared_ptr<arrow::Buffer> validity;
    if (table_.null_id != kNoId) {
      ARROW_ASSIGN_OR_RAISE(validity, arrow::AllocateBitmap(count, pool_));
      arrow::bit_util::SetBitsTo(validity->mutable_data(), 0, count, true);
      arrow::bit_util::ClearBit(validity->mutable_data(), table_.null_id);
    }
    return arrow::ArrayVector{arrow::MakeArray(arrow::ArrayData::Make(
        type_, count, {std::move(validity), std::move(values)}, table_.null_id != kNoId ? 1 : 0))};
  }

 private:
  // Half of the slots stay free. What is refused has changed nothing.
  Status Grow() {
    const int64_t slots = std::max(kFirstSlots, 2 * slots_.size());
    if (slots / 2 >= int64_t{kNoId}) {
      return MakeError(ErrorCode::kTooLarge, "there are more than 2^31 different values");
    }
    ARROW_RETURN_NOT_OK(keys_.Resize(slots / 2));
    slots_.Clear();  // the old ones are not needed to make the new ones
    if (Status status = slots_.ResizeUninitialized(slots); !status.ok()) {
      table_.slots = nullptr;
      return status;
    }
    table_.slots = slots_.data();
    table_.mask = static_cast<uint64_t>(slots) - 1;
    table_.keys = keys_.data();
    table_.max_ids = static_cast<uint32_t>(slots / 2);
    kernels::FillSlots(&table_);
    return Status::OK();
  }

  std::shared_ptr<arrow::DataType> type_;
  arrow::MemoryPool* pool_;
  PoolVector<HashSlot> slots_;
  PoolVector<uint64_t> keys_;
  PoolVector<uint64_t> batch_;
  kernels::HashSlots table_;
};

}  // namespace

bool FitsIntegerTable(const arrow::DataType& type) {
  switch (type.id()) {
    case Type::BOOL:
    case Type::HALF_FLOAT:
    case Type::FLOAT:
    case Type::DOUBLE:
    case Type::DATE32:
    case Type::DATE64:
    case Type::TIME32:
    case Type::TIME64:
    case Type::TIMESTAMP:
    case Type::DURATION:
    case Type::DECIMAL32:
    case Type::DECIMAL64: return true;
    default: return arrow::is_integer(type.id());
  }
}

Result<std::unique_ptr<ValueTable>> MakeIntegerTable(std::shared_ptr<arrow::DataType> type,
                                                     arrow::MemoryPool* pool) {
  return std::make_unique<IntegerTable>(std::move(type), pool);
}

}  // namespace headrace::shape
