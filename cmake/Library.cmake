# SPDX-License-Identifier: Apache-2.0
# libmagpie.so and libmagpie.a, from the rooms.
file(GLOB MAG_SOURCES CONFIGURE_DEPENDS
  "${PROJECT_SOURCE_DIR}/numa/*.c" "${PROJECT_SOURCE_DIR}/sched/*.c"
  "${PROJECT_SOURCE_DIR}/vtask/*.c")

# Compiled once, for both.
add_library(magpie-objects OBJECT ${MAG_SOURCES})
set_target_properties(magpie-objects PROPERTIES
  C_VISIBILITY_PRESET hidden
  POSITION_INDEPENDENT_CODE ON)
target_include_directories(magpie-objects PRIVATE "${PROJECT_SOURCE_DIR}"
                                                  "${PROJECT_SOURCE_DIR}/include")
target_compile_definitions(magpie-objects
  PRIVATE _GNU_SOURCE $<$<BOOL:${MAG_DEBUG_TASKS}>:MAG_DEBUG_TASKS=1>)
# The thread's record is read at every post: one load instead of a call.
# Two words that were just stored one by one must not be read as one vector: it waits
# until both have left the store buffer.
# The library's calls of its own functions are direct.
target_compile_options(magpie-objects PRIVATE -ftls-model=initial-exec
                                              -fno-tree-slp-vectorize
                                              -fno-semantic-interposition)
target_link_libraries(magpie-objects PRIVATE magpie-warnings PkgConfig::HWLOC PkgConfig::CK
                                             Threads::Threads)

function(mag_library name type)
  add_library(${name} ${type} $<TARGET_OBJECTS:magpie-objects>)
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

mag_library(magpie-shared SHARED)
mag_library(magpie-static STATIC)
set_target_properties(magpie-shared PROPERTIES
  VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR} EXPORT_NAME magpie)
set_target_properties(magpie-static PROPERTIES EXPORT_NAME magpie-static)
# Workers outlive whoever loaded the library: it is never unmapped.
target_link_options(magpie-shared PRIVATE -Wl,-z,nodelete -Wl,-z,defs
                                          -Wl,-Bsymbolic-functions)
if(CMAKE_C_FLAGS MATCHES "-fsanitize")
  target_link_options(magpie-shared PRIVATE -Wl,-z,undefs)
endif()
# Where the processor's modes of floating point are not known C's are asked: libm.
if(NOT CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|aarch64|arm64)$")
  target_link_libraries(magpie-shared PRIVATE m)
  target_link_libraries(magpie-static PRIVATE m)
endif()
add_library(magpie::magpie ALIAS magpie-shared)
add_library(magpie::magpie-static ALIAS magpie-static)
