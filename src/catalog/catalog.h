#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "headrace/live_window.h"
#include "headrace/status.h"

namespace headrace {
class MemoryBudget;
}

namespace headrace::catalog {

struct CatalogLimits {
  int64_t max_buffers = 10'000;
};

/// What kind of source an entry is. The names of a kind live under its own prefix
/// ("buffers.sensor-data"), so that kinds cannot take each other's names.
enum class Kind { kBuffer };

/// One named thing that can be read.
struct Entry {
  Kind kind = Kind::kBuffer;
  std::string name;  ///< without the kind's prefix
  std::shared_ptr<Source> source;
  std::shared_ptr<Sink> sink;  ///< none: read only
};

/// The one place where names become sources. Thread rule: all methods may be called from any
/// thread. An entry that was given out stays usable after it was dropped here.
class Catalog {
 public:
  /// `budget` outlives the catalog and all that was read from its entries.
  explicit Catalog(MemoryBudget* budget, CatalogLimits limits = {});

  MemoryBudget* budget() const noexcept { return budget_; }

  /// Makes the live window `buffers.<options.name>`. kInvalidArgument for a bad name or option,
  /// kNameExists if there is one, kTooLarge if there are max_buffers already.
  Result<std::shared_ptr<LiveWindow>> CreateBuffer(LiveWindowOptions options);

  /// kUnknownName, with how to make one, if there is none. `name` is without prefix.
  Result<std::shared_ptr<LiveWindow>> FindBuffer(std::string_view name) const;

  /// All buffers by name.
  std::vector<std::shared_ptr<LiveWindow>> ListBuffers() const;

  /// Forgets the buffer; its memory goes when its last reader does. kUnknownName if there is none.
  Status DropBuffer(std::string_view name);

  int64_t num_buffers() const;

  /// Any entry by its full name, "buffers.sensor-data". kUnknownName if there is none.
  Result<Entry> Find(std::string_view full_name) const;

 private:
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  using Buffers =
      std::unordered_map<std::string, std::shared_ptr<LiveWindow>, Hash, std::equal_to<>>;

  MemoryBudget* const budget_;
  const CatalogLimits limits_;
  mutable std::shared_mutex mutex_;
  Buffers buffers_;
};

}  // namespace headrace::catalog
