#!/bin/sh
# The picture of the README is what its source says.
# $srcdir is where the sources are, $AWK awk.
cd "${srcdir:-.}/doc" || exit 99
made=$(mktemp) || exit 99
trap 'rm -f "$made"' EXIT
${AWK:-awk} -f picture.awk parts.txt >"$made" || exit 1
cmp "$made" parts.svg && exit 0
echo "make it anew: awk -f doc/picture.awk doc/parts.txt >doc/parts.svg"
exit 1
