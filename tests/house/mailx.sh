#!/bin/sh
# Every twin in contrib/from-mailx.md runs as it stands, sending nothing.
# $MYSEND is the program, $srcdir the sources.
src=${srcdir:-.}
page=$(cd "$src" && pwd)/contrib/from-mailx.md
scratch=$(mktemp -d) || exit 99
trap 'rm -rf "$scratch"' EXIT
cd "$scratch" || exit 99
mkdir bin folder bills
printf 'relay smtp://relay.example\nfrom alice@example.org\nmaildomain example.org\naliases off\n' >config
chmod 600 config
# shellcheck disable=SC2016
printf '#!/bin/sh\ncase $1 in -bv) exit 0 ;; esac\nexec "%s" --dry-run "$@"\n' "$MYSEND" >bin/mysend
chmod 755 bin/mysend
printf 'text\n' >text
printf '<p>text</p>\n' >page.html
printf '\001\002\003' >file.bin
printf 'secret\n' >secret
chmod 600 secret
printf 'From: a@example.org\nTo: bob@example.org\nSubject: x\n\ntext\n' >whole
# What sends many mails shows the first one.
printf 'name,email,number\nBob,bob@example.org,1\nEve,eve@example.org,2\n' >people.csv
printf 'To: {{name}} <{{email}}>\nSubject: x\n\ntext\n' >letter.eml
printf 'bob@example.org\neve@example.org\n' >list
printf '%%PDF-1.4\n' | tee bills/1.pdf >bills/2.pdf
{ echo 'From a@example.org Mon Jan  1 00:00:00 2024'; cat whole; } >letters.mbox
cp whole a.eml
git_too=no
if command -v git >/dev/null; then
	git_too=yes
	for n in 1 2 3; do
		git init -q . && echo $n >n && git add n && git -c user.name=a -c user.email=a@example.org commit -qm "change $n"
	done || git_too=no
fi >git.said 2>&1
awk -F ' \\| `' '/^\| `/ { twin = $2; sub(/`[^`]*$/, "", twin); gsub(/\\\|/, "|", twin); print twin }' "$page" >twins
run=0 bad=0
while IFS= read -r twin; do
	case $git_too:$twin in no:git*) echo "git is missing: $twin"; continue ;; esac
	run=$((run + 1))
	HOME=$scratch MYSEND_CONFIG=$scratch/config PATH=$scratch/bin:$PATH sh -ec "$twin" >said 2>&1 </dev/null || {
		bad=1
		printf '%s\n' "$twin"
		cat said
	}
	case $twin in mysend*-bv*) ;; *) grep -q '^RCPT TO:<bob@example.org>' said || { echo "nobody gets: $twin"; bad=1; } ;; esac
done <twins
[ $run -ge 30 ] || { echo "only $run twins found"; bad=1; }
exit $bad
