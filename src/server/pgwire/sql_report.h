#pragma once

#include <string_view>

#include "headrace/status.h"
#include "server/pgwire/backend_message.h"

namespace headrace::server::pgwire {

/// A failure as PostgreSQL tells it: the SQLSTATE of the error table, or a finer one where
/// PostgreSQL has it; DuckDB's words without its drawing of the place, which becomes a position in
/// `query`. `statement` is the part of `query` that failed; where it is none, there is no position.
Report ReportOf(const Status& status, std::string_view query = {}, std::string_view statement = {});

}  // namespace headrace::server::pgwire
