# SPDX-License-Identifier: MIT
# Swagger UI for GET /api/docs: the npm package that services/api-gateway/pages/package-lock.json pins, in build/swagger-ui.
# Without npm, or without its registry, the build goes on and /api/docs says what is missing.
include(${CMAKE_CURRENT_LIST_DIR}/npm.cmake)
set(MEDIASTORE_SWAGGER_UI "${PROJECT_SOURCE_DIR}/build/swagger-ui" CACHE PATH "where npm puts swagger-ui-dist")
set(SWAGGER_UI_DIR ${MEDIASTORE_SWAGGER_UI}/node_modules/swagger-ui-dist)
set(SWAGGER_UI_FILES swagger-ui-bundle.js swagger-ui.css)

npm_fetch(${PROJECT_SOURCE_DIR}/services/api-gateway/pages ${MEDIASTORE_SWAGGER_UI} problem)
if(problem)
  message(WARNING "Swagger UI is left out, GET /api/docs will say so: ${problem}\n"
                  "Everything else is built. To have it, install npm, reach its registry, and configure again.")
  set(SWAGGER_UI_FILES "")
endif()
