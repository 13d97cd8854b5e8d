#!/bin/sh
# links-only-libc.sh LIBRARY: fails if it needs another library than libc and
# pthreads, a C++ symbol, or shows a symbol that is not ingot_*.
needed=$(readelf -d "$1" | sed -n 's/.*NEEDED.*\[\(.*\)\]/\1/p' | grep -v -E '^(libc|libpthread|ld-linux.*)\.so')
unwanted=$(nm -D --undefined-only "$1" | awk '{print $NF}' | grep -E '^(_Z|__gxx|__cxa_(throw|guard|pure|begin|allocate)|_Unwind)')
shown=$(nm -D --defined-only "$1" | awk '{print $NF}' | grep -v '^ingot_')
for what in needed unwanted shown; do
  eval "names=\$$what"
  [ -z "$names" ] || { echo "$what: $names"; failed=1; }
done
exit ${failed:-0}
