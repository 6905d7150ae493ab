# cmake --install, find_package(cotangent) and pkg-config cotangent.

include(CMakePackageConfigHelpers)
set(ct_config_folder ${CMAKE_INSTALL_LIBDIR}/cmake/cotangent)

install(TARGETS cotangent EXPORT cotangent-targets)
install(EXPORT cotangent-targets NAMESPACE cotangent:: DESTINATION ${ct_config_folder})

foreach(header IN LISTS ct_public_headers)
    get_filename_component(folder cotangent/${header} DIRECTORY)
    install(FILES ${header} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/${folder})
endforeach()
install(FILES ${ct_ops_h} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/cotangent/autograd)
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})

get_target_property(ct_library_type cotangent TYPE)
configure_package_config_file(cmake/cotangent-config.cmake.in cotangent-config.cmake
    INSTALL_DESTINATION ${ct_config_folder})
write_basic_package_version_file(cotangent-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/cotangent-config.cmake ${PROJECT_BINARY_DIR}/cotangent-config-version.cmake
    DESTINATION ${ct_config_folder})

# Paths relative to the file itself, so that the installed tree can be moved. A static library names what it needs for
# plain `pkg-config --libs`: with --static, OpenBLAS would ask for a Fortran compiler's library too.
file(RELATIVE_PATH ct_pc_prefix ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
string(REGEX REPLACE "/$" "" ct_pc_prefix ${ct_pc_prefix})
set(ct_pc_requires "")
set(ct_pc_libs "")
if(ct_library_type STREQUAL "STATIC_LIBRARY")
    list(JOIN ct_modules " " ct_pc_requires)
    list(JOIN LAPACK_LIBRARIES " " ct_pc_libs) # empty where pkg-config knows OpenBLAS
    string(APPEND ct_pc_libs " -pthread -lm")
endif()
configure_file(cmake/cotangent.pc.in cotangent.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/cotangent.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
