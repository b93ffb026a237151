# SPDX-License-Identifier: MIT
# Swagger UI for GET /api/docs: the npm package that services/api-gateway/pages/package-lock.json pins, by version and by
# digest, fetched with npm at configure time into build/swagger-ui, once for all presets. npm's scripts do not run.
# Without npm, or without its registry, the build goes on and /api/docs says what is missing; configuring again tries again.
set(MEDIASTORE_SWAGGER_UI "${PROJECT_SOURCE_DIR}/build/swagger-ui" CACHE PATH "where npm puts swagger-ui-dist")
set(swagger_pages ${PROJECT_SOURCE_DIR}/services/api-gateway/pages)
set(SWAGGER_UI_DIR ${MEDIASTORE_SWAGGER_UI}/node_modules/swagger-ui-dist)
set(SWAGGER_UI_FILES swagger-ui-bundle.js swagger-ui.css)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${swagger_pages}/package-lock.json)

function(swagger_ui_is_here out)
  set(${out} FALSE PARENT_SCOPE)
  if(EXISTS ${MEDIASTORE_SWAGGER_UI}/fetched)
    file(SHA256 ${swagger_pages}/package-lock.json wanted)
    file(READ ${MEDIASTORE_SWAGGER_UI}/fetched present)
    if(wanted STREQUAL present)
      set(${out} TRUE PARENT_SCOPE)
    endif()
  endif()
endfunction()

# Two configure steps may come here at once: one waits for the other.
function(swagger_ui_fetch)
  find_program(NPM npm)
  if(NOT NPM)
    set(problem "npm is not installed")
  else()
    file(MAKE_DIRECTORY ${MEDIASTORE_SWAGGER_UI})
    file(LOCK ${MEDIASTORE_SWAGGER_UI} DIRECTORY GUARD FUNCTION TIMEOUT 180)
    swagger_ui_is_here(here)
    if(here)
      return()
    endif()
    file(COPY ${swagger_pages}/package.json ${swagger_pages}/package-lock.json DESTINATION ${MEDIASTORE_SWAGGER_UI})
    execute_process(
      COMMAND ${NPM} ci --ignore-scripts --no-audit --no-fund --no-update-notifier --fetch-retries=1 --fetch-timeout=20000
      WORKING_DIRECTORY ${MEDIASTORE_SWAGGER_UI} TIMEOUT 60
      RESULT_VARIABLE result OUTPUT_VARIABLE said ERROR_VARIABLE said)
    if(result EQUAL 0)
      file(SHA256 ${swagger_pages}/package-lock.json digest)
      file(WRITE ${MEDIASTORE_SWAGGER_UI}/fetched ${digest})
      return()
    endif()
    file(REMOVE ${MEDIASTORE_SWAGGER_UI}/fetched)
    set(problem "npm could not fetch it (${result}):\n${said}")
  endif()
  message(WARNING "Swagger UI is left out, GET /api/docs will say so: ${problem}\n"
                  "Everything else is built. To have it, install npm, reach its registry, and configure again.")
endfunction()

swagger_ui_is_here(here)
if(NOT here)
  swagger_ui_fetch()
  swagger_ui_is_here(here)
endif()
if(NOT here)
  set(SWAGGER_UI_FILES "")
endif()
