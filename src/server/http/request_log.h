#pragma once

#include <chrono>

namespace spdlog {
class logger;
}

namespace headrace::server {

struct Exchange;

/// One line a request at level debug; an answer of 500 is told at level error. `log` may be null.
void LogRequest(spdlog::logger* log, const Exchange& exchange, std::chrono::nanoseconds duration);

}  // namespace headrace::server
