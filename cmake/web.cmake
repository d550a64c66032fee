# The web application: built by Vite when its npm packages are installed in web/ (./dev does that
# first), and only for the program itself: nothing else waits for it. Without the packages it is left
# out, and the program shows its commands at / instead.
set(TIDINGS_WEB ${CMAKE_SOURCE_DIR}/web)
set(TIDINGS_WEB_BUNDLE ${CMAKE_BINARY_DIR}/web.bundle)
find_program(TIDINGS_NODE node HINTS ${CMAKE_SOURCE_DIR}/build/node/bin)
if(EXISTS ${TIDINGS_WEB}/node_modules/.installed AND TIDINGS_NODE)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${TIDINGS_WEB}/src/*)
  list(FILTER sources EXCLUDE REGEX "\\.(test\\.ts|d\\.ts|md)$")
  add_custom_command(
    OUTPUT ${TIDINGS_WEB_BUNDLE}
    COMMAND ${TIDINGS_NODE} node_modules/vite/bin/vite.js build --logLevel warn --emptyOutDir
            --outDir ${CMAKE_BINARY_DIR}/web-dist
    COMMAND Python3::Interpreter ${CMAKE_SOURCE_DIR}/tools/pack-web ${CMAKE_BINARY_DIR}/web-dist
            ${TIDINGS_WEB_BUNDLE}
    WORKING_DIRECTORY ${TIDINGS_WEB}
    DEPENDS ${sources} ${TIDINGS_WEB}/index.html ${TIDINGS_WEB}/editor.html
            ${TIDINGS_WEB}/vite.config.ts
            ${TIDINGS_WEB}/tsconfig.json ${TIDINGS_WEB}/node_modules/.installed
            ${CMAKE_SOURCE_DIR}/tools/pack-web
    VERBATIM)
else()
  message(STATUS "The web application is left out: the packages of web/ are not installed")
  set(TIDINGS_WEB_BUNDLE ${CMAKE_BINARY_DIR}/no-web.bundle)
  if(NOT EXISTS ${TIDINGS_WEB_BUNDLE})
    file(WRITE ${TIDINGS_WEB_BUNDLE} "")
  endif()
endif()
