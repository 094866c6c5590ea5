#pragma once

#include <memory>
#include <utility>

#include <duckdb.h>

namespace headrace::sql {

/// A handle of DuckDB's C library with its end.
template <typename Handle, void (*kDestroy)(Handle*)>
class DuckHandle {
 public:
  DuckHandle() = default;
  explicit DuckHandle(Handle handle) : handle_(handle) {}
  DuckHandle(DuckHandle&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  DuckHandle& operator=(DuckHandle&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~DuckHandle() {
    if (handle_ != nullptr) kDestroy(&handle_);
  }

  Handle get() const noexcept { return handle_; }
  /// For calls that make the handle.
  Handle* out() noexcept { return &handle_; }

 private:
  Handle handle_ = nullptr;
};

using DuckDatabase = DuckHandle<duckdb_database, duckdb_close>;
using DuckConnection = DuckHandle<duckdb_connection, duckdb_disconnect>;
using DuckConfig = DuckHandle<duckdb_config, duckdb_destroy_config>;
using DuckPrepared = DuckHandle<duckdb_prepared_statement, duckdb_destroy_prepare>;
using DuckStatements = DuckHandle<duckdb_extracted_statements, duckdb_destroy_extracted>;
using DuckValue = DuckHandle<duckdb_value, duckdb_destroy_value>;
using DuckType = DuckHandle<duckdb_logical_type, duckdb_destroy_logical_type>;
using DuckChunk = DuckHandle<duckdb_data_chunk, duckdb_destroy_data_chunk>;
using DuckError = DuckHandle<duckdb_error_data, duckdb_destroy_error_data>;
using DuckArrowOptions = DuckHandle<duckdb_arrow_options, duckdb_destroy_arrow_options>;
using DuckArrowSchema =
    DuckHandle<duckdb_arrow_converted_schema, duckdb_destroy_arrow_converted_schema>;
using DuckFunction = DuckHandle<duckdb_table_function, duckdb_destroy_table_function>;

/// A result, which is no pointer.
class DuckResult {
 public:
  DuckResult() = default;
  DuckResult(const DuckResult&) = delete;
  DuckResult& operator=(const DuckResult&) = delete;
  ~DuckResult() { duckdb_destroy_result(&result_); }
  duckdb_result& get() noexcept { return result_; }

 private:
  duckdb_result result_{};
};

/// For DuckDB to keep until it calls Drop<T>().
template <typename T>
void* Give(std::unique_ptr<T> value) {
  return value.release();
}
template <typename T>
void Drop(void* given) {
  const std::unique_ptr<T> gone(static_cast<T*>(given));
}

}  // namespace headrace::sql
