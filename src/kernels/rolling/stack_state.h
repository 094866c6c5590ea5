#pragma once

// What a RollingStack keeps: for each family the windows that its specs ask for, once each.

#include <cstdint>
#include <span>

#include "kernels/rolling/arena.h"
#include "kernels/rolling/order_window.h"
#include "kernels/rolling/rolling.h"
#include "kernels/rolling/rolling_family.h"
#include "kernels/rolling/window_chunks.h"

namespace headrace::kernels::rolling {

/// Windows up to this many rows are looked at anew for each row; that costs less than keeping them.
inline constexpr int64_t kDirectRows = kChunkRows;

/// One window of one family and the specs that it answers.
struct Track {
  int64_t window = 1;
  std::span<const uint32_t> members;

  bool direct() const { return window <= kDirectRows; }
};
struct BasicTrack : Track {
  WindowChunks<BasicState> chunks;
};
struct ShapeTrack : Track {
  WindowChunks<ShapeState> chunks;
};
/// The decay depends on the window, so the chunks cannot be shared with other windows.
struct EwmTrack : Track {
  double decay = 0;
  ChunkRing<EwmState> ring;
  WindowChunks<EwmState> chunks;
};
/// first and last.
struct EndsTrack : Track {
  int64_t first_valid = 0;  ///< no row of the window before it is valid
  int64_t last_valid = -1;
  int64_t count = 0;
};
/// One spec each, as the quantile is part of the structure.
struct OrderTrack : Track {
  OrderWindow* order = nullptr;
};

struct StackState {
  StackState(std::span<const RollingSpec> stack_specs, Arena& arena);

  /// Forgets all rows; `row` is the next one.
  void Clear(int64_t row);

  std::span<const RollingSpec> specs;
  std::span<BasicTrack> basic;
  std::span<ShapeTrack> shape;
  std::span<EwmTrack> ewm;
  std::span<EndsTrack> ends;
  std::span<OrderTrack> order;
  std::span<const uint32_t> positional;  ///< specs that look at single rows
  int64_t longest_window = 1;
  bool basic_chunks = false;  ///< some basic track has a window beyond kDirectRows
  bool shape_chunks = false;
  ChunkRing<BasicState> basic_ring;
  ChunkRing<ShapeState> shape_ring;
  int64_t begin_row = -1;  ///< first row known; -1: none yet
};

}  // namespace headrace::kernels::rolling
