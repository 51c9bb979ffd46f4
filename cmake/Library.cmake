# SPDX-License-Identifier: Apache-2.0
# libmagpie.so and libmagpie.a, from the rooms.
file(GLOB_RECURSE MAG_SOURCES CONFIGURE_DEPENDS
  "${PROJECT_SOURCE_DIR}/base/*.c" "${PROJECT_SOURCE_DIR}/numa/*.c"
  "${PROJECT_SOURCE_DIR}/sched/*.c" "${PROJECT_SOURCE_DIR}/vtask/*.c")

# It defines the headers' inline functions as symbols, so nobody may read those before it.
set_source_files_properties("${PROJECT_SOURCE_DIR}/vtask/symbols.c"
                            PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)

# An exception may pass through mag_team_run, which then cleans up.
set_source_files_properties("${PROJECT_SOURCE_DIR}/sched/team/run.c"
                            PROPERTIES COMPILE_OPTIONS -fexceptions
                                       SKIP_UNITY_BUILD_INCLUSION ON)

# How the library reaches what it keeps for each thread, as in -ftls-model.  The shared
# library takes the fastest: a load, from the static block of every thread, in which its
# 200 bytes find room also when it is loaded late.  The static library may be linked into a
# plug-in, which would have to find room there for all of its own variables besides; in a
# program the linker makes local ones of them.  musl refuses initial-exec to late comers.
include(CheckCSourceCompiles)
check_c_source_compiles("#include <features.h>
#ifndef __GLIBC__
#error
#endif
int main(void) { return 0; }" MAG_HAVE_GLIBC)
set(MAG_TLS_MODEL_DEFAULT global-dynamic)
if(MAG_HAVE_GLIBC)
  set(MAG_TLS_MODEL_DEFAULT initial-exec)
endif()
set(MAG_TLS_MODEL "${MAG_TLS_MODEL_DEFAULT}" CACHE STRING
    "TLS model of the shared library: initial-exec or global-dynamic")
set(MAG_STATIC_TLS_MODEL global-dynamic CACHE STRING
    "TLS model of the static library: global-dynamic or initial-exec")
foreach(model MAG_TLS_MODEL MAG_STATIC_TLS_MODEL)
  set_property(CACHE ${model} PROPERTY STRINGS initial-exec global-dynamic)
  if(NOT ${model} MATCHES "^(initial-exec|global-dynamic)$")
    message(FATAL_ERROR "${model} is '${${model}}', not initial-exec or global-dynamic")
  endif()
endforeach()

# The rooms' files, compiled for one model.
function(mag_objects name tls_model)
  add_library(${name} OBJECT ${MAG_SOURCES})
  set_target_properties(${name} PROPERTIES
    C_VISIBILITY_PRESET hidden
    POSITION_INDEPENDENT_CODE ON)
  target_include_directories(${name} PRIVATE "${PROJECT_SOURCE_DIR}"
                                             "${PROJECT_SOURCE_DIR}/include")
  target_compile_definitions(${name}
    PRIVATE _GNU_SOURCE $<$<BOOL:${MAG_DEBUG_TASKS}>:MAG_DEBUG_TASKS=1>)
  if(MAG_PROBES AND MAG_HAVE_SDT_H)
    target_compile_definitions(${name} PRIVATE MAG_PROBES=1)
  endif()
  # Two words that were just stored one by one must not be read as one vector: it waits
  # until both have left the store buffer.
  # The library's calls of its own functions are direct.
  target_compile_options(${name} PRIVATE -ftls-model=${tls_model}
                                         -fno-tree-slp-vectorize
                                         -fno-semantic-interposition)
  target_link_libraries(${name} PRIVATE magpie-warnings PkgConfig::HWLOC PkgConfig::CK
                                        Threads::Threads)
endfunction()

# Compiled once, for both, if they want the same.
mag_objects(magpie-objects ${MAG_TLS_MODEL})
set(MAG_STATIC_OBJECTS magpie-objects)
if(NOT MAG_STATIC_TLS_MODEL STREQUAL MAG_TLS_MODEL)
  set(MAG_STATIC_OBJECTS magpie-static-objects)
  mag_objects(${MAG_STATIC_OBJECTS} ${MAG_STATIC_TLS_MODEL})
endif()

function(mag_library name type objects)
  add_library(${name} ${type} $<TARGET_OBJECTS:${objects}>)
  set_target_properties(${name} PROPERTIES OUTPUT_NAME magpie LINKER_LANGUAGE C)
  target_include_directories(${name}
    PUBLIC "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>"
           "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>")
  target_compile_definitions(${name}
    PUBLIC $<$<BOOL:${MAG_DEBUG_TASKS}>:MAG_DEBUG_TASKS=1>)
  target_link_libraries(${name}
    PRIVATE PkgConfig::HWLOC PkgConfig::CK
    PUBLIC Threads::Threads ${CMAKE_DL_LIBS})
endfunction()

mag_library(magpie-shared SHARED magpie-objects)
mag_library(magpie-static STATIC ${MAG_STATIC_OBJECTS})
# For our own program, which is measured: with the model of the shared library.
mag_library(magpie-measured STATIC magpie-objects)
set_target_properties(magpie-measured PROPERTIES OUTPUT_NAME magpie-measured
                                                 EXCLUDE_FROM_ALL ON)
# So do programs and plug-ins by inline functions.
if(MAG_TLS_MODEL STREQUAL "initial-exec")
  target_compile_definitions(magpie-shared INTERFACE MAG_TLS_INITIAL_EXEC=1)
endif()
set_target_properties(magpie-shared PROPERTIES
  VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR} EXPORT_NAME magpie)
set_target_properties(magpie-static PROPERTIES EXPORT_NAME magpie-static)
# Workers outlive whoever loaded the library: it is never unmapped.
target_link_options(magpie-shared PRIVATE -Wl,-z,nodelete -Wl,-z,defs
                                          -Wl,-Bsymbolic-functions)
# What it exports, and under which version.
configure_file("${PROJECT_SOURCE_DIR}/cmake/magpie.map.in" "${PROJECT_BINARY_DIR}/magpie.map"
               @ONLY)
target_link_options(magpie-shared
                    PRIVATE "-Wl,--version-script=${PROJECT_BINARY_DIR}/magpie.map")
set_property(TARGET magpie-shared APPEND PROPERTY LINK_DEPENDS
             "${PROJECT_BINARY_DIR}/magpie.map")
if(CMAKE_C_FLAGS MATCHES "-fsanitize")
  target_link_options(magpie-shared PRIVATE -Wl,-z,undefs)
endif()
# Where the processor's modes of floating point are not known C's are asked: libm.
if(NOT CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|aarch64|arm64)$")
  target_link_libraries(magpie-shared PRIVATE m)
  target_link_libraries(magpie-static PRIVATE m)
endif()
# gcc before 13 has no single instructions for atomic bytes of RISC-V: it calls libatomic.
check_c_source_compiles("#include <stdatomic.h>
static _Atomic(unsigned char) byte;
int main(void) { return atomic_exchange_explicit(&byte, 1, memory_order_relaxed); }"
                        MAG_HAVE_ATOMIC_BYTES)
if(NOT MAG_HAVE_ATOMIC_BYTES)
  set(MAG_PC_ATOMIC " -latomic")
  target_link_libraries(magpie-shared PUBLIC atomic)
  target_link_libraries(magpie-static PUBLIC atomic)
  target_link_libraries(magpie-measured PUBLIC atomic)
endif()
add_library(magpie::magpie ALIAS magpie-shared)
add_library(magpie::magpie-static ALIAS magpie-static)
