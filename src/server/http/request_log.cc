#include "server/http/request_log.h"

#include <spdlog/logger.h>

#include "server/http/exchange.h"
#include "server/http/route_table.h"

namespace headrace::server {

void LogRequest(spdlog::logger* log, const Exchange& exchange, std::chrono::nanoseconds duration) {
  if (log == nullptr) return;
  const Request& request = exchange.request;
  const Response& response = exchange.response;
  const double ms = std::chrono::duration<double, std::milli>(duration).count();
  if (response.status == 500) {
    log->error("http method={} target={} status=500 ms={:.3f} body={}", MethodName(request.method),
               request.target, ms, response.body);
  } else if (log->should_log(spdlog::level::debug)) {
    log->debug("http method={} target={} status={} in_bytes={} ms={:.3f}",
               MethodName(request.method), request.target, response.status, request.body.size(),
               ms);
  }
}

}  // namespace headrace::server
