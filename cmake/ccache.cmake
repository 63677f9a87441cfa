# ccache as compiler launcher. The base directory makes paths relative before hashing, so several
# work trees share one cache.
find_program(OSTRAKA_CCACHE ccache)
if(OSTRAKA_CCACHE AND NOT DEFINED CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1
      ${OSTRAKA_CCACHE})
endif()
