#!/bin/sh
# The units are right for systemd, and as closed as their first lines say. Run in the build folder; $srcdir has the sources.
command -v systemd-analyze >/dev/null || { echo "systemd-analyze is missing"; exit 77; }
work=$(mktemp -d) || exit 71
mkdir "$work/units"
src=$work/units
cp contrib/systemd/*.service "${srcdir:-.}"/contrib/systemd/*.timer "${srcdir:-.}"/contrib/systemd/*.socket "$src" || exit 99
! grep -l "@[a-z]*dir@" "$src"/* || exit 1
trap 'rm -rf "$work"' EXIT
bad=0
trouble() { echo "$*"; bad=1; }

# verify wants the program to be there, and pages that are not installed yet are no fault.
for unit in "$src"/*.service "$src"/*.timer "$src"/*.socket; do
	sed -e 's,^\(ExecStart\|ExecStartPre\)=[^ ]*,\1=/bin/true,' -e '/^Documentation=/d' "$unit" >"$work/$(basename "$unit")"
done
cp "$work/mysend@.service" "$work/mysend@1.service"
cp "$work/mysend-failure@.service" "$work/mysend-failure@x.service.service"
for unit in "$work"/*.timer "$work"/*.socket "$work"/mysend-queue.service "$work"/mysend-renew.service "$work"/mysend-service-queue.service "$work"/mysend@1.service "$work/mysend-failure@x.service.service"; do
	said=$(cd "$work" && systemd-analyze verify "./$(basename "$unit")" 2>&1 | grep -F "$(basename "$unit")")
	[ -z "$said" ] || trouble "$said"
done
# One user, or one mail, does not take the whole host.
for unit in "$src"/*.service; do
	grep -q '^MemoryMax=[1-9]' "$unit" && grep -q '^TasksMax=[1-9]' "$unit" || trouble "$unit: no limit of memory or processes"
done
grep -q '^MaxConnections=[1-9]' "$src/mysend.socket" && grep -q '^MaxConnectionsPerSource=[1-9]' "$src/mysend.socket" ||
	trouble "mysend.socket: no limit of connections"
grep -q '^TriggerLimitIntervalSec=0$' "$src/mysend.socket" || trouble "mysend.socket: who connects often enough switches it off for all"
for unit in "$src"/*.service; do
	wanted=$(sed -n 's/^# systemd-analyze security --offline=true: \([0-9.]*\).*/\1/p' "$unit")
	found=$(systemd-analyze security --no-pager --offline=true "$unit" 2>/dev/null | sed -n 's/.*Overall exposure level.*: \([0-9.]*\).*/\1/p')
	[ -n "$found" ] || trouble "$unit: systemd-analyze gives no level"
	awk "BEGIN { exit !(\"$found\" + 0 <= \"$wanted\" + 0) }" || trouble "$unit: says $wanted, is $found"
done
exit $bad
