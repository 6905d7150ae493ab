# ct_objects: every object file of the library. The shared or static library and the tests' library share them.

file(GLOB_RECURSE ct_sources CONFIGURE_DEPENDS ${ct_room_sources})
list(REMOVE_ITEM ct_sources ${PROJECT_SOURCE_DIR}/autograd/ops_header.c
     ${PROJECT_SOURCE_DIR}/inspect/formula/calls_table.c)
set(ct_kernels ${ct_sources})
list(FILTER ct_kernels INCLUDE REGEX "_kernels\\.c$")
list(FILTER ct_sources EXCLUDE REGEX "_kernels\\.c$")

function(ct_add_objects name options)
    add_library(${name} OBJECT ${ARGN})
    add_dependencies(${name} ct_ops_h ct_calls_inc)
    set_target_properties(${name} PROPERTIES C_VISIBILITY_PRESET hidden POSITION_INDEPENDENT_CODE ON)
    target_compile_options(${name} PRIVATE ${options})
    target_include_directories(${name} PRIVATE ${CBLAS_INCLUDE_DIR})
    target_link_libraries(${name} PRIVATE ct_internal_flags ${ct_dependencies})
    set(ct_objects ${ct_objects} $<TARGET_OBJECTS:${name}> PARENT_SCOPE)
endfunction()

ct_add_objects(ct_core $<$<CONFIG:Release>:-O2> ${ct_sources})

# gcc 12 vectorises the kernels' loops only at -O3. These options keep NaN, infinities, signed zeros and the order of
# sums; they give up errno and floating-point exception flags, which nothing here reads.
macro(ct_add_kernels isa)
    if(ct_kernels)
        ct_add_objects(ct_kernels_${isa}
            "$<IF:$<CONFIG:Debug>,-O2,-O3>;-fno-math-errno;-fno-trapping-math;${ARGN}" ${ct_kernels})
        target_compile_definitions(ct_kernels_${isa} PRIVATE CT_ISA=${isa})
    endif()
endmacro()

ct_add_kernels(base)
if(CT_X86_DISPATCH)
    ct_add_kernels(avx2 -mavx2 -mfma)
    ct_add_kernels(avx512 -mavx512f -mavx512vl -mavx512dq -mavx512bw -mfma -mprefer-vector-width=512)
endif()
