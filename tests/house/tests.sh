#!/bin/sh
# How tests are written: nobody sleeps where something can be waited for, limits and shared things stand once, and no test looks
# at what another run may have made.
cd "${srcdir:-.}/tests" || exit 99
bad=0
no() { # WHAT PATTERN FILE ...
	what=$1 pattern=$2
	shift 2
	grep -nE "$pattern" "$@" /dev/null | grep -v "# noqa: house" && { echo "^ $what"; bad=1; }
}
no "a test module is imported: what two need stands in a module of its own" '^ *(from|import) test_' cli/*.py relay/*.py
no "a unit has another unit in it" '#include "(\.\./unit/)?test_' unit/*.[ch] fuzz/*.[ch]
no "somebody sleeps: wait_for (relay/waiting.py), the action hold, make_older, or a clock (cli/clock.c)" 'time\.sleep\(' cli/test_*.py relay/[rst]*.py
no "a limit of its own: PATIENCE or SOON (relay/waiting.py)" \
	'[( ]timeout=[0-9]|settimeout\([0-9]{2}|wait_for_message\([0-9]|process\.(wait|communicate)\([0-9]{2}|monotonic\(\) - began < [0-9.]+($| [^*]|[^0-9. ])' cli/*.py relay/*.py
no "a path that another run may have made" '(^|[^a-z_])/(tmp|var/tmp|dev/shm)/' cli/test_*.py
no "a name that another process may have" '"/tmp/[^"]*%' unit/*.c
exit $bad
