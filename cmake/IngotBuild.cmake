# Flags and helpers shared by every target.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_C_STANDARD 11)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib)
# Asserts stay on in Release: a compiler that goes on after a broken invariant
# writes wrong artifacts.
set(CMAKE_CXX_FLAGS_RELEASE "-O2")
set(CMAKE_C_FLAGS_RELEASE "-O2")

find_program(INGOT_CCACHE ccache)
if(INGOT_CCACHE)
  # Precompiled headers need the first three, see ccache's manual.
  set(ENV{CCACHE_SLOPPINESS} pch_defines,time_macros,include_file_mtime,include_file_ctime)
  set(CMAKE_CXX_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${INGOT_CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${INGOT_CCACHE})
endif()

add_compile_options(-Wall -Wextra -Wno-unused-parameter)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # False alarms of GCC 12 in LLVM's headers.
  add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-Wno-init-list-lifetime>
                      $<$<COMPILE_LANGUAGE:CXX>:-Wno-dangling-pointer>
                      $<$<COMPILE_LANGUAGE:CXX>:-Wno-maybe-uninitialized>)
endif()
if(INGOT_ENABLE_WERROR)
  add_compile_options(-Werror)
endif()
if(INGOT_ENABLE_SANITIZERS)
  add_compile_options(-fsanitize=address,undefined -fno-sanitize=vptr -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
endif()

# ingot_library(NAME SOURCES... DEPENDS libs...): a static library that sees the
# source tree as include root and takes part in no exceptions and no RTTI.
function(ingot_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_include_directories(${name} PUBLIC ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR})
  target_compile_options(${name} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:-fno-exceptions> $<$<COMPILE_LANGUAGE:CXX>:-fno-rtti>)
  target_link_libraries(${name} PUBLIC ${ARG_DEPENDS})
endfunction()

# ingot_gtest(NAME SOURCES... DEPENDS libs...): one GoogleTest binary, one ctest
# entry per test case. Those of instantiations named Rest are there with INGOT_ALL_TESTS alone.
function(ingot_gtest name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR})
  target_link_libraries(${name} PRIVATE ${ARG_DEPENDS} GTest::gtest_main)
  set(filter "")
  if(NOT INGOT_ALL_TESTS)
    set(filter TEST_FILTER "-Rest/*")
  endif()
  gtest_discover_tests(${name} ${filter} DISCOVERY_TIMEOUT 60 PROPERTIES TIMEOUT 300)
endfunction()
