#!/bin/sh
# The tables, the program and the manual agree: every setting and every option stands in all three.
# Run in the build folder; $MYSEND is the program, $srcdir the sources.
src=${srcdir:-.}
bad=0
trouble() { echo "$*"; bad=1; }

rows() { sed -n "s/^$1(\\([a-z0-9_]*\\),.*/\\1/p" "$src/src/conf/settings.def"; }
[ "$(rows SETTING | wc -l)" -gt 20 ] || trouble "settings.def cannot be read"
[ "$(rows SETTING)" = "$("$MYSEND" --list-settings | cut -f 1)" ] || trouble "--list-settings is not the table"
for name in $(rows SETTING) $(rows ALIAS) $(rows IGNORED) $(rows ONLY); do
	grep -qE "^\.It Cm (.* , )?$name( |\$)" mysend.conf.5 || trouble "mysend.conf.5 has nothing on $name"
done

for letter in $(sed -n "s/^FLAG('\\(.\\)'.*/\\1/p" "$src/src/cli/flags.def"); do
	grep -qE "^\.It Fl ([^.]* , (Fl )?)?$letter( |$)" mysend.1 || trouble "mysend.1 has nothing on -$letter"
	sed -n '/^\.Sh OPTIONS/,/^\.Sh MODES/p' mysend-compat.7 | grep -qE "^\.It Fl $letter( |\$)" || trouble "mysend-compat.7 has nothing on -$letter"
done
words=$(sed -nE 's/^(WORD|MANY)\("([a-z-]*)".*/\2/p' "$src/src/cli/flags.def")
helps() { "$MYSEND" --help && "$MYSEND" --batch --help; }
[ -n "$words" ] || trouble "the words in flags.def cannot be read"
for word in $words $(helps | grep -oE -- '--[a-z][a-z-]*' | sed 's/^--//' | sort -u); do
	"$MYSEND" --list-settings | cut -f 1 | tr _ - | grep -qxF "$word" ||
		grep -qE "^\.It Fl (.* , Fl )?Fl $word( |$)" mysend.1 || trouble "mysend.1 has nothing on --$word"
done
# The completion of a shell asks for what is UNTOLD, no person does.
for word in $(sed -nE '/UNTOLD\)$/d; s/^(WORD|MANY)\("([a-z-]*)".*/\2/p' "$src/src/cli/flags.def"); do
	helps | grep -qE -- "(^|[ ,])--$word([][ ,=]|\$)" || trouble "--help has nothing on --$word"
done
for help in "" --batch --merge; do
	"$MYSEND" $help --help | awk 'length > 80 { print "too wide: " $0; bad = 1 } END { if (NR > 24) { print "--help has " NR " lines"; bad = 1 } exit bad || !NR }' || bad=1
done
exit $bad
