# A picture (SVG) out of boxes and arrows: awk -f doc/picture.awk doc/parts.txt >doc/parts.svg
# Readable in light and in dark: the colours are those of the reader's scheme, on a ground of their own.
BEGIN {
	WIDE = 246; HIGH = 74; ACROSS = 330; DOWN = 112; EDGE = 18
}
function x(name) { return EDGE + column[name] * ACROSS }
function y(name) { return EDGE + row[name] * DOWN }
function plain(text) { gsub(/&/, "\\&amp;", text); gsub(/</, "\\&lt;", text); gsub(/>/, "\\&gt;", text); return text }
function trim(text) { gsub(/^ +| +$/, "", text); return text }
/^#/ || /^$/ { next }
$1 == "box" {
	boxes++
	name[boxes] = $2; column[$2] = $3; row[$2] = $4; kind[$2] = $5
	rest = $0
	for (i = 0; i < 5; i++) sub(/^[^ ]+ +/, "", rest)
	words[$2] = rest
	if ($3 > right) right = $3
	if ($4 > bottom) bottom = $4
	next
}
$1 == "arrow" || $1 == "dashed" {
	arrows++
	how[arrows] = $1; from[arrows] = $2; to[arrows] = $3
	rest = $0
	for (i = 0; i < 3; i++) sub(/^[^ ]+ */, "", rest)
	said[arrows] = rest
	next
}
{ print "picture.awk: line " NR " is neither box nor arrow" >"/dev/stderr"; bad = 1; exit 1 }

function box(b,    n, part, i, at) {
	n = split(words[b], part, /\|/)
	printf "<rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"8\"/>\n", kind[b], x(b), y(b), WIDE, HIGH
	at = y(b) + HIGH / 2 - (n - 1) * 9 + 5
	for (i = 1; i <= n; i++)
		printf "<text%s x=\"%d\" y=\"%d\">%s</text>\n", i == 1 ? " class=\"title\"" : "", x(b) + WIDE / 2, at + (i - 1) * 18, plain(trim(part[i]))
}

# Along a row from side to side, along a column from edge to edge, else sideways, up or down between the columns, and sideways.
function arrow(i,    f, t, path, tx, ty, middle, ahead) {
	f = from[i]; t = to[i]
	if (!(f in row) || !(t in row)) { print "picture.awk: no box " f " or " t >"/dev/stderr"; bad = 1; return }
	if (column[f] == column[t]) {
		path = "M" x(f) + WIDE / 2 " " (row[f] < row[t] ? y(f) + HIGH " V" y(t) - 7 : y(f) " V" y(t) + HIGH + 7)
		tx = x(f) + WIDE / 2 + 8; ty = y(f) + HIGH + (DOWN - HIGH) / 2 + 4
	} else {
		ahead = column[f] < column[t]
		middle = x(f) + (ahead ? WIDE + (ACROSS - WIDE) / 2 : -(ACROSS - WIDE) / 2)
		path = "M" x(f) + (ahead ? WIDE : 0) " " y(f) + HIGH / 2 (row[f] == row[t] ? "" : " H" middle " V" y(t) + HIGH / 2) \
			" H" (ahead ? x(t) - 7 : x(t) + WIDE + 7)
		tx = middle; ty = y(f) + HIGH / 2 - 8
	}
	printf "<path class=\"%s\" d=\"%s\" marker-end=\"url(#head)\"/>\n", how[i], path
	if (said[i] != "")
		printf "<text class=\"word%s\" x=\"%d\" y=\"%d\">%s</text>\n", column[f] == column[t] ? " beside" : "", tx, ty, plain(said[i])
}

END {
	if (bad) exit 1
	width = 2 * EDGE + right * ACROSS + WIDE; height = 2 * EDGE + bottom * DOWN + HIGH
	printf "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" role=\"img\" aria-label=\"Who calls mysend, where mail waits, and who logs in\">\n", \
		width, height, width, height
	print "<style>"
	print "text { font: 13px sans-serif; text-anchor: middle; fill: #1f2328 } .title { font-weight: bold; font-size: 14px }"
	print ".word { font-size: 12px; font-style: italic } .beside { text-anchor: start }"
	print ".ground { fill: #ffffff } rect { stroke: #57606a; stroke-width: 1.2 }"
	print ".caller { fill: #f6f8fa } .mysend { fill: #ddf4ff } .waits { fill: #fff8c5 } .relay { fill: #dafbe1 }"
	print "path { fill: none; stroke: #57606a; stroke-width: 1.6 } .dashed { stroke-dasharray: 6 4 } #head path { fill: #57606a; stroke: none }"
	print "@media (prefers-color-scheme: dark) {"
	print "text { fill: #e6edf3 } .ground { fill: #0d1117 } rect { stroke: #8b949e } path { stroke: #8b949e } #head path { fill: #8b949e }"
	print ".caller { fill: #21262d } .mysend { fill: #0c2d48 } .waits { fill: #3b2f05 } .relay { fill: #0f3a1d }"
	print "}"
	print "</style>"
	print "<defs><marker id=\"head\" viewBox=\"0 0 10 10\" refX=\"3\" refY=\"5\" markerWidth=\"7\" markerHeight=\"7\" orient=\"auto\"><path d=\"M0 0L10 5L0 10z\"/></marker></defs>"
	printf "<rect class=\"ground\" style=\"stroke: none\" width=\"%d\" height=\"%d\"/>\n", width, height
	for (i = 1; i <= arrows; i++) arrow(i)
	for (i = 1; i <= boxes; i++) box(name[i])
	print "</svg>"
	if (bad) exit 1
}
