# Language level, warnings, sanitizers, and the quick linker and compiler cache where the machine has them.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_CXX_SCAN_FOR_MODULES OFF)

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "" FORCE)
endif()
# The sanitizer presets take -O1, their tests -O0: half the time to compile, and the tests do not notice. They compile
# the sources of a library together (CMAKE_UNITY_BUILD), which is three times as quick.
set(HEADRACE_OPTIMIZE "-O2" CACHE STRING "Optimisation of RelWithDebInfo")
# Asserts stay on outside the bench preset: they guard invariants, not input.
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "${HEADRACE_OPTIMIZE} -g1")
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g1 -DNDEBUG")

add_compile_options(-Wall -Wextra -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Wno-unused-parameter
                    -Wno-missing-field-initializers)  # designated initialisers leave defaults out
if(HEADRACE_WERROR)
  add_compile_options(-Werror)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # False alarms of g++ 12 at -O2 inside libstdc++ and fmt.
  add_compile_options(-Wno-array-bounds -Wno-stringop-overflow -Wno-stringop-overread -Wno-restrict
                      -Wno-maybe-uninitialized)
endif()

if(CMAKE_UNITY_BUILD)
  # Several sources in one look to the compiler as if the later ones were headers.
  add_compile_options(-Wno-subobject-linkage)
endif()

if(HEADRACE_SANITIZE)
  add_compile_options(-fsanitize=${HEADRACE_SANITIZE} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${HEADRACE_SANITIZE})
  if(HEADRACE_SANITIZE MATCHES "undefined")
    # What the address sanitizer stops at as well would cost a fifth of the time to compile.
    add_compile_options(-fno-sanitize-recover=undefined -fno-sanitize=vptr,null,object-size)
  endif()
  add_compile_definitions(HEADRACE_SANITIZED)
endif()

find_program(HEADRACE_CCACHE ccache)
if(HEADRACE_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${HEADRACE_CCACHE}")
endif()
find_program(HEADRACE_MOLD mold)
if(HEADRACE_MOLD)
  add_link_options(-fuse-ld=mold)
endif()

find_package(Threads REQUIRED)
