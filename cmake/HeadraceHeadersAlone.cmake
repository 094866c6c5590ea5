# `headers_alone`: every header of include/ and src/ compiled by itself, so that none leans on what was
# included before it. Not part of `all`: tools/test.sh asks for it.
function(headrace_headers_alone)
  file(GLOB_RECURSE headers CONFIGURE_DEPENDS RELATIVE "${PROJECT_SOURCE_DIR}"
       "${PROJECT_SOURCE_DIR}/include/*.h" "${PROJECT_SOURCE_DIR}/src/*.h")
  set(sources)
  foreach(header IN LISTS headers)
    # Bodies that one source compiles several times, once for each instruction set, are not headers.
    if(header MATCHES "-inl\\.h$")
      continue()
    endif()
    string(MAKE_C_IDENTIFIER "${header}" name)
    set(source "${CMAKE_BINARY_DIR}/headers_alone/${name}.cc")
    string(REGEX REPLACE "^(include|src)/" "" path "${header}")
    set(text "#include \"${path}\"\n#include \"${path}\"  // twice: it has a guard\n")
    file(CONFIGURE OUTPUT "${source}" CONTENT "${text}" @ONLY)
    list(APPEND sources "${source}")
  endforeach()
  add_library(headers_alone OBJECT EXCLUDE_FROM_ALL ${sources})
  target_include_directories(headers_alone PRIVATE "${PROJECT_SOURCE_DIR}/include" "${PROJECT_SOURCE_DIR}/src")
  target_link_libraries(headers_alone PRIVATE headrace_arrow headrace_boost headrace_gtest rapidcheck
                        simdjson::simdjson hwy::hwy fmt::fmt spdlog::spdlog prometheus-cpp::core headrace_duckdb)
  target_compile_options(headers_alone PRIVATE -O0 -g0)
endfunction()
