# Fills a manual page in: the list (made of a table) stands in place of a line @LIST@, @SETTINGS@ or @LETTERS@, and the
# folder of the system's configuration in place of @SYSCONFDIR@.
#
#	awk -v list=FILE -v sysconfdir=FOLDER -f fill.awk PAGE.in >PAGE

/^@[A-Z]+@$/ {
	while ((getline line < list) > 0)
		print line
	close(list)
	next
}
{ gsub(/@SYSCONFDIR@/, sysconfdir); print }
