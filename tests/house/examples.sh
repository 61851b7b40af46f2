#!/bin/sh
# The examples in the manual run: those of mysend.1 each by itself, against a configuration that names a relay, sending
# nothing; those of mysend.conf.5 are loaded.
# Run in the build folder; $MYSEND is the program.
scratch=$(mktemp -d) || exit 99
trap 'rm -rf "$scratch"' EXIT
HOME=$scratch XDG_CONFIG_HOME=$scratch MYSEND_CONFIG=$scratch/config
export HOME XDG_CONFIG_HOME MYSEND_CONFIG
printf 'relay smtp://relay.example\nfrom alice@example.org\nmaildomain example.org\npassword x\n' >"$scratch/config"
chmod 600 "$scratch/config"
mkdir "$scratch/bin"
# shellcheck disable=SC2016
printf '#!/bin/sh\nexec "%s" --dry-run "$@"\n' "$MYSEND" >"$scratch/bin/mysend"
chmod 755 "$scratch/bin/mysend"

awk -v to="$scratch" '
	/^\.Sh EXAMPLES/ { on = 1 }
	on && /^\.Bd -literal/ { name = to "/example" ++n; next }
	/^\.Ed/ { name = "" }
	name { gsub(/\\e/, "\\"); print >name }' mysend.1
run=0 bad=0
for example in "$scratch"/example*; do
	[ -f "$example" ] || break
	run=$((run + 1))
	(cd "$scratch" && PATH=$scratch/bin:$PATH sh -e "$example") >"$scratch/said" 2>&1 </dev/null || {
		bad=1
		cat "$example" "$scratch/said"
	}
done
[ $run -ge 5 ] || { echo "only $run examples found"; bad=1; }

# The configurations in mysend.conf.5 load.
awk -v to="$scratch" '
	/^\.Sh EXAMPLES/ { on = 1 }
	on && /^\.Sh / && !/EXAMPLES/ { on = 0 }
	on && /^\.Bd -literal/ { name = to "/conf" ++n; next }
	/^\.Ed/ { name = "" }
	name { gsub(/\\e/, "\\"); print >name }' mysend.conf.5
run=0
for example in "$scratch"/conf[0-9]*; do
	[ -f "$example" ] || break
	run=$((run + 1))
	chmod 600 "$example"
	"$MYSEND" -C "$example" --show-config >"$scratch/said" 2>&1 </dev/null || {
		! grep -q 'built without it (--without-oauth)' "$scratch/said" || continue
		bad=1
		cat "$example" "$scratch/said"
	}
done
[ $run -ge 3 ] || { echo "only $run configurations found"; bad=1; }

# Those of mysend-ledger.5 say of the ledger that stands in it what it says.
awk -v to="$scratch" '
	/^\.Bd -literal/ { name = to "/ledger" ++n; next }
	/^\.Ed/ { name = "" }
	name { gsub(/\\e/, "\\"); print >name }' mysend-ledger.5
sed 's/  /\t/g' "$scratch/ledger1" >"$scratch/people.csv.ledger"
for wanted in 'eve@example.net	eve@example.net' '      1 550 5.1.1 no such user' ''; do
	n=$((${n:-1} + 1))
	said=$(cd "$scratch" && sh -e "./ledger$n") || bad=1
	[ "$said" = "$wanted" ] || { bad=1; cat "$scratch/ledger$n"; echo "says: $said"; }
done
tail -n 1 "$scratch/people.csv.ledger" | grep -q '^~	0.000	bob@example.org	bob@example.org		by hand$' || { bad=1; tail -n 1 "$scratch/people.csv.ledger"; }
exit $bad
