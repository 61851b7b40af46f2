#!/bin/sh
# Everything that is written is built: each source, header, table and unit stands in Makefile.am.
cd "${srcdir:-.}" || exit 99
bad=0
for f in src/*.c src/*/*.[ch] src/*/*.def tests/unit/test_*.c tests/house/*.sh; do
	case $f in tests/unit/*) name=${f%.c} ;; *) name=$f ;; esac
	tr -s ' \t' '\n' <Makefile.am | grep -qxF "$name" || { echo "$f is not in Makefile.am"; bad=1; }
done
exit $bad
