# Embeds the text of files: run as a script it writes -DOUTPUT from the
# files named in -DHEADERS (separated by commas), as -DFUNCTION; included, it has the function.
if(CMAKE_SCRIPT_MODE_FILE)
  string(REPLACE "," ";" HEADERS "${HEADERS}")
  set(text "// Made by cmake/IngotKernels.cmake.\n#include \"codegen/cuda/KernelHeaders.h\"\n\n")
  string(APPEND text "static const ingot::cuda::KernelHeader kHeaders[] = {\n")
  foreach(header IN LISTS HEADERS)
    get_filename_component(name ${header} NAME)
    # As a list of numbers: no escapes, no limits on literals, no brackets that CMake reads.
    file(READ ${header} hex HEX)
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "\\\\x\\1" bytes "${hex}")
    string(REGEX REPLACE "(\\\\x0a)" "\\1\"\n     \"" bytes "${bytes}")
    string(APPEND text "    {\"${name}\",\n     \"${bytes}\"},\n")
  endforeach()
  string(APPEND text "};\n\nnamespace ingot::cuda {\nstd::span<const KernelHeader> ${FUNCTION}() { return kHeaders; }\n} // namespace ingot::cuda\n")
  file(WRITE ${OUTPUT} "${text}")
  return()
endif()

# ingot_embed_kernels(OUTPUT HEADERS...): OUTPUT in the build folder, remade when a
# header changes; the function in KernelHeaders.cpp is kernelHeaders().
function(ingot_embed_kernels output)
  set(headers ${ARGN})
  list(SORT headers)
  list(TRANSFORM headers PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/)
  list(JOIN headers "," joined)
  get_filename_component(name ${output} NAME_WE)
  string(SUBSTRING ${name} 0 1 first)
  string(SUBSTRING ${name} 1 -1 rest)
  string(TOLOWER ${first} first)
  add_custom_command(OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/${output}
    COMMAND ${CMAKE_COMMAND} -DOUTPUT=${CMAKE_CURRENT_BINARY_DIR}/${output} -DFUNCTION=${first}${rest}
            "-DHEADERS=${joined}" -P ${PROJECT_SOURCE_DIR}/cmake/IngotKernels.cmake
    DEPENDS ${headers} ${PROJECT_SOURCE_DIR}/cmake/IngotKernels.cmake
    VERBATIM)
endfunction()
