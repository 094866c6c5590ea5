#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "headrace/status.h"

namespace headrace::scan {

/// How a data file is read; by its extension.
enum class FileFormat { kParquet, kArrowFile, kArrowStream, kCsv, kNdjson };

/// What a text file is packed with; by its last extension (`.csv.gz`, `.ndjson.zst`).
enum class FileCompression { kNone, kGzip, kZstd };

struct FileKind {
  FileFormat format = FileFormat::kParquet;
  FileCompression compression = FileCompression::kNone;
};

/// What the extensions of a path stand for: kInvalidArgument, with all of them, for others.
Result<FileKind> KindOf(const std::string& path);

struct DataFile {
  std::string path;
  FileKind kind;
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
