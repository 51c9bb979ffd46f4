# SPDX-License-Identifier: Apache-2.0
# `cmake --install`: headers, both libraries, the program and its man page, a CMake
# package and a pkg-config file.
include(CMakePackageConfigHelpers)

install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/magpie"
        DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" FILES_MATCHING PATTERN "*.h" PATTERN "*.hpp")
install(TARGETS magpie-shared magpie-static EXPORT magpie-targets
        LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}"
        ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}")
install(EXPORT magpie-targets NAMESPACE magpie::
        DESTINATION "${CMAKE_INSTALL_LIBDIR}/cmake/magpie")
configure_package_config_file(
  "${PROJECT_SOURCE_DIR}/cmake/magpie-config.cmake.in"
  "${PROJECT_BINARY_DIR}/magpie-config.cmake"
  INSTALL_DESTINATION "${CMAKE_INSTALL_LIBDIR}/cmake/magpie")
write_basic_package_version_file("${PROJECT_BINARY_DIR}/magpie-config-version.cmake"
                                 COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/magpie-config.cmake"
              "${PROJECT_BINARY_DIR}/magpie-config-version.cmake"
        DESTINATION "${CMAKE_INSTALL_LIBDIR}/cmake/magpie")
# For a program that links libmagpie.a: hwloc and ck as they are linked here.  Not as
# Requires.private, which asks for what a static hwloc would need, and Debian's names a
# library that its package does not bring.
list(JOIN HWLOC_LDFLAGS " " MAG_PC_HWLOC)
list(JOIN CK_LDFLAGS " " MAG_PC_CK)
# Programs write down what their own inline calls hand out.
if(MAG_DEBUG_TASKS)
  set(MAG_PC_DEFINES " -DMAG_DEBUG_TASKS=1")
endif()
# For libmagpie.so; with --static it is taken back.
if(MAG_TLS_MODEL STREQUAL "initial-exec")
  set(MAG_PC_TLS " -DMAG_TLS_INITIAL_EXEC=1")
endif()
# Found from where it lies, so that any prefix chosen at installation is right.  A folder
# that was given whole is where it is, whatever the prefix.
if(IS_ABSOLUTE "${CMAKE_INSTALL_LIBDIR}")
  set(MAG_PC_PREFIX "${CMAKE_INSTALL_PREFIX}")
else()
  file(RELATIVE_PATH MAG_PC_PREFIX
       "${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig" "${CMAKE_INSTALL_PREFIX}")
  string(REGEX REPLACE "/$" "" MAG_PC_PREFIX "\${pcfiledir}/${MAG_PC_PREFIX}")
endif()
foreach(folder LIBDIR INCLUDEDIR)
  set(MAG_PC_${folder} "${CMAKE_INSTALL_${folder}}")
  if(NOT IS_ABSOLUTE "${MAG_PC_${folder}}")
    string(PREPEND MAG_PC_${folder} "\${prefix}/")
  endif()
endforeach()
configure_file("${PROJECT_SOURCE_DIR}/cmake/magpie.pc.in"
               "${PROJECT_BINARY_DIR}/magpie.pc" @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/magpie.pc"
        DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
install(FILES "${PROJECT_SOURCE_DIR}/tools/valgrind.supp"
        DESTINATION "${CMAKE_INSTALL_DATADIR}/magpie")
install(FILES "${PROJECT_SOURCE_DIR}/tools/gdb/magpie.py"
        DESTINATION "${CMAKE_INSTALL_DATADIR}/magpie/gdb")
if(MAG_BUILD_PROGRAM)
  install(FILES "${PROJECT_SOURCE_DIR}/man/magpie.1"
          DESTINATION "${CMAKE_INSTALL_MANDIR}/man1")
endif()
