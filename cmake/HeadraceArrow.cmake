# Arrow C++ for the rest of the build as `headrace_arrow` (columns, IPC, CSV, compute) and `headrace_parquet`,
# from find_package(Arrow) where the machine has Arrow 26, else from the pinned pyarrow wheel in .venv.
# Nothing outside this file can tell which. HEADRACE_ARROW_FROM=system|wheel forces one.

set(HEADRACE_ARROW_VERSION 26)
set(HEADRACE_ARROW_FROM "" CACHE STRING "system, wheel, or empty: system if found, else wheel")
set(HEADRACE_PYTHON "" CACHE FILEPATH "Python whose pyarrow wheel is used (default: .venv/bin/python)")

add_library(headrace_arrow INTERFACE)
add_library(headrace_parquet INTERFACE)

if(NOT HEADRACE_ARROW_FROM STREQUAL "wheel" AND NOT HEADRACE_BUILD_PYTHON)
  find_package(Arrow ${HEADRACE_ARROW_VERSION} QUIET)
  find_package(Parquet ${HEADRACE_ARROW_VERSION} QUIET)
endif()

if(Arrow_FOUND AND Parquet_FOUND)
  message(STATUS "Arrow ${ARROW_VERSION} from the system")
  target_link_libraries(headrace_arrow INTERFACE Arrow::arrow_shared)
  target_link_libraries(headrace_parquet INTERFACE Parquet::parquet_shared headrace_arrow)
elseif(HEADRACE_ARROW_FROM STREQUAL "system")
  message(FATAL_ERROR "HEADRACE_ARROW_FROM=system, but find_package(Arrow ${HEADRACE_ARROW_VERSION}) found none")
else()
  if(NOT HEADRACE_PYTHON)
    if(SKBUILD)  # pip builds the wheel in an environment of its own, with the pyarrow that pyproject.toml pins
      set(HEADRACE_PYTHON "${Python_EXECUTABLE}")
    else()
      set(HEADRACE_PYTHON "${PROJECT_SOURCE_DIR}/.venv/bin/python")
    endif()
  endif()
  execute_process(
    COMMAND "${HEADRACE_PYTHON}" -c
            "import importlib.util as u; print(u.find_spec('pyarrow').submodule_search_locations[0])"
    OUTPUT_VARIABLE HEADRACE_PYARROW_DIR OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE failed)
  if(failed)
    message(FATAL_ERROR "no pyarrow in ${HEADRACE_PYTHON}: run tools/setup.sh first")
  endif()
  file(STRINGS "${HEADRACE_PYARROW_DIR}/include/arrow/util/config.h" version_line REGEX "ARROW_VERSION_STRING")
  string(REGEX MATCH "[0-9]+\\.[0-9]+\\.[0-9]+" version "${version_line}")
  if(NOT version MATCHES "^${HEADRACE_ARROW_VERSION}\\.")
    message(FATAL_ERROR "pyarrow ${version} found, ${HEADRACE_ARROW_VERSION}.x needed: run tools/setup.sh")
  endif()
  message(STATUS "Arrow ${version} from ${HEADRACE_PYARROW_DIR}")

  foreach(library arrow arrow_compute parquet)
    file(GLOB file "${HEADRACE_PYARROW_DIR}/lib${library}.so.${HEADRACE_ARROW_VERSION}*")
    list(SORT file)
    list(GET file 0 file)
    add_library(pyarrow_${library} SHARED IMPORTED)
    # The headers are not ours: SYSTEM keeps their warnings out.
    set_target_properties(pyarrow_${library} PROPERTIES
      IMPORTED_LOCATION "${file}" INTERFACE_INCLUDE_DIRECTORIES "${HEADRACE_PYARROW_DIR}/include")
  endforeach()
  target_link_libraries(headrace_arrow INTERFACE pyarrow_arrow pyarrow_arrow_compute)
  target_link_libraries(headrace_parquet INTERFACE pyarrow_parquet headrace_arrow)
endif()
