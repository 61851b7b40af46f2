# Completion of mysend for bash. What may follow, mysend says itself (--complete), so that it is that of the version that runs.
_mysend() {
	local words=() word candidate glue='' front='' i
	# bash parts --tls=on at the =
	for ((i = 1; i <= COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		if [[ ( $word == = || $glue ) && ${#words[@]} -gt 0 && ${words[-1]} == --* ]]; then
			words[-1]+=$word
			front=${words[-1]%%=*}=
		else
			words+=("$word")
			front=
		fi
		[[ $word == = ]] && glue=yes || glue=
	done
	COMPREPLY=()
	while IFS=$'\t' read -r candidate _; do
		case $candidate in
		:files) compopt -o default ;;
		:folders) compopt -o dirnames ;;
		:users) mapfile -t COMPREPLY < <(compgen -u -- "${words[-1]#"$front"}") ;;
		*) COMPREPLY+=("${candidate#"$front"}") ;;
		esac
	done < <("${COMP_WORDS[0]/#~\//$HOME/}" --complete "${words[@]}" 2>/dev/null)
}
complete -F _mysend mysend
