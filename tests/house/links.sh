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

# Whose it is, by what asks dpkg's or rpm's database: what each of them answers for a file that has an owner.
mkdir "$root/bin"
owner() { # ANSWER OF DPKG, ANSWER OF RPM
	printf '#!/bin/sh\n[ "$1 $2" = "-S %s" ] && %s\n' "$root/usr/sbin/sendmail" "$1" >"$root/bin/dpkg"
	printf '#!/bin/sh\n[ "$1 $4" = "-qf %s" ] && %s\n' "$root/usr/sbin/sendmail" "$2" >"$root/bin/rpm"
	chmod 755 "$root/bin/dpkg" "$root/bin/rpm"
	PATH=$root/bin:$PATH links install-sendmail-links && trouble "another sendmail was no reason to stop"
	sed -n 's/.*is not ours: //p' "$root.log"
}
of="it is of the package other-mta. Remove that; or contrib/package makes a package that takes its place"
[ "$(owner 'echo "other-mta: $2"' false)" = "$of" ] || trouble "dpkg's package is not told: $(cat "$root.log")"
[ "$(owner 'printf "%s\n" "diversion by x from: $2" "other-mta: $2"' false)" = "$of" ] || trouble "with a diversion it is not told: $(cat "$root.log")"
[ "$(owner false 'echo "other-mta: "')" = "$of" ] || trouble "rpm's package is not told: $(cat "$root.log")"
[ "$(owner false false)" = "take it away first" ] || trouble "without a package other words are told: $(cat "$root.log")"
rm -f "$root.log"
exit $bad
