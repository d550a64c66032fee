# The viewer of /api/docs: exactly what web/api-docs/package-lock.json names, fetched once per build
# folder, without running anybody's install script.
set(TIDINGS_API_DOCS ${CMAKE_SOURCE_DIR}/web/api-docs)
set(viewer ${CMAKE_BINARY_DIR}/api-docs)
set(viewer_dist ${viewer}/node_modules/swagger-ui-dist)
find_program(TIDINGS_NPM npm REQUIRED)
add_custom_command(
  OUTPUT ${viewer_dist}/swagger-ui-bundle.js ${viewer_dist}/swagger-ui.css
  COMMAND ${CMAKE_COMMAND} -E make_directory ${viewer}
  COMMAND ${CMAKE_COMMAND} -E copy ${TIDINGS_API_DOCS}/package.json
          ${TIDINGS_API_DOCS}/package-lock.json ${viewer}
  COMMAND ${TIDINGS_NPM} ci --ignore-scripts --no-audit --no-fund --loglevel=error
  COMMAND ${CMAKE_COMMAND} -E touch ${viewer_dist}/swagger-ui-bundle.js
          ${viewer_dist}/swagger-ui.css
  WORKING_DIRECTORY ${CMAKE_BINARY_DIR}/api-docs
  DEPENDS ${TIDINGS_API_DOCS}/package.json ${TIDINGS_API_DOCS}/package-lock.json
  VERBATIM)
file(MAKE_DIRECTORY ${viewer})

function(tidings_embed_api_docs target)
  tidings_embed(${target} tidings::api::docs_page ${TIDINGS_API_DOCS}/index.html)
  tidings_embed(${target} tidings::api::docs_start ${TIDINGS_API_DOCS}/start.js)
  tidings_embed(${target} tidings::api::docs_script ${viewer_dist}/swagger-ui-bundle.js)
  tidings_embed(${target} tidings::api::docs_style ${viewer_dist}/swagger-ui.css)
endfunction()
