# MLIR and LLVM at one pinned major version, from Debian's packages.
set(INGOT_LLVM_MAJOR 22)
# LLVM's version file matches major.minor only, so the major is checked here.
find_package(MLIR CONFIG QUIET PATHS /usr/lib/llvm-${INGOT_LLVM_MAJOR} NO_DEFAULT_PATH)
if(NOT MLIR_FOUND)
  find_package(MLIR CONFIG QUIET)
endif()
if(NOT MLIR_FOUND OR NOT LLVM_VERSION_MAJOR EQUAL INGOT_LLVM_MAJOR)
  message(FATAL_ERROR
    "Ingot needs MLIR ${INGOT_LLVM_MAJOR}. `make setup` installs it, or by hand:\n"
    "  apt-get install libmlir-${INGOT_LLVM_MAJOR}-dev mlir-${INGOT_LLVM_MAJOR}-tools")
endif()
list(APPEND CMAKE_MODULE_PATH ${MLIR_CMAKE_DIR} ${LLVM_CMAKE_DIR})
include(TableGen)
include(AddLLVM)
include(AddMLIR)

# Comes before MLIR's own headers; see the one in it.
set(INGOT_MLIR_SHIM ${PROJECT_SOURCE_DIR}/cmake/gcc)

# One precompiled header for every MLIR library: 12 s to 3 s a file.
add_library(IngotPCH STATIC ${PROJECT_SOURCE_DIR}/cmake/Pch.cpp)
target_include_directories(IngotPCH PUBLIC ${INGOT_MLIR_SHIM})
target_include_directories(IngotPCH SYSTEM PUBLIC ${MLIR_INCLUDE_DIRS} ${LLVM_INCLUDE_DIRS})
target_compile_definitions(IngotPCH PUBLIC ${LLVM_DEFINITIONS_LIST} _GNU_SOURCE
  __STDC_CONSTANT_MACROS __STDC_FORMAT_MACROS __STDC_LIMIT_MACROS)
target_compile_options(IngotPCH PRIVATE $<$<COMPILE_LANGUAGE:CXX>:-fno-exceptions> $<$<COMPILE_LANGUAGE:CXX>:-fno-rtti>)
target_precompile_headers(IngotPCH PRIVATE ${PROJECT_SOURCE_DIR}/cmake/Pch.h)

# ingot_mlir_library(NAME SOURCES... DEPENDS... ): an ingot_library that uses
# MLIR through the shared libMLIR and the precompiled header.
function(ingot_mlir_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS" ${ARGN})
  ingot_library(${name} SOURCES ${ARG_SOURCES} DEPENDS ${ARG_DEPENDS} MLIR LLVM)
  target_include_directories(${name} PUBLIC ${INGOT_MLIR_SHIM})
  target_include_directories(${name} SYSTEM PUBLIC ${MLIR_INCLUDE_DIRS} ${LLVM_INCLUDE_DIRS})
  target_compile_definitions(${name} PUBLIC _GNU_SOURCE
    __STDC_CONSTANT_MACROS __STDC_FORMAT_MACROS __STDC_LIMIT_MACROS)
  target_precompile_headers(${name} REUSE_FROM IngotPCH)
endfunction()
