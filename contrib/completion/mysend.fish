# Completion of mysend for fish. What may follow, mysend says itself (--complete), so that it is that of the version that runs.
function __mysend_complete
	set -l words (commandline -opc)
	set -l token (commandline -ct)
	set -l front (string match -r -- '^--[^=]*=' $token)
	set -l value (string replace -- "$front" '' $token)
	set -l program $words[1]
	set -e words[1]
	for line in ($program --complete $words "$token" 2>/dev/null)
		switch $line
			case ':files'
				string replace -r -- '^' "$front" (__fish_complete_path "$value")
			case ':folders'
				string replace -r -- '^' "$front" (__fish_complete_directories "$value")
			case ':users'
				string replace -r -- '^' "$front" (__fish_complete_users)
			case '*'
				echo $line
		end
	end
end
complete -c mysend -f -a '(__mysend_complete)'
