#pragma once

#include <cstdint>
#include <functional>
#include <map>
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

class BarSources;

struct CatalogLimits {
  int64_t max_buffers = 10'000;
  int64_t max_files = 10'000;
  int64_t max_tables = 10'000;
};

/// What kind of source an entry is. The names of a kind live under its own prefix
/// ("buffers.sensor-data"), so that kinds cannot take each other's names.
enum class Kind { kBuffer, kFiles, kTable, kBars };

/// "buffers", "files", "tables", "bars": what stands before the dot.
std::string_view PrefixOf(Kind kind) noexcept;

/// One named thing that can be read.
struct Entry {
  Kind kind = Kind::kBuffer;
  std::string name;  ///< without the kind's prefix
  std::shared_ptr<Source> source;
  std::shared_ptr<Sink> sink;  ///< none: read only

  std::string full_name() const { return std::string(PrefixOf(kind)) + '.' + name; }
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

  /// Makes `files`, such as a Scan, the source `files.<name>`. kInvalidArgument for a bad name,
  /// kNameExists, kTooLarge as CreateBuffer().
  Status AddFiles(std::string name, std::shared_ptr<Source> files);

  /// Forgets the files; readers go on. kUnknownName if there are none of that name.
  Status DropFiles(std::string_view name);

  /// Makes `source` what the plain name means, as kFiles or kTable, in the place of files or a
  /// table of that name. Whether there were any. kInvalidArgument for a bad name, kNameExists if a
  /// buffer has it, kTooLarge as CreateBuffer().
  Result<bool> Put(Kind kind, std::string name, std::shared_ptr<Source> source);

  /// From now on the series that `bars` holds are sources: `bars.ES_5m` in any timeframe that they
  /// fill. List() has those that were made or asked for.
  void SetBars(std::shared_ptr<BarSources> bars);
  /// Null if nobody did.
  std::shared_ptr<BarSources> bars() const;

  /// Forgets what Find() finds under the name. kInvalidArgument for bars: their series are dropped,
  /// not one timeframe of them.
  Status Drop(std::string_view name);

  /// Everything, by full name: buffers, files, tables, then bars.
  std::vector<Entry> List() const;

  /// Any entry by its full name, "buffers.sensor-data" or "files.trips", or by its plain one where
  /// only one kind has it. kUnknownName, with the nearest name, if there is none; kInvalidArgument
  /// if there are several.
  Result<Entry> Find(std::string_view name) const;

 private:
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  using Sources = std::map<std::string, std::shared_ptr<Source>, std::less<>>;
  std::vector<Entry> Named(std::string_view name) const;
  Status NoSuchSource(std::string_view name) const;

  using Buffers =
      std::unordered_map<std::string, std::shared_ptr<LiveWindow>, Hash, std::equal_to<>>;

  MemoryBudget* const budget_;
  const CatalogLimits limits_;
  mutable std::shared_mutex mutex_;
  Buffers buffers_;
  Sources files_;
  Sources tables_;
  std::shared_ptr<BarSources> bars_;  // null: none
};

}  // namespace headrace::catalog
