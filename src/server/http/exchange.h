#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "codec/json_rows.h"
#include "headrace/memory_budget.h"
#include "headrace/row_batch.h"
#include "server/http/json_body.h"
#include "server/http/request.h"
#include "server/http/response.h"

namespace headrace::server {

class Upgrade;

/// What handlers parse into; kept by a connection so that a steady stream of requests allocates
/// nothing.
struct Scratch {
  std::unique_ptr<codec::JsonRowsParser> rows_parser = std::make_unique<codec::JsonRowsParser>();
  RowBatch rows;
  std::vector<codec::JsonRowsParser::Member> members;
  JsonBody body;
  Reservation held;  ///< what all of it is known to take, beyond a connection's share
};

/// One request, its answer, and what lies between.
struct Exchange {
  Request request;
  Response response;
  Scratch scratch;
  std::shared_ptr<Upgrade> upgrade;  ///< instead of an answer; see upgrade.h
  int route = -1;                    ///< number of the route that was found, for the accounts

  /// A handler that is called on an I/O thread and finds its work long sets `wants_pool` and
  /// returns before it starts; it is called again on the pool.
  bool on_pool = false;
  bool wants_pool = false;

  bool peer_is_local = false;  ///< it can be given descriptors; as long as the connection lasts

  /// For a handler whose work is long in any case: true if it returns now, to be called again.
  bool LeaveToPool() noexcept {
    wants_pool = !on_pool;
    return wants_pool;
  }

  /// Set when nobody waits for the answer any more: work that takes long looks at it. It is there
  /// while a handler runs on the pool; one that makes a heavy stream elsewhere makes it.
  std::shared_ptr<std::atomic<bool>> abandoned;

  void Reset() {
    request.Reset();
    response.Reset();
    route = -1;
    on_pool = wants_pool = false;
    abandoned.reset();
    upgrade.reset();
  }
};

}  // namespace headrace::server
