#!/bin/sh
# make install-sendmail-links makes sendmail's names, in DESTDIR too, takes nothing that is not ours, and what it made
# can be taken away again. Run in the build folder.
root=$(mktemp -d "${TMPDIR:-/tmp}/mysend-links.XXXXXX") || exit 71
trap 'rm -rf "$root"' EXIT
bad=0
trouble() { echo "$*"; bad=1; }
links() { ${MAKE:-make} "$1" DESTDIR="$root" prefix=/usr >"$root.log" 2>&1; }

links install-sendmail-links || { cat "$root.log"; trouble "the links cannot be made"; }
for name in sbin/sendmail sbin/send-mail lib/sendmail bin/mailq bin/newaliases; do
	[ "$(readlink "$root/usr/$name")" = /usr/bin/mysend ] || trouble "/usr/$name is no link to mysend"
done
for page in man8/sendmail.8 man1/mailq.1 man1/newaliases.1; do
	[ "$(cat "$root/usr/share/man/$page")" = ".so man1/mysend.1" ] || trouble "$page does not lead to mysend(1)"
done
links install-sendmail-links || trouble "a second time fails"
links uninstall-sendmail-links
[ -z "$(find "$root" -type l)" ] || trouble "links stay: $(find "$root" -type l)"
echo other >"$root/usr/sbin/sendmail"
links install-sendmail-links && trouble "another sendmail was no reason to stop"
[ "$(cat "$root/usr/sbin/sendmail")" = other ] || trouble "another sendmail was overwritten"
grep -q "usr/sbin/sendmail is there, and is not ours" "$root.log" || trouble "nothing is said of it: $(cat "$root.log")"
[ ! -e "$root/usr/bin/mailq" ] || trouble "half of the links were made"
rm -f "$root.log"
exit $bad
