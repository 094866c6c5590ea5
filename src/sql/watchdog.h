#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include <duckdb.h>

namespace headrace::sql {

/// Interrupts statements whose caller has left or whose time is up: DuckDB computes on threads of
/// its own and asks nobody. Thread rule: all methods may be called from any thread.
class Watchdog {
 public:
  using Clock = std::chrono::steady_clock;
  struct Watched {
    duckdb_connection connection = nullptr;
    std::shared_ptr<std::atomic<bool>> stop;
    std::optional<Clock::time_point> deadline;
    bool timed_out = false;
  };

  Watchdog();
  ~Watchdog();

  /// Watches a connection as long as this lives.
  class Watch {
   public:
    Watch() = default;
    Watch(Watch&& other) noexcept;
    Watch& operator=(Watch&& other) noexcept;
    ~Watch() { End(); }
    void End();
    /// Whether its time was up.
    bool timed_out() const;

   private:
    friend class Watchdog;
    Watchdog* dog_ = nullptr;
    std::list<Watched>::iterator place_;
  };
  Watch Begin(Watched watched);

 private:
  void Run();
  std::mutex mutex_;
  std::condition_variable changed_;
  std::list<Watched> watched_;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace headrace::sql
