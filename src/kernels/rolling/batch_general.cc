#include "kernels/rolling/batch_general.h"

#include <algorithm>

#include "kernels/rolling/order_window.h"
#include "kernels/rolling/rolling_family.h"

namespace headrace::kernels::rolling {

namespace {

// Blocks of w rows from `low` on. A window that ends in the block from s on is what it has of the
// block before (a suffix of it) and what it has of this one (a prefix):
//
//        low                s                  s + w
//   ──────┼──────────────────┼──────────────────┼──────
//              [─── suffix ──┼── prefix ──]
//              row-w+1                   row
//
// Ops: Append(State&, row), Prepend(State&, row).
template <class State, class Ops, class Emit>
void RollBlocks(int64_t window, int64_t low, int64_t from, int64_t to, State* suffixes,
                const Ops& ops, const Emit& emit) {
  for (int64_t s = low; s<to; s = to - s> window ? s + window : to) {
    const bool first_block = s == low;
    const int64_t block_end = to - s > window ? s + window : to;
    if (!first_block) {
      State suffix;
      for (int64_t row = s - 1; row > s - window; --row) {
        ops.Prepend(suffix, row);
        if (row + window <= block_end) suffixes[row + window - 1 - s] = suffix;
      }
    }
    State prefix;
    for (int64_t row = s; row < block_end; ++row) {
      ops.Append(prefix, row);
      if (row < from) continue;
      const bool has_suffix = !first_block && row < s + window - 1;
      emit(row, has_suffix ? State::Merge(suffixes[row - s], prefix) : prefix);
    }
  }
}

template <class State>
struct ValueOps {
  RollingColumn column;
  void Append(State& state, int64_t row) const {
    IsValid(column, row) ? state.Append(ValueAt(column, row)) : state.AppendNull();
  }
  void Prepend(State& state, int64_t row) const {
    IsValid(column, row) ? state.Prepend(ValueAt(column, row)) : state.PrependNull();
  }
};

struct EwmOps {
  RollingColumn column;
  double decay;
  void Append(EwmState& state, int64_t row) const {
    IsValid(column, row) ? state.Append(ValueAt(column, row), decay) : state.AppendNull(decay);
  }
  void Prepend(EwmState& state, int64_t row) const {
    IsValid(column, row) ? state.Prepend(ValueAt(column, row), decay) : state.PrependNull(decay);
  }
};

int64_t Low(const BatchJob& job, int64_t from) {
  return std::max(job.begin_row, from - job.spec().window + 1);
}

template <class State, class Ops, class Answerer>
void RollStates(const BatchJob& job, int64_t from, int64_t to, std::byte* scratch, const Ops& ops,
                const Answerer& answer) {
  RollBlocks(job.spec().window, Low(job, from), from, to, reinterpret_cast<State*>(scratch), ops,
             [&](int64_t row, const State& state) {
               for (uint32_t i : job.members) {
                 Write(job.outs[i], row - job.first_row, answer(job.specs[i], state, row));
               }
             });
}

void RollOrder(const BatchJob& job, int64_t from, int64_t to, std::byte* scratch) {
  for (uint32_t i : job.members) {
    const RollingSpec& spec = job.specs[i];
    const double quantile = spec.kind == RollingKind::kMedian ? 0.5 : spec.quantile;
    OrderWindow window(spec.window, quantile, scratch);
    for (int64_t row = Low(job, from); row < to; ++row) {
      window.Push(ValueAt(job.column, row), IsValid(job.column, row));
      if (row < from) continue;
      const bool too_few = TooFew(spec, static_cast<double>(window.count()));
      Write(job.outs[i], row - job.first_row, too_few ? Answer{} : Answer::Of(window.Quantile()));
    }
  }
}

// Rows of the window's first and last valid values. The first only moves on; nulls before it are
// passed once.
void RollEnds(const BatchJob& job, int64_t from, int64_t to) {
  const RollingColumn& column = job.column;
  const int64_t window = job.spec().window;
  const int64_t begin = Low(job, from);
  int64_t first = begin;
  int64_t last = begin - 1;
  int64_t count = 0;
  for (int64_t row = begin; row < to; ++row) {
    const int64_t low = row - window + 1;
    if (low > begin && IsValid(column, low - 1)) --count;
    if (IsValid(column, row)) {
      last = row;
      ++count;
    }
    if (row < from) continue;
    first = std::max(first, low);
    while (first < row && !IsValid(column, first)) ++first;
    for (uint32_t i : job.members) {
      const bool is_first = job.specs[i].kind == RollingKind::kFirst;
      Write(job.outs[i], row - job.first_row,
            TooFew(job.specs[i], static_cast<double>(count))
                ? Answer{}
                : Answer::Of(ValueAt(column, is_first ? first : last)));
    }
  }
}

void RollPositional(const BatchJob& job, int64_t from, int64_t to) {
  for (uint32_t i : job.members) {
    for (int64_t row = from; row < to; ++row) {
      Write(job.outs[i], row - job.first_row,
            Positional(job.specs[i], job.column, job.begin_row, row));
    }
  }
}

}  // namespace

void RollGeneral(const BatchJob& job, int64_t from, int64_t to, std::byte* scratch) noexcept {
  const RollingColumn& column = job.column;
  switch (FamilyOf(job.spec().kind)) {
    case Family::kBasic:
      return RollStates<BasicState>(
          job, from, to, scratch, ValueOps<BasicState>{column},
          [&](const RollingSpec& spec, const BasicState& state, int64_t row) {
            return Finish(spec, state, ValueAt(column, row), IsValid(column, row));
          });
    case Family::kShape:
      return RollStates<ShapeState>(
          job, from, to, scratch, ValueOps<ShapeState>{column},
          [](const RollingSpec& spec, const ShapeState& s, int64_t) { return Finish(spec, s); });
    case Family::kEwm:
      return RollStates<EwmState>(
          job, from, to, scratch, EwmOps{column, EwmDecay(job.spec())},
          [](const RollingSpec& spec, const EwmState& s, int64_t) { return Finish(spec, s); });
    case Family::kOrder: return RollOrder(job, from, to, scratch);
    case Family::kEnds: return RollEnds(job, from, to);
    case Family::kPositional: return RollPositional(job, from, to);
  }
}

size_t GeneralScratchBytes(const RollingSpec& spec, int64_t num_rows) noexcept {
  const auto rows = static_cast<size_t>(std::max<int64_t>(1, std::min(spec.window, num_rows)));
  switch (FamilyOf(spec.kind)) {
    case Family::kBasic:
    case Family::kShape:
    case Family::kEwm: return rows * sizeof(BasicState);
    case Family::kOrder: return OrderWindow::Bytes(spec.window);
    default: return 0;
  }
}

}  // namespace headrace::kernels::rolling
