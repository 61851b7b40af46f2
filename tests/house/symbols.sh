#!/bin/sh
# What includes do not show: which object uses whose symbols. Run where the objects are, after make: no object uses one of a
# floor above, or of the other house on its own floor, and no two use each other's, be it over others. Headers alone are looked
# at by floors.sh.
top=${srcdir:-..}
[ -e src/main.o ] || { echo "no objects here"; exit 77; }
${NM:-nm} --version >/dev/null 2>&1 || { echo "nm is missing"; exit 77; }

# Circles that are known, each by the step that closes it: "OBJECT OBJECT" (the first uses the second's). It only gets shorter.
known='
'

work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
# Only what is built from the sources as they are: an object of a file that has gone may still lie here.
tr -s ' \t' '\n' <"$top/Makefile.am" | sed -n 's/^\(src\/.*\)\.c$/\1.o/p' | sort -u >"$work/objects"
xargs ${NM:-nm} -A -g <"$work/objects" >"$work/symbols" || exit 99

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
printf '%s' "$known" | grep . | sort >"$work/known"
comm -13 "$work/edges" "$work/known" | sed 's/$/: no longer so; take it out of the list in tests\/house\/symbols.sh/' | grep . && bad=1
if ! comm -23 "$work/edges" "$work/known" | tsort >/dev/null 2>"$work/loop"; then
	echo "These objects use each other's symbols in a circle:"
	sed -n 's/^tsort: \([a-z0-9_]*\/[a-z0-9_]*\)$/\1/p' "$work/loop" | sort -u >"$work/members"
	comm -23 "$work/edges" "$work/known" | tr ' ' / >"$work/open"
	awk -v members="$work/members" -v open="$work/open" 'BEGIN { while ((getline l < members) > 0) in_it[l] = 1; while ((getline l < open) > 0) is_open[l] = 1 }
	$1 in in_it && $2 in in_it && $1 "/" $2 in is_open { print "  " $1 " uses " $3 " of " $2 }' "$work/uses"
	bad=1
fi
exit $bad
