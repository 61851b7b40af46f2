"""Who calls sendmail, and how: a row a caller, with what must be at the relay afterwards (test_callers.py runs them)."""
import pwd
import os

LOGIN = pwd.getpwuid(os.getuid()).pw_name
DOMAIN = "mail.example"
USER = "%s@%s" % (LOGIN, DOMAIN)
BODY = "first line\n.\nlast line\n"

# What is said of the environment that callers with one of their own give.
CRON = {"LOGNAME": LOGIN, "PATH": "/usr/bin:/bin", "SHELL": "/bin/sh", "LANG": None}
SUDO = {"PATH": "/usr/bin:/bin", "LOGNAME": "root", "USER": "root", "LANG": None}


class Caller:
    """
    argv    as the program makes it; argv[0] is the name it calls
    header  the fields as the program writes them, a line each; body what follows; eol the line ends of each
    to      the recipients that the relay must get, in order; sender the envelope sender (None: whoever runs the test)
    becomes {line: what it is on the wire, None: gone}, for lines that do not pass octet by octet
    adds    {field: value} that must be added, besides Date and Message-ID
    """

    def __init__(self, name, argv, header, to, body=BODY, sender=None, becomes=None, adds=None, eol="\n", body_eol="\n",
                 no_blank=False, env=None, how=None, config="", loud=False, arrives=None, status=0):
        self.name, self.argv, self.header, self.to, self.body = name, argv.split("|") if isinstance(argv, str) else argv, header, to, body
        self.sender = USER if sender is None else sender
        self.becomes, self.adds, self.eol, self.body_eol, self.no_blank = becomes or {}, adds or {}, eol, body_eol, no_blank
        self.env, self.how, self.config, self.loud, self.status = env or {}, how, config, loud, status
        self.arrives = body if arrives is None else arrives

    @property
    def stdin(self):
        head = "".join(line + self.eol for line in self.header)
        gap = "" if self.no_blank else self.eol
        return (head + gap + self.body.replace("\n", self.body_eol)).encode()

    @property
    def wire_header(self):
        """The lines that must stand at the beginning of the header on the wire."""
        out = []
        for line in self.header:
            line = self.becomes.get(line, line)
            if line is not None:
                out += line.split("\n")
        return out

    @property
    def wire_body(self):
        text = self.arrives if self.arrives.endswith("\n") or not self.arrives else self.arrives + "\n"
        return text.replace("\n", "\r\n").encode()


def local(*names):
    """The lines of address fields in which local names get the domain."""
    return {line: line.replace(name, "%s@%s" % (name, DOMAIN), 1) for line, name in names}
