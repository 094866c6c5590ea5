#include "sql/source_scan.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <arrow/c/bridge.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include "sql/duck.h"
#include "sql/duck_error.h"
#include "sql/source_names.h"

namespace headrace::sql {
namespace {

/// What all scans share.
struct Shared {
  Shared(FindSource* finding, duckdb_connection converting)
      : find(finding), connection(converting) {}
  FindSource* find;
  duckdb_connection connection;
};

struct Bound {
  Bound(std::shared_ptr<Source> from, std::shared_ptr<arrow::Schema> with)
      : source(std::move(from)), schema(std::move(with)) {}
  std::shared_ptr<Source> source;
  std::shared_ptr<arrow::Schema> schema;
};

struct Scan {
  std::shared_ptr<arrow::RecordBatchReader> reader;
  DuckArrowSchema converted;
  std::vector<idx_t> outputs;  // where the reader's columns go
  std::shared_ptr<arrow::RecordBatch> batch;
  int64_t next = 0;
};

Result<DuckArrowSchema> Convert(duckdb_connection connection, const arrow::Schema& schema) {
  ArrowSchema exported;
  ARROW_RETURN_NOT_OK(arrow::ExportSchema(schema, &exported));
  DuckArrowSchema converted;
  const Status status = CheckDuck(duckdb_schema_from_arrow(connection, &exported, converted.out()));
  if (exported.release != nullptr) exported.release(&exported);
  ARROW_RETURN_NOT_OK(status);
  return converted;
}

Result<DuckChunk> Convert(duckdb_connection connection, const arrow::RecordBatch& batch,
                          const DuckArrowSchema& schema) {
  ArrowArray exported;
  ARROW_RETURN_NOT_OK(arrow::ExportRecordBatch(batch, &exported));
  DuckChunk chunk;
  const Status status =
      CheckDuck(duckdb_data_chunk_from_arrow(connection, &exported, schema.get(), chunk.out()));
  if (exported.release != nullptr) exported.release(&exported);
  ARROW_RETURN_NOT_OK(status);
  return chunk;
}

/// DuckDB's types of the columns: those of a chunk without rows.
Status AddColumns(duckdb_bind_info info, duckdb_connection connection,
                  const std::shared_ptr<arrow::Schema>& schema) {
  ARROW_ASSIGN_OR_RAISE(const auto converted, Convert(connection, *schema));
  ARROW_ASSIGN_OR_RAISE(const auto nothing, arrow::RecordBatch::MakeEmpty(schema));
  ARROW_ASSIGN_OR_RAISE(const auto chunk, Convert(connection, *nothing, converted));
  for (int i = 0; i < schema->num_fields(); ++i) {
    const auto vector = duckdb_data_chunk_get_vector(chunk.get(), static_cast<idx_t>(i));
    const DuckType type(duckdb_vector_get_column_type(vector));
    duckdb_bind_add_result_column(info, schema->field(i)->name().c_str(), type.get());
  }
  return Status::OK();
}

Status Bind(duckdb_bind_info info) {
  const auto& shared = *static_cast<Shared*>(duckdb_bind_get_extra_info(info));
  const DuckValue parameter(duckdb_bind_get_parameter(info, 0));
  char* const name = duckdb_get_varchar(parameter.get());
  auto found = (*shared.find)(name);
  duckdb_free(name);
  ARROW_ASSIGN_OR_RAISE(auto source, std::move(found));
  auto schema = source->schema();
  ARROW_RETURN_NOT_OK(AddColumns(info, shared.connection, schema));
  const SourceStatistics statistics = source->statistics();
  if (statistics.num_rows) {
    duckdb_bind_set_cardinality(info, static_cast<idx_t>(*statistics.num_rows), false);
  }
  duckdb_bind_set_bind_data(
      info, Give(std::make_unique<Bound>(std::move(source), std::move(schema))), Drop<Bound>);
  return Status::OK();
}

Status Init(duckdb_init_info info) {
  const auto& shared = *static_cast<Shared*>(duckdb_init_get_extra_info(info));
  const auto& bound = *static_cast<Bound*>(duckdb_init_get_bind_data(info));
  auto scan = std::make_unique<Scan>();
  ReadRequest request;
  request.columns.emplace();
  const auto num_fields = static_cast<idx_t>(bound.schema->num_fields());
  for (idx_t i = 0; i < duckdb_init_get_column_count(info); ++i) {
    const idx_t column = duckdb_init_get_column_index(info, i);
    if (column >= num_fields) continue;  // rows are only counted
    request.columns->push_back(bound.schema->field(static_cast<int>(column))->name());
    scan->outputs.push_back(i);
  }
  // A source gives no rows without columns.
  if (request.columns->empty()) request.columns->push_back(bound.schema->field(0)->name());
  ARROW_ASSIGN_OR_RAISE(auto opened, bound.source->Open(request));
  scan->reader = std::move(opened.reader);
  if (!opened.columns_applied) return Status::NotImplemented("a source that gives all columns");
  ARROW_ASSIGN_OR_RAISE(scan->converted, Convert(shared.connection, *scan->reader->schema()));
  duckdb_init_set_max_threads(info, 1);
  duckdb_init_set_init_data(info, Give(std::move(scan)), Drop<Scan>);
  return Status::OK();
}

Status Next(duckdb_function_info info, duckdb_data_chunk output) {
  const auto& shared = *static_cast<Shared*>(duckdb_function_get_extra_info(info));
  auto& scan = *static_cast<Scan*>(duckdb_function_get_init_data(info));
  while (scan.batch == nullptr || scan.next == scan.batch->num_rows()) {
    ARROW_RETURN_NOT_OK(scan.reader->ReadNext(&scan.batch));
    scan.next = 0;
    if (scan.batch == nullptr) {
      duckdb_data_chunk_set_size(output, 0);
      return Status::OK();
    }
  }
  const auto most = static_cast<int64_t>(duckdb_vector_size());
  const int64_t rows = std::min(most, scan.batch->num_rows() - scan.next);
  const auto part = scan.batch->Slice(scan.next, rows);
  scan.next += rows;
  ARROW_ASSIGN_OR_RAISE(const auto chunk, Convert(shared.connection, *part, scan.converted));
  for (size_t i = 0; i < scan.outputs.size(); ++i) {
    duckdb_vector_reference_vector(duckdb_data_chunk_get_vector(output, scan.outputs[i]),
                                   duckdb_data_chunk_get_vector(chunk.get(), i));
  }
  duckdb_data_chunk_set_size(output, static_cast<idx_t>(rows));
  return Status::OK();
}

void Replace(duckdb_replacement_scan_info info, const char* name, void* data) {
  const auto& shared = *static_cast<Shared*>(data);
  // DuckDB says that there is no such table.
  if (SourceNames::IsAbsent(name) || !(*shared.find)(name).ok()) return;
  duckdb_replacement_scan_set_function_name(info, kSourceFunction);
  const DuckValue value(duckdb_create_varchar(name));
  duckdb_replacement_scan_add_parameter(info, value.get());
}

}  // namespace

Status AddSources(duckdb_database database, duckdb_connection connection, FindSource* find) {
  DuckFunction function(duckdb_create_table_function());
  const DuckType text(duckdb_create_logical_type(DUCKDB_TYPE_VARCHAR));
  duckdb_table_function_set_name(function.get(), kSourceFunction);
  duckdb_table_function_add_parameter(function.get(), text.get());
  duckdb_table_function_set_extra_info(
      function.get(), Give(std::make_unique<Shared>(find, connection)), Drop<Shared>);
  duckdb_table_function_supports_projection_pushdown(function.get(), true);
  duckdb_table_function_set_bind(function.get(), [](duckdb_bind_info info) {
    const Status status = Bind(info);
    if (!status.ok()) duckdb_bind_set_error(info, status.message().c_str());
  });
  duckdb_table_function_set_init(function.get(), [](duckdb_init_info info) {
    const Status status = Init(info);
    if (!status.ok()) duckdb_init_set_error(info, status.message().c_str());
  });
  duckdb_table_function_set_function(function.get(),
                                     [](duckdb_function_info info, duckdb_data_chunk output) {
                                       const Status status = Next(info, output);
                                       if (!status.ok())
                                         duckdb_function_set_error(info, status.message().c_str());
                                     });
  if (duckdb_register_table_function(connection, function.get()) != DuckDBSuccess) {
    return DuckFailure("INTERNAL Error: sources cannot be registered");
  }
  for (const char* const prefix : SourceNames::kPrefixes) {
    DuckResult result;
    const std::string attach = fmt::format("ATTACH ':memory:' AS {} (READ_WRITE)", prefix);
    if (duckdb_query(connection, attach.c_str(), &result.get()) != DuckDBSuccess) {
      return DuckFailure(duckdb_result_error(&result.get()));
    }
  }
  duckdb_add_replacement_scan(database, Replace, Give(std::make_unique<Shared>(find, connection)),
                              Drop<Shared>);
  return Status::OK();
}

}  // namespace headrace::sql
