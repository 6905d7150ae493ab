# ct_embed(HEADER NAME FILE ...): writes a C header with a string constant NAME for each FILE.
# Written when CMake runs, and again when a file changes.
function(ct_embed header)
    set(text "/* Made from the files beside their users; see cmake/embed.cmake. */\n")
    while(ARGN)
        list(POP_FRONT ARGN name file)
        file(READ ${PROJECT_SOURCE_DIR}/${file} content)
        set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${file})
        string(REPLACE "\\" "\\\\" content "${content}")
        string(REPLACE "\"" "\\\"" content "${content}")
        string(REPLACE "\n" "\\n\"\n    \"" content "${content}")
        string(APPEND text "static const char ${name}[] =\n    \"${content}\";\n")
    endwhile()
    file(CONFIGURE OUTPUT ${header} CONTENT "${text}" @ONLY)
endfunction()

ct_embed(${PROJECT_BINARY_DIR}/made/inspect/page_text.h page_css inspect/draw/page.css page_js inspect/draw/page.js)
