#include "kernels/rolling/stack_state.h"

#include <algorithm>

namespace headrace::kernels::rolling {

namespace {

// Specs of `family`, in order; specs with the window of an earlier one follow it into the same
// track, but for kOrder, where every spec has a track.
template <class T>
std::span<T> LayTracks(Family family, std::span<const RollingSpec> specs, Arena& arena) {
  const auto leads = [&](size_t i) {
    if (FamilyOf(specs[i].kind) != family) return false;
    return family == Family::kOrder ||
           std::none_of(specs.begin(), specs.begin() + static_cast<int64_t>(i),
                        [&](const RollingSpec& other) {
                          return FamilyOf(other.kind) == family && other.window == specs[i].window;
                        });
  };
  size_t count = 0;
  for (size_t i = 0; i < specs.size(); ++i) count += leads(i) ? 1 : 0;
  T* tracks = arena.Take<T>(static_cast<int64_t>(count));
  size_t at = 0;
  for (size_t i = 0; i < specs.size(); ++i) {
    if (!leads(i)) continue;
    auto* members = arena.Take<uint32_t>(static_cast<int64_t>(specs.size()));
    if (tracks == nullptr) continue;
    size_t members_count = 0;
    for (size_t j = i; j < specs.size(); ++j) {
      const bool same = family == Family::kOrder ? j == i
                                                 : FamilyOf(specs[j].kind) == family &&
                                                       specs[j].window == specs[i].window;
      if (same) members[members_count++] = static_cast<uint32_t>(j);
    }
    tracks[at].window = specs[i].window;
    tracks[at++].members = {members, members_count};
  }
  return {tracks, tracks == nullptr ? 0 : count};
}

// Calls lay(index of the track, window) for each window of `family` beyond kDirectRows, also while
// the arena only counts and there are no tracks yet.
template <class Lay>
int64_t ForEachLongWindow(Family family, std::span<const RollingSpec> specs, const Lay& lay) {
  int64_t longest = 0;
  size_t track = 0;
  for (size_t i = 0; i < specs.size(); ++i) {
    if (FamilyOf(specs[i].kind) != family) continue;
    const bool again = std::any_of(
        specs.begin(), specs.begin() + static_cast<int64_t>(i), [&](const RollingSpec& other) {
          return FamilyOf(other.kind) == family && other.window == specs[i].window;
        });
    if (again) continue;
    if (specs[i].window > kDirectRows) {
      lay(track, specs[i].window);
      longest = std::max(longest, specs[i].window);
    }
    ++track;
  }
  return longest;
}

std::span<const uint32_t> LayPositional(std::span<const RollingSpec> specs, Arena& arena) {
  auto* members = arena.Take<uint32_t>(static_cast<int64_t>(specs.size()));
  size_t count = 0;
  for (size_t i = 0; i < specs.size() && members != nullptr; ++i) {
    if (FamilyOf(specs[i].kind) == Family::kPositional) members[count++] = static_cast<uint32_t>(i);
  }
  return {members, count};
}

// The chunks of every long window of a family, and the ring that they share.
template <class State, class T>
bool LayChunks(Family family, std::span<const RollingSpec> specs, std::span<T> tracks,
               ChunkRing<State>& ring, Arena& arena) {
  const int64_t longest = ForEachLongWindow(family, specs, [&](size_t track, int64_t window) {
    WindowChunks<State> chunks(window, arena);
    if (!tracks.empty()) tracks[track].chunks = chunks;
  });
  if (longest == 0) return false;
  ring = ChunkRing<State>(longest, arena);
  return true;
}

}  // namespace

StackState::StackState(std::span<const RollingSpec> stack_specs, Arena& arena)
    : specs(stack_specs),
      basic(LayTracks<BasicTrack>(Family::kBasic, specs, arena)),
      shape(LayTracks<ShapeTrack>(Family::kShape, specs, arena)),
      ewm(LayTracks<EwmTrack>(Family::kEwm, specs, arena)),
      ends(LayTracks<EndsTrack>(Family::kEnds, specs, arena)),
      order(LayTracks<OrderTrack>(Family::kOrder, specs, arena)),
      positional(LayPositional(specs, arena)) {
  for (const RollingSpec& spec : specs) longest_window = std::max(longest_window, spec.window);
  basic_chunks = LayChunks(Family::kBasic, specs, basic, basic_ring, arena);
  shape_chunks = LayChunks(Family::kShape, specs, shape, shape_ring, arena);
  ForEachLongWindow(Family::kEwm, specs, [&](size_t track, int64_t window) {
    const ChunkRing<EwmState> ring(window, arena);
    const WindowChunks<EwmState> chunks(window, arena);
    if (ewm.empty()) return;
    ewm[track].ring = ring;
    ewm[track].chunks = chunks;
  });
  for (EwmTrack& track : ewm) track.decay = EwmDecay(specs[track.members[0]]);
  size_t next = 0;
  for (const RollingSpec& spec : specs) {
    if (FamilyOf(spec.kind) != Family::kOrder) continue;
    auto* memory = arena.Take<std::byte>(static_cast<int64_t>(OrderWindow::Bytes(spec.window)));
    auto* window = arena.TakeRoom<OrderWindow>();
    if (order.empty()) continue;
    const double quantile = spec.kind == RollingKind::kMedian ? 0.5 : spec.quantile;
    order[next++].order = new (window) OrderWindow(spec.window, quantile, memory);
  }
  if (!arena.counting()) Clear(0);
  begin_row = -1;
}

void StackState::Clear(int64_t row) {
  begin_row = row;
  const int64_t open = ChunkOf(row);
  if (basic_chunks) basic_ring.Clear();
  if (shape_chunks) shape_ring.Clear();
  for (BasicTrack& track : basic) {
    if (!track.direct()) track.chunks.Clear(open);
  }
  for (ShapeTrack& track : shape) {
    if (!track.direct()) track.chunks.Clear(open);
  }
  for (EwmTrack& track : ewm) {
    if (track.direct()) continue;
    track.ring.Clear();
    track.chunks.Clear(open);
  }
  for (EndsTrack& track : ends) {
    track.first_valid = row;
    track.last_valid = -1;
    track.count = 0;
  }
  for (OrderTrack& track : order) track.order->Clear();
}

}  // namespace headrace::kernels::rolling
