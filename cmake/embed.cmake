# tidings_embed(TARGET FUNCTION FILE): the octets of FILE (absolute; may be generated) become part of
# TARGET, as `std::string_view FUNCTION()` with its namespaces ("tidings::api::embedded_spec").
function(tidings_embed target function file)
  string(REGEX REPLACE "^(.*)::([a-z_]+)$" "\\1;\\2" parts ${function})
  list(GET parts 0 EMBED_NAMESPACE)
  list(GET parts 1 EMBED_FUNCTION)
  set(EMBED_FILE ${file})
  set(source ${CMAKE_CURRENT_BINARY_DIR}/embed/${EMBED_FUNCTION}.cc)
  configure_file(${CMAKE_SOURCE_DIR}/cmake/embed.cc.in ${source} @ONLY)
  set_source_files_properties(${source} PROPERTIES OBJECT_DEPENDS ${file}
                              SKIP_PRECOMPILE_HEADERS ON)
  target_sources(${target} PRIVATE ${source})
endfunction()

# The API's specification: put together from its areas, and checked, at each build.
find_package(Python3 REQUIRED COMPONENTS Interpreter)
foreach(python ${Python3_EXECUTABLE} /usr/bin/python3)
  execute_process(COMMAND ${python} -c "import yaml" RESULT_VARIABLE missing ERROR_QUIET)
  if(missing EQUAL 0)
    set(TIDINGS_PYTHON_YAML ${python})
    break()
  endif()
endforeach()
if(NOT TIDINGS_PYTHON_YAML)
  message(FATAL_ERROR "PyYAML is missing: install the Debian package python3-yaml (./dev setup)")
endif()
file(GLOB areas CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/spec/api/*.yaml)
set(TIDINGS_SPEC ${CMAKE_BINARY_DIR}/openapi.json)
add_custom_command(
  OUTPUT ${TIDINGS_SPEC}
  COMMAND ${TIDINGS_PYTHON_YAML} ${CMAKE_SOURCE_DIR}/tools/collect-openapi --json ${TIDINGS_SPEC}
  DEPENDS ${areas} ${CMAKE_SOURCE_DIR}/tools/collect-openapi
          ${CMAKE_SOURCE_DIR}/src/identity/permission.cc
  VERBATIM)

# The people of the example organisation (src/edge/example).
set(TIDINGS_EXAMPLE_PEOPLE ${CMAKE_BINARY_DIR}/example-people.json)
add_custom_command(
  OUTPUT ${TIDINGS_EXAMPLE_PEOPLE}
  COMMAND Python3::Interpreter ${CMAKE_SOURCE_DIR}/tools/example-people --json ${TIDINGS_EXAMPLE_PEOPLE}
  DEPENDS ${CMAKE_SOURCE_DIR}/tools/example-people
  VERBATIM)
