# DuckDB's C library as `headrace_duckdb`: the system's where there is one, else that of the npm packages: the
# library of @duckdb/node-bindings-*, the header of `duckdb`.

find_library(HEADRACE_DUCKDB_LIBRARY duckdb)
find_path(HEADRACE_DUCKDB_INCLUDE duckdb.h)
if(NOT HEADRACE_DUCKDB_LIBRARY OR NOT HEADRACE_DUCKDB_INCLUDE)
  set(modules "${PROJECT_SOURCE_DIR}/node_modules")
  file(GLOB HEADRACE_DUCKDB_LIBRARY "${modules}/@duckdb/node-bindings-*/libduckdb.so")
  set(HEADRACE_DUCKDB_INCLUDE "${modules}/duckdb/src/duckdb/src/include")
  if(NOT HEADRACE_DUCKDB_LIBRARY OR NOT EXISTS "${HEADRACE_DUCKDB_INCLUDE}/duckdb.h")
    message(FATAL_ERROR "no libduckdb on the system nor under ${modules}: run tools/setup.sh build first")
  endif()
  # Beside the header lie those of C++, under names such as "duckdb.hpp" and "duckdb/": the one that is meant, alone.
  configure_file("${HEADRACE_DUCKDB_INCLUDE}/duckdb.h" "${CMAKE_BINARY_DIR}/duckdb/duckdb.h" COPYONLY)
  set(HEADRACE_DUCKDB_INCLUDE "${CMAKE_BINARY_DIR}/duckdb")
endif()
add_library(headrace_duckdb SHARED IMPORTED)
set_target_properties(headrace_duckdb PROPERTIES
  IMPORTED_LOCATION "${HEADRACE_DUCKDB_LIBRARY}" INTERFACE_SYSTEM_INCLUDE_DIRECTORIES "${HEADRACE_DUCKDB_INCLUDE}"
  INTERFACE_INCLUDE_DIRECTORIES "${HEADRACE_DUCKDB_INCLUDE}")
