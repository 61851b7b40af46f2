#!/bin/sh
# What comments cite is there: the sections of CONTRIBUTING.md and of mysend-compat(7).
cd "${srcdir:-.}" || exit 99
bad=0
list=$(mktemp) || exit 99
trouble() { echo "$*"; bad=1; }

cited=$(grep -rhoE 'CONTRIBUTING\.md, "[^"]*"' src tests/cli tests/unit | sed 's/^[^"]*"//; s/"$//' | sort -u)
[ -n "$cited" ] || trouble "nothing cites CONTRIBUTING.md"
echo "$cited" >"$list"
while IFS= read -r section; do
	grep -qxE "##+ $section" CONTRIBUTING.md || trouble "CONTRIBUTING.md has no section \"$section\""
done <"$list"
cited=$(grep -rhoE 'mysend-compat\(7\)(, [A-Z]{3}[A-Z ]*[A-Z])+' src tests/cli tests/unit | sed 's/^[^,]*, //; s/, /\n/g' | sort -u)
[ -n "$cited" ] || trouble "nothing cites mysend-compat(7)"
echo "$cited" >"$list"
while IFS= read -r section; do
	grep -qxF ".Sh $section" man/mysend-compat.7.in || trouble "mysend-compat(7) has no section $section"
done <"$list"
rm -f "$list"
files=$(grep -rlE 'COMPAT\.md|DESIGN\.md|DESIGN \(' src tests/cli tests/unit tests/relay)
[ -z "$files" ] || trouble "these cite what is not in the tree: $files"
exit $bad
