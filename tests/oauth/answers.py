"""How a scripted provider answers: HTTP, whole or broken (see PARTS in oauth_script.py)."""
import email.utils
import gzip
import json
import time

import oauth_script

REASONS = {200: "OK", 302: "Found", 307: "Temporary Redirect", 400: "Bad Request", 401: "Unauthorized", 404: "Not Found", 429: "Too Many Requests",
           500: "Internal Server Error", 502: "Bad Gateway", 503: "Service Unavailable"}
PAGE = "<!DOCTYPE html>\n<html><head><title>%d %s</title></head><body><h1>Sign in to the guest network</h1></body></html>\n"


class Answer:
    def __init__(self, status, members, raw):
        self.status, self.members, self.raw = status, members, dict(raw)     # raw: name -> JSON as text, in the place of a member
        self.kind, self.body, self.lines = "application/json; charset=utf-8", None, ["Cache-Control: no-store", "Pragma: no-cache"]
        self.drip = 0.0
        self.drip_all = self.chunked = self.gzip = self.old = self.unsized = self.no_date = self.half = False
        self.pad = 0

    def text(self):
        """The body as octets."""
        if self.body is not None:
            return self.body + b" " * self.pad
        said = {name: json.dumps(value, ensure_ascii=False) for name, value in self.members.items() if name != "violation"}
        said.update(self.raw)
        return ("{" + ",".join("%s:%s" % (json.dumps(name), value) for name, value in said.items()) + "}").encode() + b" " * self.pad

    def head(self, length, date):
        version = "HTTP/1.0" if self.old else "HTTP/1.1"
        lines = ["%s %d %s" % (version, self.status, REASONS.get(self.status, "Scripted"))] + self.lines
        if self.kind:
            lines.append("Content-Type: " + self.kind)
        if date is not None and not self.no_date:
            lines.append("Date: " + email.utils.formatdate(time.time() + date, usegmt=True))
        if self.gzip:
            lines.append("Content-Encoding: gzip")
        if self.chunked:
            lines.append("Transfer-Encoding: chunked")
        elif length is not None and not self.unsized and not any(line.startswith("Content-Length:") for line in self.lines):
            lines.append("Content-Length: %d" % length)
        return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8")

    # --- what it says ---------------------------------------------------------------------------

    def says(self, kind, text):
        """A step of WHAT that is an answer with an end."""
        words = text.split(" ")
        if kind == "error":
            name, _, description = text.partition(" ")
            self.status, self.members = oauth_script.error(name, description)
        elif kind == "status":
            self.plain(int(text[:3]), text[4:] or "as scripted")
        elif kind == "retry":
            self.plain(int(words[0]), "later")
            self.lines.append("Retry-After: " + words[1])
        elif kind == "html":
            self.status, self.kind = int(text or 200), "text/html; charset=utf-8"
            self.body = (PAGE % (self.status, REASONS.get(self.status, ""))).encode()
        elif kind == "redirect":
            self.plain(int(words[0]), "elsewhere")
            self.lines.append("Location: " + words[1])
        else:
            self.status, self.body = 200, self.broken(kind, text)

    def plain(self, status, text):
        self.status, self.kind, self.body = status, "text/plain", text.encode("utf-8", "surrogateescape")

    def broken(self, kind, text):
        if kind == "nothing":
            return b""
        if kind == "junk":
            return bytes((i * 37 + 11) % 256 for i in range(int(text)))
        if kind == "deep":
            return b"[" * int(text) + b"]" * int(text)
        if kind == "duplicate":
            friendly = self.text()
            return b'{"access_token":"other",' + friendly[1:]
        if kind == "huge":
            start = b'{"access_token":"'
            return start + b"x" * (int(text) - len(start) - 2) + b'"}'
        return text.encode("utf-8", "surrogateescape")

    # --- how it goes ----------------------------------------------------------------------------

    def shape(self, kind, text):
        """A step of HOW that takes no time."""
        if kind in ("drip", "drip-all"):
            self.drip, self.drip_all = float(text), kind == "drip-all"
        elif kind == "http10":
            self.old = self.unsized = True
        elif kind in ("chunked", "gzip", "unsized"):
            setattr(self, kind, True)
        elif kind == "type":
            self.kind = text
        elif kind == "header":
            self.lines.append(text)
        elif kind == "no-date":
            self.no_date = True
        elif kind == "as":
            self.status = int(text)
        elif kind == "pad":
            self.pad = int(text)
        elif kind == "member":
            name, _, value = text.partition(" ")
            self.raw[name] = value

    def send(self, to, date):
        """to.send(octets), to.wait(seconds): the answer. Whether the connection goes on."""
        body = self.text()
        if self.gzip:
            body = gzip.compress(body)
        head = self.head(len(body), date)
        if self.half:
            to.send(head + body[:len(body) // 2])
            return False
        if self.chunked:
            middle = len(body) // 2
            pieces = [piece for piece in (body[:middle], body[middle:]) if piece]
            body = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
        if not self.drip:
            to.send(head + body)
        else:
            slow = head + body if self.drip_all else body
            if not self.drip_all:
                to.send(head)
            for i in range(len(slow)):
                to.wait(self.drip)
                to.send(slow[i:i + 1])
        return not self.unsized

    def endless(self, to, kind, date):
        """Until the client goes."""
        self.chunked, self.status, more = kind == "endless-chunks", 200, b'"x":"y",' * 512
        if kind == "endless-header":
            to.send(b"HTTP/1.1 200 OK\r\n")
            more = b"X-More: and more\r\n" * 200
        else:
            to.send(self.head(None, date) + (b"1\r\n{\r\n" if self.chunked else b"{"))
        if self.chunked:
            more = b"%x\r\n%s\r\n" % (len(more), more)
        while True:
            to.send(more)
