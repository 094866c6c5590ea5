#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "headrace/status.h"

namespace headrace::server::pgwire {

/// A statement that is the session's own affair, not the executor's, or that the executor would not
/// understand as it stands.
struct SessionCommand {
  enum Kind {
    kSet,    ///< `name` to `value`; no value: its default
    kShow,   ///< `name`, or all settings if it is "all"
    kBegin,  ///< `sql` is what the executor gets
    kCommit,
    kRollback,
    kResetAll,    ///< every setting to its default
    kDiscard,     ///< statements and settings
    kDeallocate,  ///< statement `name`, or all if it is empty
    kNothing,     ///< accepted, without anything to do
  };
  Kind kind = kNothing;
  std::string name;
  std::optional<std::string> value;
  std::string tag;  ///< of its CommandComplete
  std::string sql;
};

/// None for what the executor runs. kNotImplemented for what neither can: savepoints, cursors.
Result<std::optional<SessionCommand>> ReadSessionCommand(std::string_view statement);

/// "CREATE TABLE", "DROP SCHEMA", "SELECT": the words of a statement that its tag begins with.
std::string CommandTag(std::string_view statement);

}  // namespace headrace::server::pgwire
