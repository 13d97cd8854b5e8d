/* Stands in for the compiler library: prints its arguments, exits with 7. */
#include <stdio.h>

__attribute__((visibility("default"))) int
ingot_compiler_main(int argc, const char **argv) {
  for (int i = 0; i < argc; ++i)
    printf("%s\n", argv[i]);
  return 7;
}
