# Turns src/cli/flags.def into the list of sendmail's letters that mysend(1) has nothing to say of but that they are taken
# or refused. The letters that do something are described in the page itself; tests/house/settings.sh sees to it that none is left out.

/^FLAG\(/ {
	letter = substr($0, 7, 1)
	split($0, part, /, */)
	if (part[5] != "NOTHING" && part[5] != "REFUSE") next
	note = $0; sub(/"\)$/, "", note); sub(/.*"/, "", note)
	if (note == "ignored") note = "no meaning here"
	sub(/; ignored$/, "", note); sub(/; ignored:/, ":", note)
	if (part[5] == "REFUSE") note = "refused: " note
	note = toupper(substr(note, 1, 1)) substr(note, 2)
	printf ".It Fl %s%s\n%s.\n", letter, part[2] == "NONE" ? "" : part[2] == "ATTACHED" ? " Ns Op Ar value" : " Ar value", note
}
