#!/bin/sh
# What make install, install-sendmail-links and install-units make, make uninstall takes away again, and says what it leaves; with
# prefix=/usr alone all paths are the system's; a second configure with other folders leaves none of the first.
# Run in the build folder; $srcdir is where the sources are.
src=$(cd "${srcdir:-.}" && pwd)
root=$(mktemp -d "${TMPDIR:-/tmp}/mysend-install.XXXXXX") || exit 71
trap 'rm -rf "$root"' EXIT
bad=0
trouble() { echo "$*"; bad=1; }
unset MAKEFLAGS MAKELEVEL MFLAGS
run() { ${MAKE:-make} "$@" DESTDIR="$root/to" prefix=/usr >"$root/log" 2>&1 || { cat "$root/log"; trouble "make $* fails"; }; }

run install
run install-sendmail-links
run install-units
for file in bin/mysend share/man/man5/mysend.conf.5 share/man/man7/mysend-compat.7 share/man/man7/mysend-trouble.7 share/bash-completion/completions/mysend share/zsh/site-functions/_mysend share/fish/vendor_completions.d/mysend.fish \
	share/doc/mysend/migrate.md share/doc/mysend/oauth.md share/doc/mysend/examples/mysend.conf share/doc/mysend/examples/logrotate \
	share/doc/mysend/examples/10-mysend-failure.conf sbin/sendmail libexec/mysend/failure-mail lib/systemd/system/mysend-failure@.service \
	lib/systemd/system/mysend-failure@.service.d/10-mysend-failure.conf lib/systemd/system/mysend.socket lib/systemd/system/mysend@.service \
	lib/systemd/user/mysend-queue.timer lib/systemd/system/mysend-renew.timer lib/systemd/system/mysend-renew.service; do
	[ -e "$root/to/usr/$file" ] || [ -L "$root/to/usr/$file" ] || trouble "/usr/$file is not installed"
done
sysconfdir=$(sed -n 's/^sysconfdir = //p' Makefile)
case $sysconfdir in *prefix*) sysconfdir=/usr/etc ;; esac
mkdir -p "$root/to$sysconfdir"
echo x >"$root/to$sysconfdir/mysend.conf"
run uninstall
grep -qF "left: $root/to$sysconfdir/mysend.conf" "$root/log" || { cat "$root/log"; trouble "nothing is said of the configuration"; }
rm "$root/to$sysconfdir/mysend.conf"
rmdir "$root/to$sysconfdir"
[ -z "$(find "$root/to" ! -type d)" ] || trouble "make uninstall leaves $(find "$root/to" ! -type d)"
# Folders that every system has may stay, and none of those that are there for what was installed.
empty=$(cd "$root/to/usr" && find . -type d ! -path . ! -path ./bin ! -path ./sbin ! -path ./lib ! -path ./share ! -path ./share/man)
[ -z "$empty" ] || trouble "make uninstall leaves the folders $empty"

# A tree that is built in itself can be built nowhere else.
[ ! -e "$src/config.status" ] || exit $bad

# configure VALUE ...: a build of its own, with the compiler of this one
cc=$(sed -n 's/^CC = //p' Makefile)
configure() { (cd "$root/build" && "$src/configure" -q CC="$cc" "$@") >"$root/log" 2>&1 || { cat "$root/log"; trouble "configure $* fails"; }; }
build() { ${MAKE:-make} -C "$root/build" "$@" >"$root/log" 2>&1 || { cat "$root/log"; trouble "make $* fails"; }; }
mkdir "$root/build"
configure --prefix=/usr
build src/conf/accounts.o src/conf/whoami.o contrib/systemd/mysend-queue.service contrib/systemd/mysend@.service mysend.conf.5
objects="$root/build/src/conf/accounts.o $root/build/src/conf/whoami.o"
# shellcheck disable=SC2086
{
	grep -q /etc/mysend.conf $objects && ! grep -q /usr/etc $objects || trouble "with prefix=/usr the configuration is not in /etc"
	grep -q /var/spool $objects && ! grep -q /usr/var $objects || trouble "with prefix=/usr the spool is not in /var"
	grep -q '^ConditionDirectoryNotEmpty=/var/spool/mysend/queue$' "$root/build/contrib/systemd/mysend-queue.service" &&
		grep -q '^ExecStart=/usr/bin/mysend -q$' "$root/build/contrib/systemd/mysend-queue.service" ||
		trouble "the unit has other folders: $(grep -E '^(Cond|Exec)' "$root/build/contrib/systemd/mysend-queue.service")"
	configure --prefix=/usr --sysconfdir=/usr/etc
	build src/conf/accounts.o
	grep -q /usr/etc/mysend.conf "$root/build/src/conf/accounts.o" || trouble "who says sysconfdir=/usr/etc does not get it"
	configure --prefix=/opt/m --sysconfdir=/opt/conf
	build src/conf/accounts.o src/conf/whoami.o contrib/systemd/mysend-queue.service contrib/systemd/mysend@.service mysend.conf.5
	grep -q /opt/conf/mysend.conf $objects && grep -q /opt/m/var/spool $objects || trouble "objects have the folders of before"
	grep -q '^ExecStart=/opt/m/bin/mysend -q$' "$root/build/contrib/systemd/mysend-queue.service" &&
		grep -q '^LoadCredential=mysend.conf:/opt/conf/mysend-service.conf$' "$root/build/contrib/systemd/mysend@.service" ||
		trouble "units have the folders of before"
	grep -q /opt/conf "$root/build/mysend.conf.5" || trouble "the manual has the folders of before"
}
exit $bad
