#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bars/ticks_to_bars.h"
#include "cli/file_load.h"
#include "codec/file_format.h"
#include "codec/format.h"
#include "delivery/row_choice.h"
#include "headrace/status.h"

namespace CLI {
class App;
}

namespace headrace::cli {

/// Where rows go, as commands that give rows take it.
struct RowOutputOptions {
  std::string path;                     ///< empty: stdout
  std::optional<codec::Format> format;  ///< none: `path`'s, a table for people, or CSV
  std::optional<codec::FileCompression> compression;  ///< none: by the name and the format
  std::vector<std::string> partition_by;              ///< columns that become folders of `path`
  bool table = false;                                 ///< asked for as a format
  int64_t rows_shown = 40;
};

/// What `headrace scan` was asked for.
struct ScanCommandOptions {
  std::vector<std::string> paths;
  std::optional<std::vector<std::string>> columns;
  std::string filter;
  std::vector<std::string> group_by;
  std::string aggregates;
  std::string order_by;
  int64_t offset = 0;
  std::optional<int64_t> limit;
  delivery::SampleRequest sample;
  delivery::DownsampleRequest downsample;
  int64_t memory_limit_bytes = 0;  ///< 0: MemoryBudget::DefaultLimitBytes()
  int threads = 0;                 ///< 0: one for each core
  bool ordered = true;
  bool explain = false;
  std::string source_file_column;
  RowOutputOptions output;
};

/// What `headrace sql` was asked for.
struct SqlCommandOptions {
  std::string sql;
  std::vector<std::string> parameters;
  std::vector<FileLoad> loads;
  std::string database;  ///< empty: in memory
  bool read_only = false;
  std::vector<std::string> allowed_dirs;  ///< whose files SQL may read and write
  int64_t memory_limit_bytes = 0;         ///< 0: MemoryBudget::DefaultLimitBytes()
  RowOutputOptions output;
};

/// What `headrace bars` was asked for.
struct BarsCommandOptions {
  std::vector<std::string> paths;
  std::string filter;
  bars::TicksToBarsOptions bars;
  int64_t memory_limit_bytes = 0;  ///< 0: MemoryBudget::DefaultLimitBytes()
  RowOutputOptions output;
};

/// What `headrace inspect` was asked for.
struct InspectCommandOptions {
  std::string path;
  bool pages = false;
  bool json = false;
};

/// The options of a command while the command line is read. They are filled when it was parsed.
class ScanArguments {
 public:
  explicit ScanArguments(CLI::App* app);
  ~ScanArguments();
  CLI::App* command() const noexcept { return command_; }
  /// kBadConfig, naming the option, for a value that breaks a rule.
  Result<ScanCommandOptions> Read() const;

  struct Texts;

 private:
  CLI::App* command_;
  std::unique_ptr<Texts> texts_;
};

class SqlArguments {
 public:
  explicit SqlArguments(CLI::App* app);
  ~SqlArguments();
  CLI::App* command() const noexcept { return command_; }
  Result<SqlCommandOptions> Read() const;

  struct Texts;

 private:
  CLI::App* command_;
  std::unique_ptr<Texts> texts_;
};

class BarsArguments {
 public:
  explicit BarsArguments(CLI::App* app);
  ~BarsArguments();
  CLI::App* command() const noexcept { return command_; }
  Result<BarsCommandOptions> Read() const;

  struct Texts;

 private:
  CLI::App* command_;
  std::unique_ptr<Texts> texts_;
};

class InspectArguments {
 public:
  explicit InspectArguments(CLI::App* app);
  CLI::App* command() const noexcept { return command_; }
  Result<InspectCommandOptions> Read() const;

 private:
  CLI::App* command_;
  InspectCommandOptions options_;
};

}  // namespace headrace::cli
