# ostraka_module(): a library, its tests, its link test, its header check and its fuzz targets.
# See cmake/README.md for an example.

add_custom_target(check_headers)
add_custom_target(fuzz_targets)
set_property(GLOBAL PROPERTY OSTRAKA_MANIFEST "")

function(_ostraka_record)
  list(JOIN ARGN " " line)
  set_property(GLOBAL APPEND_STRING PROPERTY OSTRAKA_MANIFEST "${line}\n")
endfunction()

function(_ostraka_record_files kind owner)
  foreach(file IN LISTS ARGN)
    cmake_path(ABSOLUTE_PATH file BASE_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR} NORMALIZE)
    if(NOT EXISTS ${file})
      message(FATAL_ERROR "'${owner}' lists ${file}, which does not exist")
    endif()
    cmake_path(RELATIVE_PATH file BASE_DIRECTORY ${CMAKE_SOURCE_DIR})
    _ostraka_record(${kind} ${owner} ${file})
  endforeach()
endfunction()

# Fails unless every edge of the module is in cmake/edges.cmake.
function(_ostraka_check_edges module layer)
  get_property(known GLOBAL PROPERTY OSTRAKA_MODULES)
  if(NOT "${module}" IN_LIST known)
    message(FATAL_ERROR "module '${module}' is unknown: add it to cmake/edges.cmake")
  endif()
  get_property(listed_layer GLOBAL PROPERTY OSTRAKA_LAYER_${module})
  if(NOT "${layer}" STREQUAL "${listed_layer}")
    message(FATAL_ERROR "module '${module}' says layer '${layer}', cmake/edges.cmake says "
                        "'${listed_layer}'")
  endif()
  get_property(allowed GLOBAL PROPERTY OSTRAKA_ALLOWED_${module})
  foreach(dep IN LISTS ARGN)
    if(NOT "${dep}" IN_LIST known)
      message(FATAL_ERROR "module '${module}' depends on '${dep}', which cmake/edges.cmake does "
                          "not know")
    endif()
    get_property(dep_layer GLOBAL PROPERTY OSTRAKA_LAYER_${dep})
    if("${dep_layer}" STRGREATER "${layer}")
      message(FATAL_ERROR "upward edge: module '${module}' (layer ${layer}) -> '${dep}' (layer "
                          "${dep_layer})")
    endif()
    if(NOT "${dep}" IN_LIST allowed)
      list(JOIN allowed " " allowed_text)
      message(FATAL_ERROR "forbidden edge: module '${module}' -> '${dep}'; cmake/edges.cmake "
                          "allows only: ${allowed_text}")
    endif()
  endforeach()
endfunction()

# Tests may use any module that is not above their own, and the simulated ports.
function(_ostraka_check_test_edges module layer)
  get_property(known GLOBAL PROPERTY OSTRAKA_MODULES)
  foreach(dep IN LISTS ARGN)
    if(NOT "${dep}" IN_LIST known)
      message(FATAL_ERROR "TEST_DEPS of '${module}': unknown module '${dep}'")
    endif()
    get_property(dep_layer GLOBAL PROPERTY OSTRAKA_LAYER_${dep})
    if("${dep_layer}" STRGREATER "${layer}" AND NOT "${dep}" MATCHES "^(sim_ports|engine_memory)$")
      message(FATAL_ERROR "TEST_DEPS of '${module}' (layer ${layer}): '${dep}' is above it (layer "
                          "${dep_layer})")
    endif()
  endforeach()
endfunction()

function(_ostraka_targets_of out)
  set(targets "")
  foreach(module IN LISTS ARGN)
    string(REPLACE "/" "_" id "${module}")
    list(APPEND targets ostraka::${id})
  endforeach()
  set(${out} ${targets} PARENT_SCOPE)
endfunction()

# Private flags of a target of ours. Headers of other modules come from their libraries.
function(_ostraka_own target)
  target_include_directories(${target} PRIVATE ${CMAKE_SOURCE_DIR}/src)
  target_link_libraries(${target} PRIVATE ostraka::build ostraka::warnings ostraka::sanitizers
                                          ostraka::hardening)
endfunction()

# One gtest executable; every TEST in it is one ctest entry. Properties (RapidCheck) see the same
# thousand cases in every run; run the executable by hand for others. A parameter's value is not
# part of the name: of most types it would be an address.
function(_ostraka_gtest target prefix labels)
  ostraka_require_external(GTest::gmock GTest::gtest_main)
  _ostraka_own(${target})
  target_link_libraries(${target} PRIVATE GTest::gmock GTest::gtest_main)
  include(GoogleTest)
  gtest_discover_tests(
    ${target}
    DISCOVERY_MODE PRE_TEST
    NO_PRETTY_VALUES
    TEST_PREFIX "${prefix}."
    WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR}
    PROPERTIES LABELS "${labels}" ENVIRONMENT "RC_PARAMS=seed=1 max_success=1000")
endfunction()

# Headers that need a PRIVATE third party cannot pass the interface check: they get an object
# library that sees what the module itself sees.
function(_ostraka_check_internal_headers id)
  cmake_parse_arguments(ARG "" "" "HEADERS;LIBRARIES" ${ARGN})
  set(stubs "")
  foreach(header IN LISTS ARG_HEADERS)
    cmake_path(ABSOLUTE_PATH header BASE_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR} NORMALIZE)
    cmake_path(RELATIVE_PATH header BASE_DIRECTORY ${CMAKE_SOURCE_DIR}/src)
    set(stub ${CMAKE_CURRENT_BINARY_DIR}/header_check/${header}.cc)
    file(CONFIGURE OUTPUT ${stub} CONTENT "#include \"${header}\"\n")
    list(APPEND stubs ${stub})
  endforeach()
  add_library(ostraka_${id}_internal_headers OBJECT EXCLUDE_FROM_ALL ${stubs})
  _ostraka_own(ostraka_${id}_internal_headers)
  target_link_libraries(ostraka_${id}_internal_headers PRIVATE ostraka_${id} ${ARG_LIBRARIES})
  add_dependencies(check_headers ostraka_${id}_internal_headers)
endfunction()

# In the fuzz preset a libFuzzer executable; elsewhere a replay of the corpus as a unit test.
function(_ostraka_fuzz module id file)
  cmake_parse_arguments(FUZZ "" "" "SOURCES;DEPS;EXTERNAL" ${ARGN})
  cmake_path(GET file STEM fuzz)
  set(corpus ${CMAKE_CURRENT_SOURCE_DIR}/testdata/fuzz_corpus/${fuzz})
  _ostraka_targets_of(deps ${module} ${FUZZ_DEPS})
  if(OSTRAKA_FUZZ)
    set(target ${id}_${fuzz})
    add_executable(${target} ${file} ${FUZZ_SOURCES})
    target_link_options(${target} PRIVATE -fsanitize=fuzzer)
    add_dependencies(fuzz_targets ${target})
    set(found ${CMAKE_CURRENT_BINARY_DIR}/found_corpus/${fuzz})
    file(MAKE_DIRECTORY ${found})
    set(dirs ${found})
    if(IS_DIRECTORY ${corpus})
      list(APPEND dirs ${corpus})
    endif()
    add_test(NAME fuzz.${module}.${fuzz}
             COMMAND ${target} -max_total_time=20 -timeout=5 -rss_limit_mb=2048
                     -artifact_prefix=${CMAKE_CURRENT_BINARY_DIR}/ ${dirs})
    set_tests_properties(fuzz.${module}.${fuzz} PROPERTIES LABELS fuzz)
  else()
    set(target ${id}_${fuzz}_replay)
    add_executable(${target} ${file} ${FUZZ_SOURCES} ${CMAKE_SOURCE_DIR}/cmake/fuzz_replay_main.cc)
    add_test(NAME fuzz_replay.${module}.${fuzz}
             COMMAND ${target} ${corpus} ${CMAKE_CURRENT_BINARY_DIR}/${fuzz}.last_input)
    set_tests_properties(fuzz_replay.${module}.${fuzz} PROPERTIES LABELS "unit")
  endif()
  _ostraka_own(${target})
  target_link_libraries(${target} PRIVATE ${deps} ${FUZZ_EXTERNAL})
endfunction()

function(_ostraka_library id)
  cmake_parse_arguments(LIB "" "" "SOURCES;HEADERS;DEPS;EXTERNAL;PUBLIC_EXTERNAL" ${ARGN})
  _ostraka_targets_of(deps ${LIB_DEPS})
  ostraka_require_external(${LIB_EXTERNAL} ${LIB_PUBLIC_EXTERNAL})
  if(LIB_SOURCES)
    add_library(ostraka_${id} STATIC ${LIB_SOURCES})
    set(scope PUBLIC)
    _ostraka_own(ostraka_${id})
    target_link_libraries(ostraka_${id} PRIVATE ${LIB_EXTERNAL})
  else()
    add_library(ostraka_${id} INTERFACE)
    set(scope INTERFACE)
    target_link_libraries(ostraka_${id} INTERFACE ${LIB_EXTERNAL})
  endif()
  target_compile_features(ostraka_${id} ${scope} cxx_std_23)
  target_link_libraries(ostraka_${id} ${scope} ${deps} ${LIB_PUBLIC_EXTERNAL})
  target_sources(
    ostraka_${id}
    ${scope}
    FILE_SET HEADERS
    BASE_DIRS ${CMAKE_SOURCE_DIR}/src
    FILES ${LIB_HEADERS})
  set_target_properties(ostraka_${id} PROPERTIES VERIFY_INTERFACE_HEADER_SETS ON)
endfunction()

function(ostraka_module)
  set(lists SOURCES HEADERS INTERNAL_HEADERS DEPS EXTERNAL PUBLIC_EXTERNAL)
  list(APPEND lists TESTS TEST_DEPS TEST_EXTERNAL FUZZ FUZZ_SOURCES TEST_DATA)
  cmake_parse_arguments(ARG "" "NAME;LAYER" "${lists}" ${ARGN})
  if(ARG_UNPARSED_ARGUMENTS OR ARG_KEYWORDS_MISSING_VALUES)
    message(FATAL_ERROR "ostraka_module(${ARG_NAME}): not understood: ${ARG_UNPARSED_ARGUMENTS} "
                        "${ARG_KEYWORDS_MISSING_VALUES}")
  endif()
  if(NOT "${CMAKE_CURRENT_SOURCE_DIR}" STREQUAL "${CMAKE_SOURCE_DIR}/src/${ARG_NAME}")
    message(FATAL_ERROR "module '${ARG_NAME}' must stand in src/${ARG_NAME}")
  endif()
  _ostraka_check_edges("${ARG_NAME}" "${ARG_LAYER}" ${ARG_DEPS})
  _ostraka_check_test_edges("${ARG_NAME}" "${ARG_LAYER}" ${ARG_TEST_DEPS})
  foreach(data IN LISTS ARG_TEST_DATA)
    if(NOT EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/${data})
      message(FATAL_ERROR "TEST_DATA of '${ARG_NAME}': ${data} does not exist")
    endif()
  endforeach()

  string(REPLACE "/" "_" id "${ARG_NAME}")
  _ostraka_record(module ${ARG_NAME} ${ARG_LAYER})
  foreach(dep IN LISTS ARG_DEPS)
    _ostraka_record(dep ${ARG_NAME} ${dep})
  endforeach()
  foreach(dep IN LISTS ARG_TEST_DEPS)
    _ostraka_record(test_dep ${ARG_NAME} ${dep})
  endforeach()
  _ostraka_record_files(source ${ARG_NAME} ${ARG_SOURCES})
  _ostraka_record_files(header ${ARG_NAME} ${ARG_HEADERS} ${ARG_INTERNAL_HEADERS})
  _ostraka_record_files(fuzz ${ARG_NAME} ${ARG_FUZZ} ${ARG_FUZZ_SOURCES})
  _ostraka_record_files(test ${ARG_NAME} ${ARG_TESTS})

  _ostraka_library(
    ${id}
    SOURCES ${ARG_SOURCES}
    HEADERS ${ARG_HEADERS}
    DEPS ${ARG_DEPS}
    EXTERNAL ${ARG_EXTERNAL}
    PUBLIC_EXTERNAL ${ARG_PUBLIC_EXTERNAL})
  add_library(ostraka::${id} ALIAS ostraka_${id})
  if(ARG_INTERNAL_HEADERS)
    _ostraka_check_internal_headers(${id} HEADERS ${ARG_INTERNAL_HEADERS} LIBRARIES
                                    ${ARG_EXTERNAL})
  endif()
  if(NOT BUILD_TESTING)
    return()
  endif()

  foreach(file IN LISTS ARG_FUZZ)
    _ostraka_fuzz(${ARG_NAME} ${id} ${file} SOURCES ${ARG_FUZZ_SOURCES} DEPS ${ARG_TEST_DEPS}
                  EXTERNAL ${ARG_EXTERNAL})
  endforeach()
  if(OSTRAKA_FUZZ)
    return()
  endif()

  add_executable(${id}_link ${CMAKE_SOURCE_DIR}/cmake/link_test_main.cc)
  _ostraka_own(${id}_link)
  if(ARG_SOURCES)
    target_link_libraries(${id}_link PRIVATE $<LINK_LIBRARY:WHOLE_ARCHIVE,ostraka_${id}>)
  else()
    target_link_libraries(${id}_link PRIVATE ostraka_${id})
  endif()
  add_test(NAME link.${ARG_NAME} COMMAND ${id}_link)
  set_tests_properties(link.${ARG_NAME} PROPERTIES LABELS unit)

  # Tests that count allocations replace operator new, and so does TSan.
  if("${OSTRAKA_SANITIZE}" STREQUAL "thread")
    list(FILTER ARG_TESTS EXCLUDE REGEX "allocation_test\\.cc$")
  endif()
  if(ARG_TESTS)
    add_executable(${id}_test ${ARG_TESTS})
    _ostraka_targets_of(test_deps ${ARG_TEST_DEPS})
    ostraka_require_external(${ARG_TEST_EXTERNAL})
    target_link_libraries(${id}_test PRIVATE ostraka_${id} ${test_deps} ${ARG_TEST_EXTERNAL}
                                             ${ARG_EXTERNAL})
    _ostraka_gtest(${id}_test ${ARG_NAME} unit)
  endif()
endfunction()

# A program: ostraka_binary(NAME ostraka MODULE cli SOURCES main.cc). It belongs to a module and
# links only that module.
function(ostraka_binary)
  cmake_parse_arguments(ARG "" "NAME;MODULE" "SOURCES;EXTERNAL" ${ARGN})
  _ostraka_record_files(source ${ARG_MODULE} ${ARG_SOURCES})
  ostraka_require_external(${ARG_EXTERNAL})
  _ostraka_targets_of(module_target ${ARG_MODULE})
  add_executable(${ARG_NAME} ${ARG_SOURCES})
  _ostraka_own(${ARG_NAME})
  target_link_libraries(${ARG_NAME} PRIVATE ${module_target} ${ARG_EXTERNAL})
  if(OSTRAKA_FUZZ)
    set_target_properties(${ARG_NAME} PROPERTIES EXCLUDE_FROM_ALL ON)
  endif()
endfunction()

# A test over several modules, in tests/: ostraka_test(NAME x SOURCES … DEPS … LABELS sim).
function(ostraka_test)
  cmake_parse_arguments(ARG "" "NAME" "SOURCES;DEPS;EXTERNAL;LABELS" ${ARGN})
  if(NOT BUILD_TESTING OR OSTRAKA_FUZZ)
    return()
  endif()
  _ostraka_record_files(test tests/${ARG_NAME} ${ARG_SOURCES})
  ostraka_require_external(${ARG_EXTERNAL})
  _ostraka_targets_of(deps ${ARG_DEPS})
  add_executable(${ARG_NAME}_test ${ARG_SOURCES})
  target_link_libraries(${ARG_NAME}_test PRIVATE ${deps} ${ARG_EXTERNAL})
  _ostraka_gtest(${ARG_NAME}_test ${ARG_NAME} "${ARG_LABELS}")
endfunction()

# Last call of the top CMakeLists.txt: the header checks in one target, and the manifest that the
# style and include tests read.
function(ostraka_finish)
  get_property(manifest GLOBAL PROPERTY OSTRAKA_MANIFEST)
  file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/ostraka_manifest.txt CONTENT "${manifest}" @ONLY)
  if(NOT OSTRAKA_FUZZ AND manifest)
    add_dependencies(check_headers all_verify_interface_header_sets)
  endif()
endfunction()
