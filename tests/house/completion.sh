#!/bin/sh
# Completion offers what the program knows, in bash and, where it is installed, zsh reads its file; the example configuration
# loads, and logrotate takes its snippet. $MYSEND is the program, $srcdir the sources.
command -v bash >/dev/null || { echo "bash is missing"; exit 77; }
src=$(cd "${srcdir:-.}" && pwd)
scratch=$(mktemp -d) || exit 99
trap 'rm -rf "$scratch"' EXIT
bad=0
trouble() { echo "$*"; bad=1; }

# offers WORD ...: what is offered for the last one
offers() {
	(cd "$scratch" && bash -c 'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _mysend; printf "%s\n" "${COMPREPLY[@]}"' \
		bash "$src/contrib/completion/mysend.bash" "$@")
}
has() { # has LINES WORD
	printf '%s\n' "$1" | grep -qxF -e "$2" || trouble "\"$2\" is not offered, but: $1"
}
all=$(offers "$MYSEND" --)
for word in --tls-starttls --queue-hold --subject --show-config --attach --merge --template --retry-failed; do has "$all" $word; done
for name in $("$MYSEND" --list-settings | cut -f 1 | tr _ -); do has "$all" "--$name"; done
[ "$(offers "$MYSEND" --queue-h)" = --queue-hold ] || trouble "--queue-h: $(offers "$MYSEND" --queue-h)"
[ "$(offers "$MYSEND" --tls tr)" = try ] || trouble "--tls tr: $(offers "$MYSEND" --tls tr)"
[ "$(offers "$MYSEND" --tls = tr)" = try ] || trouble "--tls=tr: $(offers "$MYSEND" --tls = tr)"
[ "$(offers "$MYSEND" --tls_starttls o | sort | tr '\n' ' ')" = "off on " ] || trouble "--tls_starttls o: $(offers "$MYSEND" --tls_starttls o)"
echo >"$scratch/picture.png"
[ "$(offers "$MYSEND" --attach pic)" = picture.png ] || trouble "--attach pic: $(offers "$MYSEND" --attach pic)"
for word in --template --ledger --report --failed; do
	[ "$(offers "$MYSEND" $word pic)" = picture.png ] || trouble "$word pic: $(offers "$MYSEND" $word pic)"
done
[ "$(offers "$MYSEND" --merge x --unsu | sort | tr '\n' ' ')" = "--unsubscribe --unsure " ] || trouble "--unsu: $(offers "$MYSEND" --merge x --unsu)"
[ "$(offers "$MYSEND" --batch --preview)" = --preview ] || trouble "--batch --preview: $(offers "$MYSEND" --batch --preview)"
[ -z "$(offers "$MYSEND" --merge pic)" ] || trouble "--merge pic is not left to the shell, which offers files"
[ "$(offers "$MYSEND" --unsure h)" = hold ] || trouble "--unsure h: $(offers "$MYSEND" --unsure h)"
[ "$(offers "$MYSEND" --password-file pic)" = picture.png ] || trouble "--password-file pic: $(offers "$MYSEND" --password-file pic)"
[ "$(offers "$MYSEND" --template pic)" = picture.png ] || trouble "--template pic: $(offers "$MYSEND" --template pic)"
[ "$(offers "$MYSEND" --batch --preview)" = --preview ] || trouble "--batch --preview: $(offers "$MYSEND" --batch --preview)"
[ -z "$(offers "$MYSEND" --merge pic)" ] || trouble "--merge pic is not left to the shell, which offers files"
[ "$(offers "$MYSEND" --unsure h)" = hold ] || trouble "--unsure h: $(offers "$MYSEND" --unsure h)"
[ -z "$(offers "$MYSEND" bob)" ] || trouble "bob: $(offers "$MYSEND" bob)"
if command -v zsh >/dev/null; then
	# What its completion system would be given.
	zsh_offers() {
		(cd "$scratch" && zsh -f -c 'file=$1; shift; compadd() { shift; print -l -- ${(P)1}; }; _files() { print FILE; }; _default() { print DEFAULT; }
			words=("$@"); CURRENT=$#; PREFIX=${words[-1]}; run() { source $file; }; run' zsh "$src/contrib/completion/_mysend" "$@")
	}
	all=$(zsh_offers "$MYSEND" --)
	for word in --tls-starttls --queue-hold --attach --template; do has "$all" $word; done
	[ "$(zsh_offers "$MYSEND" --tls '' | tr '\n' ' ')" = "on off try " ] || trouble "zsh: --tls: $(zsh_offers "$MYSEND" --tls '')"
	[ "$(zsh_offers "$MYSEND" --template x)" = FILE ] || trouble "zsh: --template: $(zsh_offers "$MYSEND" --template x)"
	[ "$(zsh_offers "$MYSEND" --merge x)" = DEFAULT ] || trouble "zsh: --merge: $(zsh_offers "$MYSEND" --merge x)"
	[ "$(zsh_offers "$MYSEND" --attach x)" = FILE ] || trouble "zsh: --attach: $(zsh_offers "$MYSEND" --attach x)"
	[ "$(zsh_offers "$MYSEND" --password-file x)" = FILE ] || trouble "zsh: --password-file: $(zsh_offers "$MYSEND" --password-file x)"
	[ "$(zsh_offers "$MYSEND" bob)" = DEFAULT ] || trouble "zsh: bob: $(zsh_offers "$MYSEND" bob)"
fi

sed "s,/etc/mysend.password,$scratch/picture.png,; s,/var/log,$scratch," "$src/contrib/mysend.conf.example" >"$scratch/conf"
chmod 600 "$scratch/conf" "$scratch/picture.png"
HOME=$scratch "$MYSEND" -C "$scratch/conf" --show-config >"$scratch/said" 2>&1 || { cat "$scratch/said"; trouble "the example does not load"; }
if command -v logrotate >/dev/null && [ "$(id -u)" = 0 ]; then
	cp "$src/contrib/logrotate" "$scratch/rotate" && chmod 644 "$scratch/rotate"
	logrotate -d -s "$scratch/state" "$scratch/rotate" >"$scratch/said" 2>&1 || { cat "$scratch/said"; trouble "logrotate refuses its snippet"; }
fi
exit $bad
