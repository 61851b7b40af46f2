#!/bin/sh
# Completion offers what the program knows, in bash (tests/cli/test_completion.py asks each shell as at a terminal); the example
# configuration loads, and logrotate takes its snippet. $MYSEND is the program, $srcdir the sources.
command -v bash >/dev/null || { echo "bash is missing"; exit 77; }
src=$(cd "${srcdir:-.}" && pwd)
scratch=$(mktemp -d) || exit 99
trap 'rm -rf "$scratch"' EXIT
bad=0
trouble() { echo "$*"; bad=1; }

# offers WORD ...: what is offered for the last one; "default" or "dirnames" where files or folders are left to the shell
offers() {
	(cd "$scratch" && bash -c 'compopt() { COMPREPLY+=("$2"); }; source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _mysend; printf "%s\n" "${COMPREPLY[@]}"' \
		bash "$src/contrib/completion/mysend.bash" "$@")
}
has() { # has LINES WORD
	printf '%s\n' "$1" | grep -qxF -e "$2" || trouble "\"$2\" is not offered, but: $1"
}
all=$(offers "$MYSEND" --)
for word in --tls-starttls --queue-hold --subject --show-config --attach --merge --template --retry-failed; do has "$all" $word; done
for name in $("$MYSEND" --list-settings | cut -f 1 | tr _ - | grep -vx password); do has "$all" "--$name"; done
[ "$(offers "$MYSEND" --queue-h)" = --queue-hold ] || trouble "--queue-h: $(offers "$MYSEND" --queue-h)"
[ "$(offers "$MYSEND" --tls tr)" = try ] || trouble "--tls tr: $(offers "$MYSEND" --tls tr)"
[ "$(offers "$MYSEND" --tls = tr)" = try ] || trouble "--tls=tr: $(offers "$MYSEND" --tls = tr)"
[ "$(offers "$MYSEND" --tls_starttls o | sort | tr '\n' ' ')" = "off on " ] || trouble "--tls_starttls o: $(offers "$MYSEND" --tls_starttls o)"
echo >"$scratch/picture.png"
for word in --attach --template --ledger --report --failed --password-file; do
	[ "$(offers "$MYSEND" $word pic)" = default ] || trouble "$word pic: $(offers "$MYSEND" $word pic)"
done
[ "$(offers "$MYSEND" --tls-trust-dir pic)" = dirnames ] || trouble "--tls-trust-dir pic: $(offers "$MYSEND" --tls-trust-dir pic)"
[ "$(offers "$MYSEND" --merge x --unsu | sort | tr '\n' ' ')" = "--unsubscribe --unsure " ] || trouble "--unsu: $(offers "$MYSEND" --merge x --unsu)"
[ "$(offers "$MYSEND" --batch --preview)" = --preview ] || trouble "--batch --preview: $(offers "$MYSEND" --batch --preview)"
[ "$(offers "$MYSEND" --merge pic)" = default ] || trouble "--merge pic is not left to the shell, which offers files"
[ "$(offers "$MYSEND" --unsure h)" = hold ] || trouble "--unsure h: $(offers "$MYSEND" --unsure h)"
[ -z "$(offers "$MYSEND" bob)" ] || trouble "bob: $(offers "$MYSEND" bob)"

sed "s,/etc/mysend.password,$scratch/picture.png,; s,/var/log,$scratch," "$src/contrib/mysend.conf.example" >"$scratch/conf"
chmod 600 "$scratch/conf" "$scratch/picture.png"
HOME=$scratch "$MYSEND" -C "$scratch/conf" --show-config >"$scratch/said" 2>&1 || { cat "$scratch/said"; trouble "the example does not load"; }
if command -v logrotate >/dev/null && [ "$(id -u)" = 0 ]; then
	cp "$src/contrib/logrotate" "$scratch/rotate" && chmod 644 "$scratch/rotate"
	logrotate -d -s "$scratch/state" "$scratch/rotate" >"$scratch/said" 2>&1 || { cat "$scratch/said"; trouble "logrotate refuses its snippet"; }
fi
exit $bad
