#!/bin/sh
# The house stands: includes go down or stay on their floor, in no circle; rooms are small.
cd "${1:-${srcdir:-.}/src}" || exit 99
bad=0
includes() { grep -rn --include='*.[ch]' '^#include "' . | sed -E 's,^\./([^:]+):([0-9]+):#include "([^"]+)".*,\1 \3 \2,'; }

includes | awk '
BEGIN { split("base mail conf wire spool post intake cli", f); split("0 1 2 3 3 4 5 6", n); for (i in f) floor[f[i]] = n[i] }
{ split($1, a, "/"); split($2, b, "/")
  if ($2 !~ /\// ) next						# a .def beside its own file
  if (a[1] == b[1] || $1 == "main.c") next
  if (floor[b[1]] >= floor[a[1]]) { print $1 ":" $3 ": includes upward: " $2; bad = 1 } }
END { exit bad }' || bad=1

includes | awk '$2 ~ /\// && $1 ~ /\.h$/ { print $1, $2 }' | tsort >/dev/null || bad=1

find . -name '*.[ch]' -exec wc -l {} + | awk '$2 != "total" && $1 > 400 { print $2 ": " $1 " lines"; bad = 1 } END { exit bad }' || bad=1
for h in *.h */*.h; do # the contract comes first: "FLOOR/MODULE - what it is"
	[ ! -f "$h" ] || sed -n 2p "$h" | grep -q "^ \* ${h%.h} - " || { echo "$h: no contract"; bad=1; }
done
grep -rnE --include='*.[ch]' '\b(strcpy|strcat|sprintf|gets|atoi|strtok|system|popen)\(' . && bad=1
grep -rln --include='*.[ch]' '<curl/' . | grep -vx './wire/libcurl.h' && bad=1
grep -rln --include='*.[ch]' '<magic.h>' . | grep -vx './mail/libmagic.h' && bad=1
grep -rnE --include='*.c' '\bexit\(' . | grep -vE '^./(main|base/arena)\.c' && bad=1
exit $bad
