#pragma once

#include <memory>
#include <string>

#include "server/http/socket_stream.h"

namespace headrace::server {

class IoThread;

/// A connection that no longer speaks HTTP. Thread rule: the I/O thread's that it was given to.
class UpgradedConnection {
 public:
  virtual ~UpgradedConnection() = default;
  /// Serves the connection to its end.
  virtual Awaitable<void> Run() = 0;
  virtual void CheckDeadline(Clock::time_point now) = 0;
  /// Ends it in good order, soon.
  virtual void Drain() = 0;
  /// Ends it at once.
  virtual void Abort() = 0;
};

/// What a handler leaves in its exchange for the connection to become something else. The answer to
/// the request is up to that.
class Upgrade {
 public:
  virtual ~Upgrade() = default;
  /// `early`: what the client sent behind its request.
  virtual std::unique_ptr<UpgradedConnection> Take(StreamSocket socket, std::string early,
                                                   IoThread* thread) = 0;
};

}  // namespace headrace::server
