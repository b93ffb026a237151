# SPDX-License-Identifier: MIT
# embed_files(TARGET SYMBOL ROOT FILES): adds to TARGET a table of the files' bytes, as common/embedded.h
# describes it, named SYMBOL, in the order of FILES (names relative to ROOT), each followed by a NUL.
function(embed_files target symbol root files)
  set(output ${CMAKE_CURRENT_BINARY_DIR}/embedded/${symbol}.c)
  set(inputs)
  foreach(file IN LISTS files)
    list(APPEND inputs ${root}/${file})
  endforeach()
  string(REPLACE ";" "," joined "${files}")
  add_custom_command(OUTPUT ${output}
    COMMAND ${CMAKE_COMMAND} -DOUTPUT=${output} -DSYMBOL=${symbol} -DROOT=${root} -DFILES=${joined}
            -P ${PROJECT_SOURCE_DIR}/cmake/embed_generate.cmake
    DEPENDS ${inputs} ${PROJECT_SOURCE_DIR}/cmake/embed_generate.cmake
    VERBATIM)
  target_sources(${target} PRIVATE ${output})
endfunction()
