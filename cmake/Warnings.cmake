# SPDX-License-Identifier: Apache-2.0
# Warnings for our own code.  They are errors in our presets only: a newer compiler that
# knows more must not stop those who just build a release.
add_library(magpie-warnings INTERFACE)
target_compile_options(magpie-warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wundef -Wcast-qual
  -Wvla $<$<COMPILE_LANGUAGE:C>:-Wstrict-prototypes -Wmissing-prototypes>
  $<$<BOOL:${MAG_WERROR}>:-Werror>)
