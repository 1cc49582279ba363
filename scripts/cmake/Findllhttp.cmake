# llhttp::llhttp, from a system libllhttp where there is one, else built from the generated C that
# Debian's node-llhttp package ships (it has no library of its own).

find_path(llhttp_INCLUDE_DIR llhttp.h HINTS /usr/share/include PATH_SUFFIXES llhttp)
find_library(llhttp_LIBRARY llhttp)
find_path(llhttp_SOURCE_DIR llhttp.c PATHS /usr/share/llhttp NO_DEFAULT_PATH)

include(FindPackageHandleStandardArgs)
if(llhttp_LIBRARY)
  find_package_handle_standard_args(llhttp REQUIRED_VARS llhttp_LIBRARY llhttp_INCLUDE_DIR)
  if(llhttp_FOUND AND NOT TARGET llhttp::llhttp)
    add_library(llhttp::llhttp UNKNOWN IMPORTED)
    set_target_properties(llhttp::llhttp PROPERTIES IMPORTED_LOCATION ${llhttp_LIBRARY}
      INTERFACE_INCLUDE_DIRECTORIES ${llhttp_INCLUDE_DIR})
  endif()
else()
  find_package_handle_standard_args(llhttp REQUIRED_VARS llhttp_SOURCE_DIR llhttp_INCLUDE_DIR
    REASON_FAILURE_MESSAGE "install node-llhttp (Debian) or libllhttp")
  if(llhttp_FOUND AND NOT TARGET llhttp::llhttp)
    add_library(llhttp STATIC ${llhttp_SOURCE_DIR}/llhttp.c ${llhttp_SOURCE_DIR}/api.c
      ${llhttp_SOURCE_DIR}/http.c)
    target_include_directories(llhttp SYSTEM PUBLIC ${llhttp_INCLUDE_DIR})
    # Strict: two of the leniencies of 8.1.0 exist only without it.
    target_compile_definitions(llhttp PUBLIC LLHTTP_STRICT_MODE=1)
    target_compile_options(llhttp PRIVATE -w)
    add_library(llhttp::llhttp ALIAS llhttp)
  endif()
endif()
