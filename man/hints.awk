# Turns src/base/hints.def into the lists of mysend-trouble(7), a list for each stage; what a stage is called says
# src/base/failure.c, which is read first.

# The strings between quotes, in order: string[1] ...
function strings(s,	n, at) {
	gsub(/\\"/, "\001", s); n = 0
	while (match(s, /"[^"]*"/)) {
		string[++n] = substr(s, RSTART + 1, RLENGTH - 2)
		gsub(/\001/, "\"", string[n])
		s = substr(s, RSTART + RLENGTH)
	}
	return n
}
function plain(s) { gsub(/[{}]/, "", s); return s }

FILENAME ~ /failure\.c$/ {
	line = $0
	while (match(line, /\[AT_[A-Z]+\] = "[^"]*"/)) {
		pair = substr(line, RSTART + 1, RLENGTH - 2)
		line = substr(line, RSTART + RLENGTH)
		stage = pair; sub(/\].*/, "", stage); sub(/^[^"]*"/, "", pair)
		name[stage] = pair
	}
	next
}

/^HINT\(/ {
	stage = $0; sub(/^[^,]*, */, "", stage); sub(/,.*/, "", stage)
	if (!(stage in name) || strings($0) != 2) {
		print FILENAME ": a row that cannot be read: " $0 > "/dev/stderr"
		exit bad = 1
	}
	if (stage != last) {
		if (last != "") print ".El"
		print ".Ss " upper(name[stage]) "\n.Bl -tag -width Ds"
	}
	last = stage
	saw = plain(string[1]); gsub(/\|/, ", or ", saw)
	print ".It Xo\n" mdoc(saw) "\n.Xc\n" mdoc(plain(string[2]))
}
END { if (bad) exit 1; print ".El" }
