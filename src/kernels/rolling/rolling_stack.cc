// The incremental form. Everything that Push does runs behind one dispatched call.

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/rolling/rolling_stack.cc"
#include <algorithm>
#include <bit>

#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "kernels/rolling/dense_rows.h"
#include "kernels/rolling/dense_summary-inl.h"
#include "kernels/rolling/rolling.h"
#include "kernels/rolling/stack_state.h"

HWY_BEFORE_NAMESPACE();
namespace headrace::kernels::rolling {
namespace HWY_NAMESPACE {

BasicState Basic(const DenseRows& rows) {
  return rows.count == 0 ? BasicState{} : SummariseBasic(rows.values, rows.count);
}

ShapeState Shape(const DenseRows& rows) {
  return rows.count == 0 ? ShapeState{} : SummariseShape(rows.values, rows.count);
}

// Weights depend on the place of a row, so nulls stay in their places.
EwmState Ewm(const RollingColumn& column, int64_t low, int64_t high, double decay) {
  EwmState state;
  for (int64_t row = low; row < high; ++row) {
    IsValid(column, row) ? state.Append(ValueAt(column, row), decay) : state.AppendNull(decay);
  }
  return state;
}

// A row with its column, and where its answers go.
struct Row {
  RollingColumn column;
  int64_t row;
  int64_t begin;  // first row known
  double value;
  bool valid;
  double* out;
  bool* exists;

  void Put(uint32_t spec, Answer answer) const {
    out[spec] = answer.value;
    if (exists != nullptr) exists[spec] = answer.exists;
  }
  int64_t Low(const Track& track) const { return std::max(begin, row - track.window + 1); }
  // The chunk in which the window starts; it may lie before the first row known, then it is empty.
  int64_t StartChunk(const Track& track) const { return ChunkOf(row - track.window + 1); }
};

// The state of a window: looked at anew if short, else its head + whole chunks + the open chunk.
template <class State, class T, class Summarise>
State WindowState(const Row& at, const T& track, const State& open, const Summarise& summarise) {
  if (track.direct()) return summarise(at.Low(track), at.row + 1);
  const int64_t start = at.StartChunk(track);
  const State head = summarise(at.Low(track), (start + 1) * kChunkRows);
  return State::Merge(head, State::Merge(track.chunks.Middle(start + 1), open));
}

void PushBasic(StackState& stack, const Row& at) {
  HWY_ALIGN double buffer[kChunkRows];
  if (stack.basic_chunks && at.valid) stack.basic_ring.open.Append(at.value);
  for (const BasicTrack& track : stack.basic) {
    const BasicState state = WindowState(
        at, track, stack.basic_ring.open,
        [&](int64_t low, int64_t high) { return Basic(Gather(at.column, low, high, buffer)); });
    for (uint32_t i : track.members) at.Put(i, Finish(stack.specs[i], state, at.value, at.valid));
  }
}

void PushShape(StackState& stack, const Row& at) {
  double buffer[kChunkRows];
  if (stack.shape_chunks && at.valid) stack.shape_ring.open.Append(at.value);
  for (const ShapeTrack& track : stack.shape) {
    const ShapeState state = WindowState(
        at, track, stack.shape_ring.open,
        [&](int64_t low, int64_t high) { return Shape(Gather(at.column, low, high, buffer)); });
    for (uint32_t i : track.members) at.Put(i, Finish(stack.specs[i], state));
  }
}

void PushEwm(StackState& stack, const Row& at) {
  for (EwmTrack& track : stack.ewm) {
    if (!track.direct()) {
      at.valid ? track.ring.open.Append(at.value, track.decay)
               : track.ring.open.AppendNull(track.decay);
    }
    const EwmState state = WindowState(at, track, track.ring.open, [&](int64_t low, int64_t high) {
      return Ewm(at.column, low, high, track.decay);
    });
    for (uint32_t i : track.members) at.Put(i, Finish(stack.specs[i], state));
  }
}

void PushEnds(StackState& stack, const Row& at) {
  for (EndsTrack& track : stack.ends) {
    // Where there are valid rows, first_valid is the first of them: when it leaves, one less is
    // left.
    const int64_t low = at.Low(track);
    if (track.first_valid < low) {
      if (track.count > 0) --track.count;
      track.first_valid = low;
    }
    if (at.valid) {
      track.last_valid = at.row;
      ++track.count;
    }
    while (track.first_valid < at.row && !IsValid(at.column, track.first_valid))
      ++track.first_valid;
    for (uint32_t i : track.members) {
      const RollingSpec& spec = stack.specs[i];
      const int64_t row = spec.kind == RollingKind::kFirst ? track.first_valid : track.last_valid;
      at.Put(i, TooFew(spec, static_cast<double>(track.count))
                    ? Answer{}
                    : Answer::Of(ValueAt(at.column, row)));
    }
  }
}

void PushOrder(StackState& stack, const Row& at) {
  for (OrderTrack& track : stack.order) {
    const uint32_t i = track.members[0];
    track.order->Push(at.value, at.valid);
    const bool too_few = TooFew(stack.specs[i], static_cast<double>(track.order->count()));
    at.Put(i, too_few ? Answer{} : Answer::Of(track.order->Quantile()));
  }
}

// Summaries of a chunk whose last row has come; a chunk's summary never depends on how its rows
// came.
void CloseChunk(StackState& stack, const RollingColumn& column, int64_t chunk) {
  HWY_ALIGN double buffer[kChunkRows];
  const int64_t high = (chunk + 1) * kChunkRows;
  const int64_t low = std::max(stack.begin_row, high - kChunkRows);
  if (stack.basic_chunks || stack.shape_chunks) {
    const DenseRows rows = Gather(column, low, high, buffer);
    if (stack.basic_chunks) stack.basic_ring.Close(chunk, Basic(rows));
    if (stack.shape_chunks) stack.shape_ring.Close(chunk, Shape(rows));
  }
  for (BasicTrack& track : stack.basic) {
    if (!track.direct()) track.chunks.Close(chunk, stack.basic_ring);
  }
  for (ShapeTrack& track : stack.shape) {
    if (!track.direct()) track.chunks.Close(chunk, stack.shape_ring);
  }
  for (EwmTrack& track : stack.ewm) {
    if (track.direct()) continue;
    track.ring.Close(chunk, Ewm(column, low, high, track.decay));
    track.chunks.Close(chunk, track.ring);
  }
}

void PushRow(StackState& stack, const RollingColumn& column, int64_t row, double* out,
             bool* exists) {
  if (stack.begin_row < 0) stack.Clear(row);
  const Row at{column, row,   stack.begin_row, ValueAt(column, row), IsValid(column, row),
               out,    exists};
  if (!stack.basic.empty()) PushBasic(stack, at);
  if (!stack.shape.empty()) PushShape(stack, at);
  if (!stack.ewm.empty()) PushEwm(stack, at);
  if (!stack.ends.empty()) PushEnds(stack, at);
  if (!stack.order.empty()) PushOrder(stack, at);
  for (uint32_t i : stack.positional) {
    at.Put(i, Positional(stack.specs[i], column, stack.begin_row, row));
  }
  if (row % kChunkRows == kChunkRows - 1) CloseChunk(stack, column, ChunkOf(row));
}

void RebuildEnds(EndsTrack& track, const RollingColumn& column, int64_t begin, int64_t end) {
  // As after the push of row end - 1.
  track.first_valid = std::max(begin, end - track.window);
  for (int64_t row = track.first_valid; row < end; ++row) {
    if (!IsValid(column, row)) continue;
    if (track.count++ == 0) track.first_valid = row;
    track.last_valid = row;
  }
}

void RebuildRows(StackState& stack, const RollingColumn& column, int64_t begin, int64_t end) {
  // Rows that no later window holds are left out: only whole chunks, so that the rest comes out the
  // same.
  const int64_t needed = std::max(begin, end - stack.longest_window);
  const int64_t first_chunk = ChunkOf(needed);
  stack.Clear(first_chunk * kChunkRows);
  stack.begin_row = begin;
  for (int64_t chunk = first_chunk; chunk < ChunkOf(end); ++chunk) CloseChunk(stack, column, chunk);
  for (int64_t row = std::max(begin, ChunkOf(end) * kChunkRows); row < end; ++row) {
    const double value = ValueAt(column, row);
    const bool valid = IsValid(column, row);
    if (stack.basic_chunks && valid) stack.basic_ring.open.Append(value);
    if (stack.shape_chunks && valid) stack.shape_ring.open.Append(value);
    for (EwmTrack& track : stack.ewm) {
      if (track.direct()) continue;
      valid ? track.ring.open.Append(value, track.decay) : track.ring.open.AppendNull(track.decay);
    }
  }
  for (EndsTrack& track : stack.ends) RebuildEnds(track, column, begin, end);
  for (OrderTrack& track : stack.order) {
    for (int64_t row = std::max(begin, end - track.window); row < end; ++row) {
      track.order->Push(ValueAt(column, row), IsValid(column, row));
    }
  }
}

const char* TargetName() { return hwy::TargetName(HWY_TARGET); }

}  // namespace HWY_NAMESPACE
}  // namespace headrace::kernels::rolling
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

#include <new>

namespace headrace::kernels {

namespace rolling {
HWY_EXPORT(PushRow);
HWY_EXPORT(RebuildRows);
HWY_EXPORT(TargetName);
}  // namespace rolling

struct RollingStack::State : rolling::StackState {
  using StackState::StackState;
};

namespace {
constexpr size_t kHeaderBytes = (sizeof(rolling::StackState) + 63) / 64 * 64;
}

size_t RollingStack::StateBytes(std::span<const RollingSpec> specs) noexcept {
  rolling::Arena arena(nullptr);
  const rolling::StackState measured(specs, arena);
  return kHeaderBytes + arena.used();
}

RollingStack::RollingStack(std::span<const RollingSpec> specs,
                           std::span<std::byte> state) noexcept {
  rolling::Arena arena(state.data() + kHeaderBytes);
  state_ = new (state.data()) State(specs, arena);
}

void RollingStack::Rebuild(RollingColumn column, int64_t begin_row, int64_t end_row) noexcept {
  state_->Clear(begin_row);
  state_->begin_row = -1;
  if (begin_row == end_row) return;
  HWY_DYNAMIC_DISPATCH(rolling::RebuildRows)(*state_, column, begin_row, end_row);
}

void RollingStack::Push(RollingColumn column, int64_t row, double* out, bool* exists) noexcept {
  HWY_DYNAMIC_DISPATCH(rolling::PushRow)(*state_, column, row, out, exists);
}

const char* RollingTargetName() noexcept { return HWY_DYNAMIC_DISPATCH(rolling::TargetName)(); }

}  // namespace headrace::kernels

#endif  // HWY_ONCE
