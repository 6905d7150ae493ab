# ct_flags: what everything here is compiled with. ct_internal_flags: the library and its tests, which see every room.
# ct_dependencies: what the library is linked to.

add_library(ct_flags INTERFACE)
target_compile_options(ct_flags INTERFACE
    -Wall -Wextra -Wconversion -Wshadow -Wvla -ffp-contract=off
    -fmacro-prefix-map=${PROJECT_SOURCE_DIR}/=) # __FILE__ is relative: a place in an error reads the same everywhere
if(CT_SANITIZE)
    string(REPLACE ";" "," ct_sanitizers "${CT_SANITIZE}")
    target_compile_options(ct_flags INTERFACE
        -fsanitize=${ct_sanitizers} -fno-sanitize-recover=all -fno-omit-frame-pointer -UNDEBUG)
    target_link_options(ct_flags INTERFACE -fsanitize=${ct_sanitizers})
endif()

# CT_DEBUG: assertions and the check for handles used after their scope, in debug and sanitizer builds.
add_library(ct_internal_flags INTERFACE)
target_link_libraries(ct_internal_flags INTERFACE ct_flags)
target_include_directories(ct_internal_flags INTERFACE ${PROJECT_SOURCE_DIR} ${ct_include} ${PROJECT_BINARY_DIR}/made)
target_compile_definitions(ct_internal_flags INTERFACE
    $<$<OR:$<CONFIG:Debug>,$<BOOL:${CT_SANITIZE}>>:CT_DEBUG>
    $<$<BOOL:${CT_X86_DISPATCH}>:CT_X86_DISPATCH>
    $<$<BOOL:${libgvc_FOUND}>:CT_HAVE_GVC>)

set(ct_dependencies Threads::Threads m)
foreach(module IN LISTS ct_modules)
    list(APPEND ct_dependencies PkgConfig::${module})
endforeach()
if(NOT openblas_FOUND)
    list(APPEND ct_dependencies LAPACK::LAPACK)
endif()
