# The interface targets that carry every compiler and linker flag of the project.

add_library(ostraka_warnings INTERFACE)
add_library(ostraka::warnings ALIAS ostraka_warnings)
target_compile_options(
  ostraka_warnings
  INTERFACE -Wall
            -Wextra
            -Wpedantic
            -Wshadow
            -Wconversion
            -Wsign-conversion
            -Wold-style-cast
            -Wnon-virtual-dtor
            -Woverloaded-virtual
            -Wimplicit-fallthrough
            -Wswitch-enum
            $<$<CXX_COMPILER_ID:Clang>:-Wthread-safety>
            $<$<BOOL:${OSTRAKA_WERROR}>:-Werror>)

add_library(ostraka_sanitizers INTERFACE)
add_library(ostraka::sanitizers ALIAS ostraka_sanitizers)
if(OSTRAKA_SANITIZE)
  set(sanitize_flags -fsanitize=${OSTRAKA_SANITIZE} -fno-sanitize-recover=all
                     -fno-omit-frame-pointer)
  target_compile_options(ostraka_sanitizers INTERFACE ${sanitize_flags})
  target_link_options(ostraka_sanitizers INTERFACE ${sanitize_flags})
endif()
if(OSTRAKA_FUZZ)
  target_compile_options(ostraka_sanitizers INTERFACE -fsanitize=fuzzer-no-link)
endif()

# Hardening: the library assertions are on everywhere, the rest where the optimiser runs and no
# sanitizer already does the work.
add_library(ostraka_hardening INTERFACE)
add_library(ostraka::hardening ALIAS ostraka_hardening)
target_compile_definitions(ostraka_hardening INTERFACE _GLIBCXX_ASSERTIONS)
if(NOT OSTRAKA_SANITIZE AND NOT OSTRAKA_FUZZ)
  target_compile_options(
    ostraka_hardening
    INTERFACE -fstack-protector-strong
              $<$<NOT:$<CONFIG:Debug>>:-U_FORTIFY_SOURCE>
              $<$<NOT:$<CONFIG:Debug>>:-D_FORTIFY_SOURCE=2>)
  target_link_options(ostraka_hardening INTERFACE
                      $<$<STREQUAL:$<TARGET_PROPERTY:TYPE>,EXECUTABLE>:-pie> LINKER:-z,relro
                      LINKER:-z,now)
endif()

# What every target of ours gets: its own warnings, and one place for machine-independent paths.
add_library(ostraka_build INTERFACE)
add_library(ostraka::build ALIAS ostraka_build)
target_compile_options(ostraka_build INTERFACE -ffile-prefix-map=${CMAKE_SOURCE_DIR}=.)
find_program(OSTRAKA_LLD NAMES ld.lld-19 ld.lld)
find_program(OSTRAKA_MOLD mold)
if(OSTRAKA_LLD)
  target_link_options(ostraka_build INTERFACE --ld-path=${OSTRAKA_LLD})
elseif(OSTRAKA_MOLD)
  target_link_options(ostraka_build INTERFACE --ld-path=${OSTRAKA_MOLD})
endif()
find_package(Threads REQUIRED)
target_link_libraries(ostraka_build INTERFACE Threads::Threads)
