#include "server/websocket/live_roster.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace headrace::server {
namespace {

struct Candidate {
  LiveProgress progress;
  uint64_t number;
  const LiveRoster::Place* place;
};

bool IsBefore(const Candidate& a, const Candidate& b) noexcept {
  const auto key = [](const Candidate& c) {
    return std::tuple(!c.progress.slow, -c.progress.rows_skipped, -c.progress.queued_bytes,
                      c.number);
  };
  return key(a) < key(b);
}

}  // namespace

LiveRoster::Place::Place(LiveRoster* roster, LiveName name)
    : roster_(roster), name_(std::move(name)), number_(roster->Add(this)) {}

LiveRoster::Place::~Place() { Leave(); }

LiveProgress LiveRoster::Place::Progress() const noexcept {
  return {.slow = slow,
          .queued_bytes = queued_bytes,
          .rows_sent = rows_sent,
          .rows_skipped = rows_skipped};
}

uint64_t LiveRoster::Add(const Place* place) {
  std::lock_guard lock(mutex_);
  places_.emplace(next_number_, place);
  return next_number_++;
}

void LiveRoster::Remove(uint64_t number) noexcept {
  std::lock_guard lock(mutex_);
  places_.erase(number);
}

std::vector<LiveRoster::Entry> LiveRoster::Slowest(size_t most) const {
  std::vector<Candidate> chosen;  // a heap, the last of them in front
  std::vector<Entry> entries;
  if (most == 0) return entries;
  std::lock_guard lock(mutex_);
  for (const auto& [number, place] : places_) {
    const Candidate candidate{place->Progress(), number, place};
    if (chosen.size() == most) {
      if (!IsBefore(candidate, chosen.front())) continue;
      std::pop_heap(chosen.begin(), chosen.end(), IsBefore);
      chosen.pop_back();
    }
    chosen.push_back(candidate);
    std::push_heap(chosen.begin(), chosen.end(), IsBefore);
  }
  std::sort_heap(chosen.begin(), chosen.end(), IsBefore);
  for (const auto& [progress, number, place] : chosen) {
    entries.push_back({.name = place->name(), .progress = progress});
  }
  return entries;
}

}  // namespace headrace::server
