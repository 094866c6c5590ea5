#include "scan/file_table.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include <arrow/scalar.h>
#include <arrow/type.h>
#include <fmt/format.h>
#include <parquet/metadata.h>

#include "headrace/error_code.h"
#include "scan/input_file.h"
#include "scan/parquet_border.h"
#include "scan/schema_union.h"

namespace headrace::scan {
namespace {

constexpr size_t kMaxOpenFiles = 256;
constexpr int64_t kFooterShare = 8;   // of the limit: kept for files that stay open
constexpr int64_t kParsedFooter = 8;  // bytes in memory for a byte of the footer, about
constexpr int64_t kUsualDictionary = 1 << 20;
constexpr std::string_view kNullFolder = "__HIVE_DEFAULT_PARTITION__";

Result<std::shared_ptr<const ParquetFile>> OpenFile(const std::string& path,
                                                    arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(auto opened, OpenInputFile(path, pool));
  return ParquetFile::Open(path, std::move(opened), pool);
}

bool IsInteger(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() &&
         std::to_string(value) == text;  // "007" is a name, not a number
}

// Text is cut without counting its rows.
bool KnowsRowsWithin(const FileTable::File& file) {
  return file.num_rows >= 0 && (file.batches == nullptr || file.batches->facts().numbers_rows);
}

}  // namespace

Result<std::shared_ptr<const FileTable>> FileTable::Make(const ScanOptions& options,
                                                         MemoryBudget* pool) {
  auto table = std::shared_ptr<FileTable>(new FileTable());
  table->options_ = options;
  table->footers_ = pool->Reserve("footers");
  ARROW_ASSIGN_OR_RAISE(auto found, FindFiles(options.paths));
  for (DataFile& file : found) ARROW_RETURN_NOT_OK(table->AddFile(std::move(file), pool));
  ARROW_RETURN_NOT_OK(table->MakeSchema());
  table->NumberRows();
  return table;
}

Status FileTable::AddFile(DataFile found, MemoryBudget* pool) {
  if (found.kind.format != FileFormat::kParquet) return AddBatchFile(std::move(found), pool);
  ARROW_ASSIGN_OR_RAISE(auto parquet, OpenFile(found.path, pool));
  File file;
  file.found = std::move(found);
  file.num_rows = parquet->metadata().num_rows();
  file.num_row_groups = parquet->num_row_groups();
  ARROW_ASSIGN_OR_RAISE(file.num_bytes, parquet->file()->GetSize());
  // Files of one kind share their schema.
  const bool same = !files_.empty() && files_.back().schema->Equals(*parquet->schema());
  file.schema = same ? files_.back().schema : parquet->schema();
  ARROW_RETURN_NOT_OK(AtParquetBorder(FilePlace{.path = file.found.path}, [&] {
    AddNeeds(*parquet);
    return Status::OK();
  }));
  const int64_t bytes = parquet->metadata().size() * kParsedFooter;
  if (files_.size() < kMaxOpenFiles &&
      footer_bytes_ + bytes <= pool->limit_bytes() / kFooterShare) {
    footer_bytes_ += bytes;
    ARROW_RETURN_NOT_OK(footers_.Resize(footer_bytes_));
    file.parquet = std::move(parquet);
  }
  files_.push_back(std::move(file));
  return Status::OK();
}

Status FileTable::AddBatchFile(DataFile found, MemoryBudget* pool) {
  File file;
  ARROW_ASSIGN_OR_RAISE(file.batches, BatchFile::Open(found, pool));
  const BatchFile::Facts& facts = file.batches->facts();
  file.found = std::move(found);
  file.schema = facts.schema;
  file.num_rows = facts.num_rows;
  file.num_bytes = facts.num_bytes;
  file.num_row_groups = facts.num_record_batches;
  thread_bytes_ = std::max(thread_bytes_, facts.thread_bytes);
  for (int i = 0; i < facts.schema->num_fields(); ++i) {
    AddNeed(facts.schema->field(i)->name(), facts.needs[static_cast<size_t>(i)]);
  }
  files_.push_back(std::move(file));
  return Status::OK();
}

// The heaviest row group of each file stands for the others.
void FileTable::AddNeeds(const ParquetFile& file) {
  int heaviest = -1;
  int64_t most = -1;
  for (int i = 0; i < file.num_row_groups(); ++i) {
    const int64_t bytes = file.metadata().RowGroup(i)->total_byte_size();
    if (bytes > most) {
      most = bytes;
      heaviest = i;
    }
  }
  for (const ParquetColumn& column : file.columns()) {
    ColumnNeed need;
    if (heaviest >= 0) {
      const auto group = file.metadata().RowGroup(heaviest);
      for (const int leaf : column.leaves) {
        const auto chunk = group->ColumnChunk(leaf);
        const int64_t page = EstimatePageBytes(file, heaviest, leaf);
        need.page_bytes += page;
        need.compressed_bytes += std::min(chunk->total_compressed_size(), page);
        if (chunk->has_dictionary_page()) need.held_bytes += std::min(page, kUsualDictionary);
      }
      need.row_bytes = EstimateRowBytes(file, heaviest, column);
    }
    AddNeed(column.field->name(), need);
  }
}

void FileTable::AddNeed(const std::string& column, const ColumnNeed& need) {
  const auto [known, added] = named_needs_.emplace(column, need);
  if (added) return;
  ColumnNeed& most = known->second;
  most.page_bytes = std::max(most.page_bytes, need.page_bytes);
  most.compressed_bytes = std::max(most.compressed_bytes, need.compressed_bytes);
  most.held_bytes = std::max(most.held_bytes, need.held_bytes);
  most.row_bytes = std::max(most.row_bytes, need.row_bytes);
}

Status FileTable::MakeSchema() {
  SchemaUnion columns;
  const arrow::Schema* last = nullptr;
  for (const File& file : files_) {
    if (file.schema.get() != last) {
      ARROW_RETURN_NOT_OK(columns.Add(*file.schema, file.found.path));
    }
    last = file.schema.get();
  }
  arrow::FieldVector fields;
  if (!options_.source_file_column.empty()) {
    fields.push_back(arrow::field(options_.source_file_column, arrow::utf8(), false));
  }
  const auto own = columns.schema();
  fields.insert(fields.end(), own->fields().begin(), own->fields().end());
  if (!options_.source_file_column.empty() &&
      own->GetFieldIndex(options_.source_file_column) >= 0) {
    return MakeError(ErrorCode::kInvalidArgument,
                     fmt::format("the files have a column '{}' of their own: name the column of "
                                 "source files otherwise",
                                 options_.source_file_column),
                     {"source_file_column"});
  }
  for (const File& file : files_) {
    for (const auto& [name, value] : file.found.partition) {
      const auto known = std::find_if(fields.begin(), fields.end(),
                                      [&](const auto& field) { return field->name() == name; });
      const auto type = value == kNullFolder ? arrow::null()
                        : IsInteger(value)   ? arrow::int64()
                                             : arrow::utf8();
      if (known == fields.end()) {
        fields.push_back(arrow::field(name, type));
      } else if (own->GetFieldIndex(name) < 0 && !(*known)->type()->Equals(*type)) {
        const bool was_null = (*known)->type()->id() == arrow::Type::NA;
        const bool is_null = type->id() == arrow::Type::NA;
        if (!is_null) *known = (*known)->WithType(was_null ? type : arrow::utf8());
      }
    }
  }
  for (auto& field : fields) {
    if (field->type()->id() == arrow::Type::NA && own->GetFieldIndex(field->name()) < 0) {
      field = field->WithType(arrow::utf8());
    }
    const auto need = named_needs_.find(field->name());
    needs_.push_back(need == named_needs_.end() ? ColumnNeed{.row_bytes = 16} : need->second);
  }
  schema_ = arrow::schema(std::move(fields));
  return Status::OK();
}

Result<std::shared_ptr<const ParquetFile>> FileTable::OpenParquet(size_t index,
                                                                  arrow::MemoryPool* pool) const {
  const File& file = files_[index];
  if (file.parquet != nullptr) return file.parquet;
  ARROW_ASSIGN_OR_RAISE(auto parquet, OpenFile(file.found.path, pool));
  if (parquet->metadata().num_rows() != file.num_rows ||
      parquet->num_row_groups() != file.num_row_groups ||
      !parquet->schema()->Equals(*file.schema)) {
    return MakeError(ErrorCode::kCorruptFile,
                     fmt::format("{} was changed while it was scanned", file.found.path),
                     {file.found.path});
  }
  return parquet;
}

void FileTable::NumberRows() noexcept {
  int64_t next = 0;
  for (File& file : files_) {
    file.first_row = next;
    next = next < 0 || file.num_rows < 0 ? -1 : next + file.num_rows;
  }
}

bool FileTable::CanStartAt(int64_t row) const noexcept {
  if (row == 0) return true;
  for (const File& file : files_) {
    if (file.num_rows < 0) return false;
    if (row < file.first_row + file.num_rows) return KnowsRowsWithin(file);
  }
  return true;
}

bool FileTable::KnowsRowNumbers() const noexcept {
  return std::all_of(files_.begin(), files_.end(), KnowsRowsWithin);
}

int64_t FileTable::num_rows() const noexcept {
  int64_t rows = 0;
  for (const File& file : files_) {
    if (file.num_rows < 0) return -1;
    rows += file.num_rows;
  }
  return rows;
}

std::shared_ptr<arrow::Scalar> FileTable::ConstantOf(const arrow::Field& field,
                                                     const File& file) const {
  if (!options_.source_file_column.empty() && field.name() == options_.source_file_column) {
    return std::make_shared<arrow::StringScalar>(file.found.path);
  }
  for (const auto& [name, value] : file.found.partition) {
    if (name != field.name() || value == kNullFolder) continue;
    auto scalar = arrow::Scalar::Parse(field.type(), value);
    if (scalar.ok()) return *scalar;
  }
  return arrow::MakeNullScalar(field.type());
}

std::shared_ptr<const std::vector<FieldSource>> FileTable::SourcesOf(const ReadPlan& plan,
                                                                     size_t index) const {
  const File& file = files_[index];
  auto sources = std::make_shared<std::vector<FieldSource>>();
  for (const auto& field : plan.fields) {
    FieldSource source;
    source.is_row_number = static_cast<int>(sources->size()) == plan.row_numbers;
    if (!source.is_row_number) source.column = file.schema->GetFieldIndex(field->name());
    if (source.column < 0) source.constant = ConstantOf(*field, file);
    sources->push_back(std::move(source));
  }
  return sources;
}

}  // namespace headrace::scan
