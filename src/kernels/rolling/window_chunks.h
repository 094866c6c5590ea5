#pragma once

// The whole chunks in the middle of a long live window, in O(1) worst case a row.
//
// A column is cut into chunks of kChunkRows rows, at absolute row numbers. The window that ends in
// row r starts somewhere in chunk a and ends in the open chunk e; between them lie whole chunks:
//
//     chunk  a     a+1                             e-1     e
//          ··[head]│  whole  │  whole  │   …   │  whole  │ open ]
//
// head and open are looked at directly; this class answers for chunks a+1 … e-1. Boundaries lie at
// the multiples of `half`, which is half of the most whole chunks a window can have; B1 is the last
// boundary at or before e, B0 = B1 - half:
//
//                B0 - half        B0             B1          e
//     ──────────────┼──────────────┼──────────────┼──────────┤
//      a+1 < B0:       [── front ──┼───────── back0 ─────────┤
//      a+1 >= B0:                   [──── next ───┼── back1 ─┤
//
//  1. front[c] is the merge of chunks c … B0-1, for the chunks of [B0 - half, B0). It is complete.
//  2. next[c] is the same for B1. It is built from B1 downwards, two chunks whenever a chunk
//  closes,
//     and so is complete before a window starts at B0 (that takes half - 1 chunks).
//  3. back0 and back1 are the merges of chunks B0 … e-1 and B1 … e-1.
//  4. When e reaches B1 + half, next becomes front, back1 becomes back0, and the boundaries move
//  on.
//
// Hence nothing is ever taken out of a summary, and no row costs more than seven merges.

#include <algorithm>
#include <cstdint>
#include <utility>

#include "kernels/rolling/arena.h"

namespace headrace::kernels::rolling {

inline constexpr int kChunkShift = 6;
inline constexpr int64_t kChunkRows = int64_t{1} << kChunkShift;

inline int64_t ChunkOf(int64_t row) { return row >> kChunkShift; }

/// Half of the most whole chunks that a window of `window` rows holds, rounded up, at least 1.
inline int64_t HalfChunks(int64_t window) {
  const int64_t most = (window - 1 + kChunkRows - 1) / kChunkRows - 1;
  return std::max<int64_t>(1, (most + 1) / 2);
}

/// The last closed chunks of a column, shared by its windows, and the open one.
template <class State>
class ChunkRing {
 public:
  ChunkRing() = default;
  ChunkRing(int64_t longest_window, Arena& arena) {
    // `next` looks back to B0 from at most B1 + half / 2.
    int64_t size = 4;
    while (size < 2 * HalfChunks(longest_window) + 2) size *= 2;
    mask_ = size - 1;
    chunks_ = arena.Take<State>(size);
  }

  void Clear() {
    std::fill(chunks_, chunks_ + mask_ + 1, State{});
    open = State{};
  }
  void Close(int64_t chunk, const State& state) {
    chunks_[chunk & mask_] = state;
    open = State{};
  }
  const State& chunk(int64_t chunk) const { return chunks_[chunk & mask_]; }

  State open;  ///< of the rows of the open chunk so far

 private:
  State* chunks_ = nullptr;
  int64_t mask_ = 0;
};

template <class State>
class WindowChunks {
 public:
  WindowChunks() = default;
  WindowChunks(int64_t window, Arena& arena)
      : half_(HalfChunks(window)),
        front_(arena.Take<State>(half_)),
        next_(arena.Take<State>(half_)) {}

  /// `open` is the chunk of the first row to come.
  void Clear(int64_t open) {
    std::fill(front_, front_ + half_, State{});
    std::fill(next_, next_ + half_, State{});
    back0_ = back1_ = State{};
    boundary_ = open - (open % half_ + half_) % half_;
    built_ = half_;
  }

  /// Takes the chunk that has just been put in `ring`; chunk + 1 is the open one now.
  void Close(int64_t chunk, const ChunkRing<State>& ring) {
    back0_ = State::Merge(back0_, ring.chunk(chunk));
    back1_ = State::Merge(back1_, ring.chunk(chunk));
    if (chunk + 1 == boundary_ + half_) {
      boundary_ += half_;
      std::swap(front_, next_);
      back0_ = back1_;
      back1_ = State{};
      built_ = 0;
    }
    for (int step = 0; step < 2 && built_ < half_; ++step, ++built_) {
      const int64_t at = half_ - 1 - built_;
      const State& one = ring.chunk(boundary_ - half_ + at);
      next_[at] = built_ == 0 ? one : State::Merge(one, next_[at + 1]);
    }
  }

  /// The merge of chunks `first` (a + 1) to the last closed one.
  State Middle(int64_t first) const {
    const int64_t b0 = boundary_ - half_;
    if (first < b0) return State::Merge(front_[first - (b0 - half_)], back0_);
    if (first < boundary_) return State::Merge(next_[first - b0], back1_);
    return back1_;
  }

 private:
  int64_t half_ = 1;
  State* front_ = nullptr;
  State* next_ = nullptr;
  State back0_, back1_;
  int64_t boundary_ = 0;  ///< B1
  int64_t built_ = 0;     ///< how many of `next_` are done
};

}  // namespace headrace::kernels::rolling
