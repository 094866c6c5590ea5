#include <algorithm>
#include <cstring>
#include <string_view>
#include <utility>

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/type.h>

#include "shape/accumulator.h"
#include "shape/pool_vector.h"

namespace headrace::shape {
namespace {

constexpr int64_t kWasteToKeep = 1 << 16;

// A string of a group, in the bytes that all groups share.
struct Held {
  int64_t offset = 0;
  int64_t length = -1;  // -1: none
  int64_t room = 0;
};

struct HeldPair {
  Held least;
  Held greatest;
};

// Least and greatest string of each group, by its bytes.
template <typename Type>
class BytesExtremes final : public Accumulator {
  using ArrayType = typename arrow::TypeTraits<Type>::ArrayType;

 public:
  BytesExtremes(std::shared_ptr<arrow::DataType> type, arrow::MemoryPool* pool)
      : type_(std::move(type)), pool_(pool), pairs_(pool), bytes_(pool) {}

  Status Resize(int64_t num_groups) override { return pairs_.Resize(num_groups); }

  Status Add(const arrow::Array& values, const uint32_t* groups) override {
    const auto& strings = static_cast<const ArrayType&>(values);
    for (int64_t row = 0; row < strings.length(); ++row) {
      if (strings.IsNull(row)) continue;
      ARROW_RETURN_NOT_OK(Take(strings.GetView(row), groups != nullptr ? groups[row] : 0));
    }
    return Status::OK();
  }

  Status Merge(Accumulator* other, const uint32_t* groups) override {
    const auto* from = static_cast<BytesExtremes*>(other);
    for (int64_t i = 0; i < from->pairs_.size(); ++i) {
      const HeldPair& pair = from->pairs_[i];
      if (pair.least.length < 0) continue;
      const int64_t group = groups != nullptr ? groups[i] : i;
      ARROW_RETURN_NOT_OK(Take(from->View(pair.least), group));
      ARROW_RETURN_NOT_OK(Take(from->View(pair.greatest), group));
    }
    return Status::OK();
  }

  Result<std::shared_ptr<arrow::Array>> Finish(const expr::Aggregate& aggregate) override {
    typename arrow::TypeTraits<Type>::BuilderType builder(type_, pool_);
    const bool least = aggregate.kind == expr::AggregateKind::kMin;
    for (int64_t group = 0; group < pairs_.size(); ++group) {
      const Held& held = least ? pairs_[group].least : pairs_[group].greatest;
      ARROW_RETURN_NOT_OK(held.length < 0 ? builder.AppendNull() : builder.Append(View(held)));
    }
    return builder.Finish();
  }

  int64_t bytes() const override { return pairs_.bytes() + bytes_.bytes(); }

 private:
  std::string_view View(const Held& held) const {
    return {reinterpret_cast<const char*>(bytes_.data()) + held.offset,
            static_cast<size_t>(held.length)};
  }

  Status Take(std::string_view value, int64_t group) {
    HeldPair& pair = pairs_[group];
    if (pair.least.length < 0 || value < View(pair.least)) {
      ARROW_RETURN_NOT_OK(Replace(value, &pair.least));
    }
    if (pair.greatest.length < 0 || value > View(pair.greatest)) {
      ARROW_RETURN_NOT_OK(Replace(value, &pair.greatest));
    }
    return Status::OK();
  }

  Status Replace(std::string_view value, Held* held) {
    const auto length = static_cast<int64_t>(value.size());
    if (length > held->room || held->length < 0) {
      waste_ += held->room;
      held->room = 0;
      held->length = -1;
      if (waste_ > bytes_.size() / 2 + kWasteToKeep) ARROW_RETURN_NOT_OK(Tidy());
      held->offset = bytes_.size();
      ARROW_RETURN_NOT_OK(bytes_.Append(
          {reinterpret_cast<const uint8_t*>(value.data()), static_cast<size_t>(length)}));
      held->room = length;
    } else if (length > 0) {
      std::memcpy(bytes_.data() + held->offset, value.data(), static_cast<size_t>(length));
    }
    held->length = length;
    return Status::OK();
  }

  // Copies what is still wanted.
  Status Tidy() {
    PoolVector<uint8_t> kept(pool_);
    ARROW_RETURN_NOT_OK(kept.Reserve(bytes_.size() - waste_));
    const auto keep = [&](Held* held) -> Status {
      if (held->length < 0) return Status::OK();
      const auto* from = bytes_.data() + held->offset;
      held->offset = kept.size();
      held->room = held->length;
      return kept.Append({from, static_cast<size_t>(held->length)});
    };
    for (int64_t group = 0; group < pairs_.size(); ++group) {
      ARROW_RETURN_NOT_OK(keep(&pairs_[group].least));
      ARROW_RETURN_NOT_OK(keep(&pairs_[group].greatest));
    }
    bytes_ = std::move(kept);
    waste_ = 0;
    return Status::OK();
  }

  std::shared_ptr<arrow::DataType> type_;
  arrow::MemoryPool* pool_;
  PoolVector<HeldPair> pairs_;
  PoolVector<uint8_t> bytes_;
  int64_t waste_ = 0;
};

}  // namespace

AccumulatorPtr MakeBytesExtremes(const std::shared_ptr<arrow::DataType>& type,
                                 arrow::MemoryPool* pool) {
  switch (type->id()) {
    case arrow::Type::STRING: return std::make_unique<BytesExtremes<arrow::StringType>>(type, pool);
    case arrow::Type::BINARY: return std::make_unique<BytesExtremes<arrow::BinaryType>>(type, pool);
    case arrow::Type::LARGE_STRING:
      return std::make_unique<BytesExtremes<arrow::LargeStringType>>(type, pool);
    case arrow::Type::LARGE_BINARY:
      return std::make_unique<BytesExtremes<arrow::LargeBinaryType>>(type, pool);
    default: return std::make_unique<BytesExtremes<arrow::FixedSizeBinaryType>>(type, pool);
  }
}

}  // namespace headrace::shape
