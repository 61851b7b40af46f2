#!/bin/sh
# What includes do not show: which object uses whose symbols. Run where the objects are, after make: no object uses one of a
# floor above, or of the other house on its own floor, and no two use each other's, be it over others. Headers alone are looked
# at by floors.sh.
top=${srcdir:-..}
[ -e src/main.o ] || { echo "no objects here"; exit 77; }
${NM:-nm} --version >/dev/null 2>&1 || { echo "nm is missing"; exit 77; }

work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
# Only what is built from the sources as they are: an object of a file that has gone may still lie here.
tr -s ' \t' '\n' <"$top/Makefile.am" | sed -n 's/^\(src\/.*\)\.c$/\1.o/p' | sort -u >"$work/objects"
# Nor what was left out when it was configured.
while read -r object; do [ ! -e "$object" ] || echo "$object"; done <"$work/objects" | xargs ${NM:-nm} -A -g >"$work/symbols" || exit 99

# Lines "USER OWNER SYMBOL".
awk '{ split($1, a, ":"); o = a[1]; sub(/^src\//, "", o); sub(/\.o$/, "", o)
	if ($(NF - 1) == "U") { n++; user[n] = o; wants[n] = $NF } else owner[$NF] = o }
END { for (i = 1; i <= n; i++) if (wants[i] in owner && owner[wants[i]] != user[i]) print user[i], owner[wants[i]], wants[i] }' \
	"$work/symbols" | sort >"$work/uses"
[ -s "$work/uses" ] || { echo "nm names no symbol that one object has of another"; exit 99; }
bad=0

awk 'BEGIN { split("base mail conf wire spool post intake cli main", f); split("0 1 2 3 3 4 5 6 7", n); for (i in f) floor[f[i]] = n[i] }
{ split($1, a, "/"); split($2, b, "/")
  if (a[1] != b[1] && floor[b[1]] >= floor[a[1]]) { print $1 " uses " $3 " of " $2 ", which is no lower floor"; bad = 1 } }
END { exit bad }' "$work/uses" || bad=1

cut -d' ' -f1,2 "$work/uses" | sort -u >"$work/edges"
if ! tsort <"$work/edges" >/dev/null 2>"$work/loop"; then
	echo "These objects use each other's symbols in a circle:"
	sed -n 's/^tsort: \([a-z0-9_]*\/[a-z0-9_]*\)$/\1/p' "$work/loop" | sort -u >"$work/members"
	awk -v members="$work/members" 'BEGIN { while ((getline line < members) > 0) in_it[line] = 1 }
	in_it[$1] && in_it[$2] { print "  " $1 " uses " $3 " of " $2 }' "$work/uses"
	bad=1
fi
exit $bad
