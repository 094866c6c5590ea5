#include "kernels/rolling/rolling.h"

#include <algorithm>

#include "testing/rolling_oracle.h"

namespace headrace::kernels {

void Roll(const RollingSpec& spec, RollingColumn column, int64_t begin_row, int64_t first_row,
          int64_t end_row, RollingOutput out, std::span<std::byte>) noexcept {
  for (int64_t row = first_row; row < end_row; ++row) {
    bool exists = false;
    const int64_t at = row - first_row;
    out.values[at] = testing::NaiveRolling(spec, column, begin_row, row, &exists);
    if (out.validity == nullptr) continue;
    const auto bit = static_cast<uint8_t>(1u << (at % 8));
    uint8_t& byte = out.validity[at / 8];
    byte = static_cast<uint8_t>(exists ? byte | bit : byte & ~bit);
  }
}

size_t RollScratchBytes(const RollingSpec&, int64_t) noexcept { return 64; }

void RollStack(std::span<const RollingSpec> specs, RollingColumn column, int64_t begin_row,
               int64_t first_row, int64_t end_row, std::span<const RollingOutput> outs,
               std::span<std::byte> scratch) noexcept {
  for (size_t i = 0; i < specs.size(); ++i) {
    Roll(specs[i], column, begin_row, first_row, end_row, outs[i], scratch);
  }
}

size_t RollStackScratchBytes(std::span<const RollingSpec>, int64_t) noexcept { return 64; }

struct RollingStack::State {
  std::span<const RollingSpec> specs;
  int64_t begin_row = -1;
};

size_t RollingStack::StateBytes(std::span<const RollingSpec>) noexcept { return sizeof(State); }

RollingStack::RollingStack(std::span<const RollingSpec> specs, std::span<std::byte> state) noexcept
    : state_(new (state.data()) State{.specs = specs}) {}

void RollingStack::Rebuild(RollingColumn, int64_t begin_row, int64_t end_row) noexcept {
  state_->begin_row = begin_row == end_row ? -1 : begin_row;
}

void RollingStack::Push(RollingColumn column, int64_t row, double* out, bool* exists) noexcept {
  if (state_->begin_row < 0) state_->begin_row = row;
  for (size_t i = 0; i < state_->specs.size(); ++i) {
    bool has = false;
    out[i] = testing::NaiveRolling(state_->specs[i], column, state_->begin_row, row, &has);
    if (exists != nullptr) exists[i] = has;
  }
}

const char* RollingTargetName() noexcept { return "none"; }

}  // namespace headrace::kernels
