# The public headers as a user sees them, <cotangent/...>: links to the doors, and autograd/ops.h made from ops.def.

set(ct_public_headers cotangent.h tensor/errors.def
    autograd/op.h autograd/arguments.h autograd/windows.h autograd/subscripts.h
    nn/module.h nn/layers.h nn/recurrent.h nn/attention.h nn/init.h nn/losses.h
    optim/optimizers.h optim/schedules.h
    inspect/derivation.h inspect/why.h inspect/causes.def inspect/drawing.h
    inspect/expression.h inspect/gradcheck.h inspect/claims.h
    data/datasets.h data/loader.h data/files.h
    train/metrics.h train/history.h train/weights.h train/checkpoint.h train/fit.h)
foreach(room IN LISTS CT_ROOMS)
    list(APPEND ct_public_headers ${room}/${room}.h)
endforeach()

foreach(header IN LISTS ct_public_headers)
    get_filename_component(folder ${ct_include}/cotangent/${header} DIRECTORY)
    file(MAKE_DIRECTORY ${folder})
    file(CREATE_LINK ${PROJECT_SOURCE_DIR}/${header} ${ct_include}/cotangent/${header} SYMBOLIC COPY_ON_ERROR)
endforeach()

add_executable(ct_ops_header autograd/ops_header.c)
target_include_directories(ct_ops_header PRIVATE ${PROJECT_SOURCE_DIR})
target_link_libraries(ct_ops_header PRIVATE ct_flags)

set(ct_ops_h ${ct_include}/cotangent/autograd/ops.h)
add_custom_command(OUTPUT ${ct_ops_h}
    COMMAND ct_ops_header > ${ct_ops_h}
    DEPENDS ct_ops_header
    COMMENT "Writing cotangent/autograd/ops.h" VERBATIM)
add_custom_target(ct_ops_h DEPENDS ${ct_ops_h})

# What formulas may call, from the same rows.
add_executable(ct_calls_table inspect/formula/calls_table.c)
target_include_directories(ct_calls_table PRIVATE ${PROJECT_SOURCE_DIR})
target_link_libraries(ct_calls_table PRIVATE ct_flags)
set(ct_calls ${PROJECT_BINARY_DIR}/made/inspect/formula/calls.inc)
file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/made/inspect/formula)
add_custom_command(OUTPUT ${ct_calls}
    COMMAND ct_calls_table > ${ct_calls}
    DEPENDS ct_calls_table
    COMMENT "Writing inspect/formula/calls.inc" VERBATIM)
add_custom_target(ct_calls_inc DEPENDS ${ct_calls})
