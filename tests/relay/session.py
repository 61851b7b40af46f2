"""The commands of SMTP, as the scripted relay takes them."""
import base64
import hashlib
import re

import auth
import script
from wire import Conversation, Gone, Transaction

FRIENDLY = {
    "greet": "220 relay.test ESMTP",
    "helo": "250 relay.test",
    "starttls": "220 2.0.0 go ahead",
    "auth": "235 2.7.0 welcome",
    "mail": "250 2.1.0 sender ok",
    "rcpt": "250 2.1.5 recipient ok",
    "data": "354 end with a dot",
    "bdat": "250 2.0.0 chunk taken",
    "rset": "250 2.0.0 reset",
    "quit": "221 2.0.0 bye",
    "noop": "250 2.0.0 ok",
    "other": "500 5.5.1 unknown command",
}
PARAMETERS = {"BODY": "8BITMIME", "SIZE": "SIZE", "SMTPUTF8": "SMTPUTF8", "RET": "DSN", "ENVID": "DSN", "AUTH": "AUTH",
              "NOTIFY": "DSN", "ORCPT": "DSN"}


class Session(Conversation):

    def run(self):
        try:
            self.act("connect", b"")
            if self.script.implicit:
                self.start_tls()
            elif self.ahead():
                self.violation("octets before the greeting")
            greeted = self.act("greet", FRIENDLY["greet"])
            if greeted is not None and greeted // 100 == 5:
                self.refused()
            while True:
                self.command()
        except Gone:
            pass
        finally:
            try:
                self.sock.close()
            except OSError:
                pass

    def refused(self):
        """After a 5xx greeting only QUIT is welcome (RFC 5321 3.1)."""
        while not self.quit:
            if self.line().upper() == "QUIT":
                self.quit = True
                self.act("quit", FRIENDLY["quit"])
            else:
                self.act("other", "503 5.5.1 go away")
        self.drop()

    def offers(self, name):
        return any(word.split(" ")[0] == name for word in (self.script.offers(bool(self.tls)) if self.ehlo else []))

    def command(self):
        text = self.line()
        verb, _, rest = text.partition(" ")
        verb = verb.upper()
        alone = verb in ("EHLO", "HELO", "DATA", "QUIT", "STARTTLS", "AUTH", "NOOP", "VRFY", "EXPN", "TURN")
        if verb != "BDAT" and (alone or not self.offers("PIPELINING")) and self.ahead():
            self.violation("sent ahead of the answer to %s: %r" % (verb, bytes(self.buffer[:80])))
        getattr(self, "do_" + verb.lower(), self.do_other)(rest)

    def do_other(self, _rest):
        self.violation("unknown command %r" % self.lines[-1].data[:80])
        self.act("other", FRIENDLY["other"])

    def do_ehlo(self, rest):
        keywords = self.script.offers(bool(self.tls))
        if self.script.spelled:
            keywords = [self.script.spelled(word) for word in keywords]
        code = self.act("ehlo", script.reply_bytes("250 " + "\n".join(["relay.test greets you"] + keywords)))
        if code == 250:
            self.ehlo, self.now = rest, None

    def do_helo(self, rest):
        self.helo, self.ehlo, self.now = rest, None, None
        self.act("helo", FRIENDLY["helo"])

    def do_noop(self, _rest):
        self.act("noop", FRIENDLY["noop"])

    def do_rset(self, _rest):
        self.now = None
        self.act("rset", FRIENDLY["rset"])

    def do_quit(self, _rest):
        self.quit = True
        self.act("quit", FRIENDLY["quit"])
        self.drop()

    def do_starttls(self, _rest):
        if not self.offers("STARTTLS"):
            self.violation("STARTTLS was not offered")
        if self.act("starttls", FRIENDLY["starttls"]) == 220:
            self.buffer.clear()
            self.start_tls()
            self.ehlo = self.helo = self.now = None

    def start_tls(self):
        try:
            self.sock = self.relay.tls_context().wrap_socket(self.sock, server_side=True)
        except (OSError, ValueError) as error:
            self.warnings.append("TLS handshake: %s" % error)
            raise Gone("no TLS") from None
        self.tls = (self.sock.version(), self.sock.cipher()[0])
        peer = self.sock.getpeercert()
        if peer:
            self.certificate = dict(pair for name in peer["subject"] for pair in name).get("commonName")

    def do_auth(self, rest):
        if not self.offers("AUTH"):
            self.violation("AUTH was not offered")
        mechanism, _, initial = rest.partition(" ")
        if self.script.scripted("auth-start"):
            self.act("auth-start", FRIENDLY["auth"])
            return

        def ask(challenge):
            self.send(b"334 " + base64.b64encode(challenge) + b"\r\n")
            answer = self.line()
            return None if answer == "*" else base64.b64decode(answer)
        try:
            who = auth.login(mechanism.upper(), initial or None, ask, self.relay.who, self.certificate, self.script.why)
        except ValueError:
            self.act("other", "501 5.5.2 bad base64")
            return
        if mechanism.upper() not in auth.MECHANISMS:
            self.act("other", "504 5.5.4 no such mechanism")
            return
        if who is None:
            self.act("other", "501 5.7.0 cancelled or malformed")
            return
        self.relay.logins.append(who)
        if not who.ok:
            self.act("auth", "535 5.7.8 authentication failed", None if self.script.scripted("auth") else "ok")
            return
        code = self.act("auth", FRIENDLY["auth"])
        if code == 235:
            self.credentials = who

    def path(self, rest, word):
        """FROM:<a@b> BODY=8BITMIME -> a@b, {BODY: 8BITMIME}; notes what was not offered."""
        found = re.match(r'(?i)%s:<((?:"(?:[^"\\]|\\.)*"|[^">])*)>((?: +[^ ]+)*) *$' % word, rest)
        if not found:
            self.violation("malformed %s" % self.lines[-1].data[:200])
            return None, {}
        parameters = {}
        for item in found.group(2).split():
            name, _, value = item.partition("=")
            parameters[name.upper()] = value
            if not self.offers(PARAMETERS.get(name.upper(), "?")):
                self.violation("parameter %s was not offered" % item)
        return found.group(1), parameters

    def refused_parameter(self, parameters):
        return next((action for name, action in self.script.parameters.items() if name in parameters), None)

    def do_mail(self, rest):
        sender, parameters = self.path(rest, "FROM")
        if self.now is not None:
            self.violation("MAIL inside a transaction")
        self.now, self.answered = None, 0
        if not self.ehlo and not self.helo:
            self.violation("MAIL before EHLO or HELO")
        if self.script.require_auth and not self.credentials:
            self.act("other", "530 5.7.0 authentication required")
            return
        trial = Transaction(sender, parameters, bool(self.tls))
        self.transactions.append(trial)
        self.relay.transactions.append(trial)
        self.now = trial
        friendly = FRIENDLY["mail"]
        limit = next((int(word[5:]) for word in self.script.offers(bool(self.tls)) if word.startswith("SIZE ")), 0)
        if sender is None:
            friendly = "501 5.1.7 bad sender"
        elif limit and int(parameters.get("SIZE") or 0) > limit:
            friendly = "552 5.3.4 too big"
        code = self.act("mail", friendly, self.refused_parameter(parameters) or self.relay.moods.mail(self.taken))
        trial.code = code
        if code is None or code // 100 != 2:
            self.now = None

    def do_rcpt(self, rest):
        address, parameters = self.path(rest, "TO")
        if address and not address.isascii() and self.now and "SMTPUTF8" not in self.now.parameters:
            self.violation("RCPT with UTF-8, MAIL without SMTPUTF8")
        if self.now is None:
            self.act("other", "503 5.5.1 MAIL first")
            return
        friendly = FRIENDLY["rcpt"] if address else "501 5.1.3 bad recipient"
        entry = [address, parameters, None]
        self.now.rcpts.append(entry)
        entry[2] = self.act("rcpt", friendly, self.refused_parameter(parameters) or self.script.rcpt_to.get((address or "").lower()) or
                            self.relay.moods.rcpt(address or ""))
        self.answered += 1

    def do_data(self, _rest):
        if self.now is None or (not self.now.recipients and not self.script.scripted("data")):
            self.act("data", "503 5.5.1 no transaction" if self.now is None else "554 5.5.1 no valid recipients", "ok")
            return
        if self.act("data", FRIENDLY["data"]) != 354:
            return
        self.now.how = "DATA"
        self.read_data()
        done, self.now.complete = self.now, True
        self.act("end", self.verdict(done), final=True)
        self.now = None

    def verdict(self, mail):
        if not mail.recipients:
            return "554 5.5.1 no valid recipients"
        refused = self.relay.moods.end()
        if refused:
            return refused
        return "250 2.0.0 Ok: queued as %s" % self.relay.queue_id()

    def seen(self, count):
        self.body_seen += count
        if self.script.body is not None and self.body_seen >= self.script.body[0] and not self.body_acted:
            self.body_acted = True
            self.act("other", "", self.script.body[1])

    def read_data(self):
        pieces, digest, size, tail = [], hashlib.sha256(), 0, b"\r\n"
        while True:
            if not self.buffer:
                self.receive()
            data, seam = bytes(self.buffer), tail + bytes(self.buffer)
            at = seam.find(b"\r\n.\r\n")
            if at >= 0:
                end = at + 5 - len(tail)
                del self.buffer[:end]
                piece = data[:end]
            else:
                self.buffer.clear()
                piece = data
            tail = (tail + piece)[-4:]
            digest.update(piece)
            size += len(piece)
            if not self.script.sink:
                pieces.append(piece)
            self.seen(len(piece))
            if at >= 0:
                break
        self.now.size, self.now.sha256 = size - 3, digest.hexdigest()
        raw = b"".join(pieces)[:-3]
        self.now.raw = raw
        self.check_body(raw)
        self.now.body = re.sub(rb"(?m)^\.", b"", raw) if raw[:1] == b"." or b"\n." in raw else raw
        for stuffed in re.finditer(rb"(?m)^\.[^.]", raw):
            self.violation("a line that starts with a lone dot: %r" % raw[stuffed.start():stuffed.start() + 40])
            break

    def check_body(self, raw):
        found = re.search(rb"\r(?!\n)|(?<!\r)\n|\0", raw)
        if found:
            self.violation("%r in the message at %d: %r" % (found.group(), found.start(),
                                                           raw[max(0, found.start() - 30):found.start() + 30]))
        if max(map(len, raw.split(b"\r\n"))) > 998:
            self.warnings.append("a line of over 998 octets")
        if raw and not raw.endswith(b"\r\n"):
            self.violation("the last line has no end")

    def do_bdat(self, rest):
        if not self.offers("CHUNKING"):
            self.violation("BDAT was not offered")
        if self.script.no_bdat:
            self.act("bdat", "", self.script.no_bdat)
            return
        words = rest.upper().split()
        if not words or not words[0].isdigit() or words[1:] not in ([], ["LAST"]):
            self.violation("malformed BDAT %r" % rest)
            self.drop()
        left, last, pieces, digest = int(words[0]), len(words) > 1, [], hashlib.sha256()
        if self.now is not None:
            self.now.how = "BDAT"
            self.now.chunks.append(left)
            self.now.size += left
        while left:
            if not self.buffer:
                self.receive()
            piece = bytes(self.buffer[:left])
            del self.buffer[:len(piece)]
            left -= len(piece)
            digest.update(piece)
            if not self.script.sink:
                pieces.append(piece)
            self.seen(len(piece))
        if self.now is None:
            self.act("bdat-last" if last else "bdat", "503 5.5.1 no transaction", None if self.script.scripted("bdat-last") else "ok")
            return
        self.now.sha256 = digest.hexdigest()
        self.now.raw += b"".join(pieces)
        if not last:
            code = self.act("bdat", FRIENDLY["bdat"])
        else:
            self.now.body, self.now.complete = self.now.raw, True
            self.check_body(self.now.raw)
            stage = "bdat-last" if self.script.scripted("bdat-last") or not self.script.scripted("bdat") else "bdat"
            code = self.act(stage, self.verdict(self.now), final=True)
        if last or code is None or code // 100 != 2:
            self.now = None
