#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "delivery/table_request.h"
#include "headrace/status.h"

namespace headrace::delivery {

/// Where the next page of a request begins, as clients carry it around: `r<position>-<16 hex
/// digits>`. The digits stand for the source, its epoch and what decides which rows there are, so
/// that a cursor is refused where it would mean other rows. Columns, format and limit may differ
/// from page to page.
struct Cursor {
  /// 'r': number of a row in the source. 'o': rows of the result, which has no such numbers.
  char kind = 'r';
  int64_t position = 0;
  uint64_t request = 0;  ///< RequestHash() of the request that it goes on with

  std::string ToString() const;
  /// kInvalidArgument, located as {"cursor"}, for text that is no cursor.
  static Result<Cursor> Parse(std::string_view text);
};

/// `name` is the source's full name.
uint64_t RequestHash(const TableRequest& request, std::string_view name, uint64_t epoch);

/// FNV-1a of `bytes`, going on from `hash`.
uint64_t HashBytes(std::string_view bytes, uint64_t hash = 0xcbf29ce484222325);

}  // namespace headrace::delivery
