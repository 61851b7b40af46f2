# Completion of mysend for bash: the words are the program's own, so that they are those of the version that runs.
_mysend() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} program=${COMP_WORDS[0]} takes='' word
	COMPREPLY=()
	# bash parts --tls=on at the =
	[ "$cur" != = ] || cur=
	[ "$prev" != = ] || prev=${COMP_WORDS[COMP_CWORD-2]}
	if [[ $prev == --* ]]; then
		word=${prev#--}
		takes=$("$program" --list-settings 2>/dev/null | awk -F '\t' -v name="${word//-/_}" '$1 == name { print $2 }')
		case $word in attach | inline | html | config | template | ledger | failed | report) takes=FILE ;; unsure) takes='retry|hold' ;; esac
	fi
	case $prev in -C | -X) takes=FILE ;; esac
	case $takes in
	*'|'*) mapfile -t COMPREPLY < <(compgen -W "${takes//|/ }" -- "$cur"); return ;;
	FILE | FOLDER) mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return ;;
	esac
	[[ $cur == -* ]] || return 0
	mapfile -t COMPREPLY < <(compgen -W "$({
		"$program" --list-settings | cut -f 1 | tr _ - | sed 's/^/--/'
		{ "$program" --help; "$program" --batch --help; } | grep -oE -- '--[a-z][a-z-]+'
	} 2>/dev/null | sort -u)" -- "$cur")
}
complete -o default -F _mysend mysend
