if(PROJECT_NAME MATCHES "^[Ss]licer")
  message(FATAL_ERROR "The index takes no extension whose project name starts with Slicer: ${PROJECT_NAME}")
endif()
