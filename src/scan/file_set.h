#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "headrace/status.h"

namespace headrace::scan {

/// How a data file is read; by its extension.
enum class FileFormat { kParquet, kArrowFile, kArrowStream, kCsv, kNdjson };

/// The format that an extension stands for: kInvalidArgument, with all of them, for others.
Result<FileFormat> FormatOf(const std::string& path);

struct DataFile {
  std::string path;
  FileFormat format = FileFormat::kParquet;
  /// key=value folders between the directory that was asked for and the file, outermost first;
  /// decoded.
  std::vector<std::pair<std::string, std::string>> partition;
};

/// The files behind paths, directories and globs (`*`, `?`, `[a-z]`, `**` for any depth of
/// folders). A directory stands for all data files below it, by path; names that begin with `.` or
/// `_` are passed over, other foreign files are refused. Globs and directories are in the order of
/// bytes, so that a scan gives the same rows everywhere.
/// kUnknownName if a path or glob matches nothing, kInvalidArgument for a foreign file.
Result<std::vector<DataFile>> FindFiles(const std::vector<std::string>& paths);

}  // namespace headrace::scan
