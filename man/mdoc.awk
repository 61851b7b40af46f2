# What settings.awk and hints.awk write alike.

function upper(s) { return toupper(substr(s, 1, 1)) substr(s, 2) }

# Lines of less than 80 octets. A hyphen before a letter is an option's, and must stay one on paper and screen.
function mdoc(s,	n, i, word, out, len) {
	gsub(/\\\\/, "\\e", s)
	gsub(/(^|[ (])-/, "&\001", s); gsub(/-\001/, "\\-", s)
	n = split(s, word, " ")
	for (i = 1; i <= n; i++) {
		if (len && len + length(word[i]) >= 79) { out = out "\n"; len = 0 }
		if (len) { out = out " "; len++ }
		out = out word[i]; len += length(word[i])
	}
	return out
}
