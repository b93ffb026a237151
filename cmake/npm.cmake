# SPDX-License-Identifier: MIT
# npm_fetch(SOURCE DESTINATION OUT): what SOURCE/package-lock.json pins, by version and by digest, fetched with npm at configure
# time into DESTINATION/node_modules, once for all presets; npm's scripts do not run. OUT is "" when it is there, else says why
# it is not; configuring again tries again.
function(npm_is_here source destination out)
  set(${out} FALSE PARENT_SCOPE)
  if(EXISTS ${destination}/fetched)
    file(SHA256 ${source}/package-lock.json wanted)
    file(READ ${destination}/fetched present)
    if(wanted STREQUAL present)
      set(${out} TRUE PARENT_SCOPE)
    endif()
  endif()
endfunction()

# Two configure steps may come here at once: one waits for the other.
function(npm_fetch source destination out)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${source}/package-lock.json)
  set(${out} "" PARENT_SCOPE)
  npm_is_here(${source} ${destination} here)
  if(here)
    return()
  endif()
  find_program(NPM npm)
  if(NOT NPM)
    set(${out} "npm is not installed" PARENT_SCOPE)
    return()
  endif()
  file(MAKE_DIRECTORY ${destination})
  file(LOCK ${destination} DIRECTORY GUARD FUNCTION TIMEOUT 180)
  npm_is_here(${source} ${destination} here)
  if(here)
    return()
  endif()
  file(COPY ${source}/package.json ${source}/package-lock.json DESTINATION ${destination})
  execute_process(
    COMMAND ${NPM} ci --ignore-scripts --no-audit --no-fund --no-update-notifier --fetch-retries=1 --fetch-timeout=20000
    WORKING_DIRECTORY ${destination} TIMEOUT 60
    RESULT_VARIABLE result OUTPUT_VARIABLE said ERROR_VARIABLE said)
  if(result EQUAL 0)
    file(SHA256 ${source}/package-lock.json digest)
    file(WRITE ${destination}/fetched ${digest})
    return()
  endif()
  file(REMOVE ${destination}/fetched)
  set(${out} "npm could not fetch it (${result}):\n${said}" PARENT_SCOPE)
endfunction()
