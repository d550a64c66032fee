# Language mode, warnings, sanitizers, linker, ccache: the same for every target.
set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
option(TIDINGS_PCH "precompile the standard headers of src/base/pch.h" ON)
option(TIDINGS_FUZZ "build the libFuzzer targets of tests/fuzz" OFF)
set(TIDINGS_SANITIZE "" CACHE STRING "sanitizers, comma separated")

if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  message(FATAL_ERROR "Tidings is built with clang 19 (g++ 12 miscompiles coroutines): "
                      "use ./dev build, or cmake --preset release")
endif()
find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()
add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Werror
                    -Wno-gnu-statement-expression -Wno-gnu-statement-expression-from-macro-expansion
                    -Wno-missing-designated-field-initializers
                    -fno-omit-frame-pointer -fdebug-prefix-map=${CMAKE_SOURCE_DIR}=.
                    -ffile-prefix-map=${CMAKE_SOURCE_DIR}=. -fpch-instantiate-templates)
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g1")
set(CMAKE_CXX_FLAGS_DEBUG "-O1 -g1")
add_link_options(-fuse-ld=lld)
if(TIDINGS_SANITIZE)
  add_compile_options(-fsanitize=${TIDINGS_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${TIDINGS_SANITIZE})
  if(TIDINGS_FUZZ)
    add_compile_options(-fsanitize=fuzzer-no-link)
  endif()
endif()
