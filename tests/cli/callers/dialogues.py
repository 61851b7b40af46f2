"""CALLERS.md: who speaks SMTP with sendmail's standard input, in lock-step: {name: (argv, script, mails that arrive)}."""

ANN, BOB, D = "ann@example.net", "bob@example.org", "d@example.org"
TEXT = "\r\n\r\n..dot\r\nbody\r\n"


def header(sender, to, subject):
    return "From: %s\r\nTo: %s\r\nSubject: %s" % (sender, to, subject)


def envelope(sender, to):
    return [("MAIL FROM:<%s>" % sender, "250")] + [("RCPT TO:<%s>" % one, "250") for one in to]


def transaction(sender, to, subject, author=None):
    return envelope(sender, to) + [("DATA", "354"), (header(author or sender, to[0], subject) + TEXT + ".", "250")]


def mail(sender, to, subject, author=None):
    """What is at the relay: (sender, recipients, the caller's part of the header)."""
    return sender, to, header(author or sender, to[0], subject)


ONE, TWO = ((ANN, [BOB], "one"), (ANN, [D], "two"))
SYMFONY = [("HELO [127.0.0.1]", "250")] + transaction(ANN, [BOB, D], "one") + [("QUIT", "221")]

DIALOGUES = {
    "symfony-mailer-bs": (["/usr/sbin/sendmail", "-bs"], SYMFONY, [mail(ANN, [BOB, D], "one")]),
    # The transport stays open between two messages, and asks with NOOP whether it still is
    "symfony-mailer-bs-two-messages": (
        ["/usr/sbin/sendmail", "-bs"], [("EHLO [127.0.0.1]", "250")] + transaction(*ONE) + [("NOOP", "250")] + transaction(*TWO) + [("QUIT", "221")],
        [mail(*ONE), mail(*TWO)]),
    "swiftmailer-bs": (["/usr/sbin/sendmail", "-bs"], [("EHLO [127.0.0.1]", "250")] + transaction(*ONE) + [("QUIT", "221")], [mail(*ONE)]),
    "laravel-sendmail-bs-i": (["/usr/sbin/sendmail", "-bs", "-i"], SYMFONY, [mail(ANN, [BOB, D], "one")]),
    # The first transaction only tests the recipients
    "nmh-sendmail-smtp": (
        ["/usr/sbin/sendmail", "-bs", "-odb", "-oem", "-om"],
        [("EHLO host", "250")] + envelope(ANN, [BOB, D]) + [("RSET", "250")] + transaction(*ONE) + transaction(*TWO) + [("QUIT", "221")],
        [mail(*ONE), mail(*TWO)]),
    "alpine-bs": (["/usr/sbin/sendmail", "-bs", "-odb", "-oem"], [("EHLO host.example", "250")] + transaction(*ONE) + [("QUIT", "221")], [mail(*ONE)]),
    "cyrus-null-sender": (["/usr/sbin/sendmail", "-bs"],
                          [("EHLO host", "250")] + transaction("", [BOB], "one", "sieve@example.net") + [("QUIT", "221")],
                          [mail("", [BOB], "one", "sieve@example.net")]),
}

# Nobody here has a message: mailq of check_mailq, newaliases, the hooks of ppp and if-up
ADMINISTRATION = {
    "name-mailq": (["/usr/bin/mailq"], b"Mail queue is empty\n"),
    "check-mailq-bp": (["/usr/sbin/sendmail", "-bp"], b"Mail queue is empty\n"),
    "name-newaliases": (["newaliases"], b""),
    "nis-makefile-bi": (["/usr/sbin/sendmail", "-bi"], b""),
    "ppp-ip-up-q": (["sendmail", "-q"], b""),
}
