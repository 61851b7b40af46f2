#!/bin/sh
# The hints: each row of base/hints.def is used, has the arguments that it names, says what the program says before it, and
# stands in mysend-trouble(7); and no hint stands elsewhere.
# Run in the build folder; $srcdir is where the sources are.
src=${srcdir:-.}
bad=0
trouble() { echo "$*"; bad=1; }

table=$src/src/base/hints.def
ids=$(sed -n 's/^HINT(\([A-Z0-9_]*\), .*/\1/p' "$table")
[ "$(echo "$ids" | wc -l)" -gt 50 ] || trouble "hints.def cannot be read"
all=$(find "$src/src" -name '*.c' -exec cat {} +)
for id in $ids; do
	echo "$all" | grep -qE "HINT_$id([^A-Z0-9_]|\$)" || grep -qE "^SEEN\(.*, $id\)\$" "$table" || trouble "$id is used nowhere"
done
found=$(find "$src/src" -name '*.c' ! -name failure.c -exec grep -HnE 'failure_hint\([^)]*"|hint: [^%"]' {} +)
[ -z "$found" ] || trouble "a hint stands outside of hints.def: $found"

# A call has as many arguments as the row that it names; one of several rows, and one out of a table, has none.
find "$src/src" -name '*.c' ! -name failure.c -exec cat {} + | awk '
	FILENAME != "-" && /^HINT\(/ {
		id = $0; sub(/^HINT\(/, "", id); sub(/,.*/, "", id)
		text = $0; sub(/"\)$/, "", text); gsub(/\\"/, "", text); sub(/.*"/, "", text)
		named[id] = gsub(/\{/, "", text)
	}
	FILENAME == "-" {
		for (line = $0; match(line, /failure_hint\(/); ) {
			line = substr(line, RSTART + RLENGTH)
			depth = 1; given = -1; call = ""
			for (i = 1; depth && i <= length(line); i++) {
				c = substr(line, i, 1)
				depth += (c ~ /[({]/) - (c ~ /[)}]/)
				given += c == "," && depth == 1
				call = call c
			}
			if (depth) { print "failure_hint is called over more than one line: " $0; continue }
			while (match(call, /HINT_[A-Z0-9_]+/)) {
				id = substr(call, RSTART + 5, RLENGTH - 5)
				call = substr(call, RSTART + RLENGTH)
				calls++
				if (!(id in named)) print id " is no row"
				else if (named[id] != given) print id " names " named[id] " arguments, and is given " given
			}
		}
	}
	END { if (calls < 50) print "the calls of failure_hint cannot be read" }' "$table" - >hints.found
[ ! -s hints.found ] || trouble "$(cat hints.found)"

# On this host what was said are words of the program: what stands between its arguments is in the sources. (so) is no quotation.
text=$(find "$src/src" -name '*.[ch]' -exec cat {} + | tr -s '\n\t ' ' ' | sed 's/" "//g')
sed -nE 's/^HINT\([A-Z0-9_]*, AT_(USAGE|CONFIG|INPUT|SPOOL), "(([^"\\]|\\.)*)", .*/\2/p' "$table" | tr '|' '\n' | grep -v '^(' |
	sed 's/{[A-Z]*}/\n/g' | grep -E '.{9}' | sort -u >hints.found
while IFS= read -r words; do
	case $text in *"$words"*) ;; *) trouble "nothing in src says: $words" ;; esac
done <hints.found
rm -f hints.found

# Where words of others decide (a relay's, the TLS library's), they stand in what the user saw; of several that mean the same, one.
{
	sed -nE 's/^SEEN\(.*, "([^"]+)", ([A-Z0-9_]*)\)$/\2 \1/p' "$table"
	grep -hoE '\{"[^"]*", HINT_[A-Z0-9_]*\}' "$src/src/wire/fault.c" | sed -E 's/\{"(.*)", HINT_(.*)\}/\2 \1/'
} >hints.found
[ "$(wc -l <hints.found)" -gt 30 ] || trouble "the words that hints are found by cannot be read"
while read -r id words; do
	saw=$(grep "^HINT($id, " "$table" | sed 's/", ".*//')
	echo "$words" | tr '|' '\n' >hints.words
	case $saw in *'"('*) ;; *) echo "$saw" | grep -qiF -f hints.words || trouble "the row $id does not say that it follows \"$words\"" ;; esac
done <hints.found
rm -f hints.words

page=$(tr '\n' ' ' <mysend-trouble.7 | sed 's/\\-/-/g; s/\\e/\\/g')
sed -nE 's/^HINT\(.*", "(.*)"\)$/\1/p' "$table" | sed 's/\\"/"/g; s/[{}]//g' >hints.found
while IFS= read -r words; do
	case $page in *".Xc $words ."*) ;; *) trouble "mysend-trouble.7 lacks: $words" ;; esac
done <hints.found
[ "$(grep -c '^\.It' mysend-trouble.7)" = "$(wc -l <hints.found)" ] || trouble "mysend-trouble.7 has other rows than hints.def"
rm -f hints.found
exit $bad
