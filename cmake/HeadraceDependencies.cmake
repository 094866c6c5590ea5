# The libraries that come from the system's packages (tools/setup.sh installs them).

find_package(fmt 9 REQUIRED)
find_package(hwy REQUIRED)

# simdjson: a copy of our own under another namespace. Arrow's libparquet exports the symbols of the copy that it
# has inside, of another version, and a process that loads both under one name crashes in either
# (docs/decisions/0003-own-simdjson.md).
set(HEADRACE_SIMDJSON_DIR "${PROJECT_SOURCE_DIR}/node_modules/@nozbe/simdjson/src" CACHE PATH
    "simdjson.h and simdjson.cpp")
if(NOT EXISTS "${HEADRACE_SIMDJSON_DIR}/simdjson.cpp")
  message(FATAL_ERROR "no ${HEADRACE_SIMDJSON_DIR}/simdjson.cpp: run tools/setup.sh build first")
endif()
add_library(headrace_simdjson STATIC "${HEADRACE_SIMDJSON_DIR}/simdjson.cpp")
add_library(simdjson::simdjson ALIAS headrace_simdjson)
target_include_directories(headrace_simdjson SYSTEM PUBLIC "${HEADRACE_SIMDJSON_DIR}")
target_compile_definitions(headrace_simdjson PUBLIC simdjson=headrace_simdjson)
target_compile_options(headrace_simdjson PRIVATE -w)

if(HEADRACE_BUILD_SERVER)
  find_package(spdlog REQUIRED)
  find_package(prometheus-cpp CONFIG REQUIRED)
  find_package(tomlplusplus REQUIRED)
  find_path(HEADRACE_BOOST_INCLUDE boost/beast/version.hpp REQUIRED)
  add_library(headrace_boost INTERFACE)
  target_include_directories(headrace_boost SYSTEM INTERFACE "${HEADRACE_BOOST_INCLUDE}")
  target_compile_definitions(headrace_boost INTERFACE BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_DISABLE_BOOST_COROUTINE)
  find_path(HEADRACE_CLI11_INCLUDE CLI/CLI.hpp REQUIRED)
endif()

if(HEADRACE_BUILD_TESTS)
  find_package(GTest REQUIRED)
  find_package(rapidcheck REQUIRED)
  add_library(headrace_gtest INTERFACE)
  target_link_libraries(headrace_gtest INTERFACE GTest::gmock GTest::gtest GTest::gtest_main)
endif()
if(HEADRACE_BUILD_BENCHMARKS)
  find_package(benchmark REQUIRED)
endif()
