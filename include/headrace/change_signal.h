#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <vector>

namespace headrace {

/// Is told that a source has changed. Called on the thread that made the change, which waits for
/// it: it wakes whoever wants to know and returns. It must not call the source or the signal.
class ChangeListener {
 public:
  virtual ~ChangeListener() = default;
  /// The change can be read by now. `position` is that of the signal.
  virtual void OnChange(int64_t position) noexcept = 0;
};

/// How a source tells that it has changed, without knowing whom. A change costs the one who makes
/// it two atomic operations, and one call for each listener.
///
/// Who listens and then reads misses nothing: a change is either in what is read, or told after
/// Add(). Thread rule: all methods may be called from any thread.
class ChangeSignal {
 public:
  /// `listener` is called until Remove() has returned.
  void Add(ChangeListener* listener);
  void Remove(ChangeListener* listener);

  /// The source has so many rows more, or (0) changed otherwise. Comes after the change.
  void Notify(int64_t rows) noexcept;
  /// The source was dropped: nothing comes any more.
  void End() noexcept;

  /// Grows with every change, by the rows that it brought and at least by 1.
  int64_t position() const noexcept { return position_.load(); }
  bool ended() const noexcept { return ended_.load(); }

 private:
  // Both are sequentially consistent: of a change and an Add() at the same time, one sees the
  // other.
  std::atomic<int64_t> position_{0};
  std::atomic<int> num_listeners_{0};
  std::atomic<bool> ended_{false};
  std::mutex mutex_;
  std::vector<ChangeListener*> listeners_;
};

}  // namespace headrace
