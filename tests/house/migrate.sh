#!/bin/sh
# The configurations in contrib/migrate.md load, and every keyword named there beside another program's is one.
# $MYSEND is the program, $srcdir the sources.
src=${srcdir:-.}
scratch=$(mktemp -d) || exit 99
trap 'rm -rf "$scratch"' EXIT
bad=0 run=0
awk -v to="$scratch" '
	/^## / { on = 1; name = "" }
	on && /^    / { if (name == "") name = to "/conf" ++n; sub(/^    /, ""); print >name; next }
	/^$/ { if (name != "") print >name; next }
	{ name = "" }' "$src/contrib/migrate.md"
for conf in "$scratch"/conf*; do
	[ -f "$conf" ] || break
	run=$((run + 1))
	chmod 600 "$conf"
	HOME=$scratch "$MYSEND" -C "$conf" --show-config >"$scratch/said" 2>&1 || { bad=1; cat "$conf" "$scratch/said"; }
done
[ $run -ge 5 ] || { echo "only $run configurations found"; bad=1; }
# What stands in `...` in the last column begins with a keyword, a line of an alias file or a command.
awk -F ' \\| ' '/^\| / && !/^\|--/ { print $2 }' "$src/contrib/migrate.md" | grep -o '`[a-z][a-z_]*[ `]' | tr -d '` ' | sort -u |
	while read -r word; do
		case $word in default | account | smtp | postalias) continue ;; esac
		"$MYSEND" --list-settings | cut -f 1 | grep -qx "$word" || grep -q "^ALIAS($word," "$src/src/conf/settings.def" ||
			echo "contrib/migrate.md: $word is no setting"
	done >"$scratch/words"
[ ! -s "$scratch/words" ] || { cat "$scratch/words"; bad=1; }
exit $bad
