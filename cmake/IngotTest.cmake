# Test helpers. ctest is the outermost runner; its entries are named
# ROOM.WHAT, so `ctest -R '^lit.passes'` runs a part and counts are real.

# The interpreter of tests written in Python: that of `make setup`, which has onnx and
# onnxruntime, else any (scripts that need packages are then not registered).
set(INGOT_VENV_PYTHON ${PROJECT_SOURCE_DIR}/build/venv/bin/python)
if(NOT EXISTS ${INGOT_VENV_PYTHON})
  set(INGOT_VENV_PYTHON "")
endif()
find_program(INGOT_PYTHON NAMES python3 PATHS /usr/bin REQUIRED)

# lit, FileCheck, not and split-file of the LLVM we build with; PATH only as a fallback.
set(llvm_tools ${LLVM_TOOLS_BINARY_DIR} /usr/lib/llvm-22/bin)
find_program(INGOT_LIT NAMES lit lit.py llvm-lit HINTS ${llvm_tools})
find_program(INGOT_FILECHECK NAMES FileCheck FileCheck-22 HINTS ${llvm_tools})
find_program(INGOT_NOT NAMES not not-22 HINTS ${llvm_tools})
find_program(INGOT_SPLIT_FILE NAMES split-file split-file-22 HINTS ${llvm_tools})
foreach(tool LIT FILECHECK NOT SPLIT_FILE)
  if(NOT INGOT_${tool} AND INGOT_ENABLE_COMPILER)
    message(FATAL_ERROR
      "The tests need LLVM's lit, FileCheck, not and split-file. `make setup` installs them, or by hand:\n"
      "  apt-get install llvm-22-tools\n"
      "To build without tests: -DINGOT_ENABLE_TESTS=OFF")
  endif()
endforeach()
configure_file(${PROJECT_SOURCE_DIR}/test/lit.site.cfg.py.in ${PROJECT_BINARY_DIR}/test/lit.site.cfg.py @ONLY)

# ingot_lit([FEATURE...]): one ctest entry per lit test under the current
# directory (.mlir and .test files, not those in Inputs/). A test that lit reports
# unsupported shows as skipped.
function(ingot_lit)
  file(GLOB_RECURSE files CONFIGURE_DEPENDS RELATIVE ${CMAKE_CURRENT_SOURCE_DIR}
       ${CMAKE_CURRENT_SOURCE_DIR}/*.mlir ${CMAKE_CURRENT_SOURCE_DIR}/*.test)
  file(RELATIVE_PATH room ${PROJECT_SOURCE_DIR}/test ${CMAKE_CURRENT_SOURCE_DIR})
  list(SORT files)
  foreach(file IN LISTS files)
    if(file MATCHES "(^|/)Inputs/")
      continue()
    endif()
    string(REGEX REPLACE "\\.[^.]*$" "" name "${room}/${file}")
    string(REPLACE "/" "." name "lit.${name}")
    add_test(NAME ${name}
      COMMAND ${INGOT_PYTHON} ${INGOT_LIT} -v --no-progress-bar --skip-test-time-recording -j1
              ${PROJECT_BINARY_DIR}/test/${room}/${file})
    set_tests_properties(${name} PROPERTIES
      LABELS "lit;${room}" TIMEOUT 120 SKIP_REGULAR_EXPRESSION "^UNSUPPORTED: ;\nUNSUPPORTED: ")
  endforeach()
endfunction()

# ingot_unpack(ARCHIVE FOLDER): unpacks test data when CMake runs, and again when the
# archive has changed.
function(ingot_unpack archive folder)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${archive})
  file(SHA256 ${archive} hash)
  set(unpacked "")
  if(EXISTS ${folder}/.sha256)
    file(READ ${folder}/.sha256 unpacked)
  endif()
  if(NOT unpacked STREQUAL hash)
    file(REMOVE_RECURSE ${folder})
    file(ARCHIVE_EXTRACT INPUT ${archive} DESTINATION ${folder})
    file(WRITE ${folder}/.sha256 ${hash})
  endif()
endfunction()
