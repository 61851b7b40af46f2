# Fills a manual page in: the list (made of a table) stands in place of a line @LIST@, @SETTINGS@ or @LETTERS@, and the
# folders of the system's configuration and spools in place of @SYSCONFDIR@ and @LOCALSTATEDIR@.
#
#	awk -v list=FILE -v sysconfdir=FOLDER -f fill.awk PAGE.in >PAGE

function filled(text) {
	gsub(/@SYSCONFDIR@/, sysconfdir, text)
	gsub(/@LOCALSTATEDIR@/, localstatedir, text)
	return text
}
/^@[A-Z]+@$/ {
	while ((getline line < list) > 0)
		print filled(line)
	close(list)
	next
}
{ print filled($0) }
