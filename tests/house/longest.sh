#!/bin/sh
# Prints the five longest functions of the C files in a folder; fails if one has more than 80 lines.
# A function is what stands between a line "{" and a line "}" at the left edge.
find "${1:-${srcdir:-.}/src}" -name '*.c' | sort | xargs awk '
	FNR == 1 { name = "" }
	/^[a-z].*\(/ && !/;$/ && !/^(static )?(const )?struct [a-z_]+ [a-z_]+\[/ { name = $0; sub(/\(.*/, "", name); sub(/.*[ *]/, "", name) }
	/^\{$/ { begin = FNR }
	/^\}$/ { if (begin) print FNR - begin + 1, FILENAME ":" begin, name; begin = 0 }' |
	sort -rn | awk 'NR <= 5 { print } $1 > 80 { bad = 1 } END { exit bad || !NR }'
