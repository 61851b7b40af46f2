"""Who calls sendmail, and how: a row a caller, with what must be at the relay afterwards (test_callers.py runs them)."""
import pwd
import os

LOGIN = pwd.getpwuid(os.getuid()).pw_name
DOMAIN = "mail.example"
USER = "%s@%s" % (LOGIN, DOMAIN)
GECOS = pwd.getpwuid(os.getuid()).pw_gecos.split(",")[0].replace("&", LOGIN.capitalize())
BODY = "first line\n.\nlast line\n"

# The whole environment that these give, with how="cron" and how="sudo-root": cron hands on its own, as systemd made it, which
# has no HOME; sudo as upstream builds it makes one of four variables.
CRON = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "INVOCATION_ID": "0123456789abcdef0123456789abcdef", "JOURNAL_STREAM": "8:12345"}
SUDO = {"HOME": "/", "PATH": "/usr/bin:/bin", "LOGNAME": "root", "USER": "root"}


class Caller:
    """
    argv    as the program makes it; argv[0] is the name it calls
    header  the fields as the program writes them, a line each; body what follows; eol the line ends of each
    to      the recipients that the relay must get, in order; sender the envelope sender (None: whoever runs the test)
    becomes {line: what it is on the wire, None: gone}, for lines that do not pass octet by octet
    adds    {field: value} that must be added, and nothing else but Date and Message-ID; From: True is whoever runs the test
    asks    {parameter: value} of MAIL and RCPT where the relay offers DSN; BODY= follows from -B8BITMIME and the octets
    how     what is odd about the descriptors and the environment, see run() in test_callers.py
    """

    def __init__(self, name, argv, header, to, body=BODY, sender=None, becomes=None, adds=None, eol="\n", body_eol="\n",
                 no_blank=False, env=None, how=None, config="", loud=False, arrives=None, asks=None):
        self.name, self.argv, self.header, self.to, self.body = name, argv.split("|") if isinstance(argv, str) else argv, header, to, body
        self.sender = USER if sender is None else sender
        self.becomes, self.adds, self.eol, self.body_eol, self.no_blank = becomes or {}, adds or {}, eol, body_eol, no_blank
        self.env, self.how, self.config, self.loud, self.asks = env or {}, how, config, loud, asks or {}
        self.arrives = body if arrives is None else arrives

    @property
    def stdin(self):
        head = "".join(line + self.eol for line in self.header)
        gap = "" if self.no_blank else self.eol
        return (head + gap + self.body.replace("\n", self.body_eol)).encode()

    @property
    def wants_8bit(self):
        return "-B8BITMIME" in self.argv or not self.stdin.isascii()

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
