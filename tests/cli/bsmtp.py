"""What -bS is given, and what it answers: status, who got mail from the relay, who waits in the queue, and standard error.

The answers are those of the program that sent one message after the other, recorded before messages were sent ahead of answers.
"""


def m(to, sender="a@b.example", body=b"body\n"):
    return b"MAIL FROM:<%s>\nRCPT TO:<%s@example.org>\nDATA\nSubject: x\n\n%s.\n" % (sender.encode(), to.encode(), body)


A, B, C, D = m("alice"), m("bob"), m("carl"), m("dora")
QUEUE = "queue on\nspool %(spool)s\n"
P = ["ehlo pipelining", "lax"]
K = ["ehlo pipelining chunking", "lax"]
ROWS = []


def row(name, text, parts=P, config="queue off\n", args=()):
    ROWS.append((name, parts, config, args, text))


row("nothing", b"")
row("blank lines", b"\n\n \n")
row("quit alone", b"QUIT\n")
row("quit before more", A + b"QUIT\n" + B)
row("no command", b"FOO\n" + A + b"FOO\n\nFOO\n" + B + b"FOO\n")
row("no command in a message", A + B.replace(b"RCPT", b"FOO\nRCPT", 1) + C)
row("bad sender", A + B.replace(b"a@b", b"a@@b") + C)
row("bad parameter", A + B.replace(b"b.example>", b"b.example> X=1") + C)
row("bad recipient", A + B.replace(b"RCPT", b"RCPT TO:<x@@y>\nRCPT", 1) + C)
row("recipient without a sender", b"RCPT TO:<x@y>\n" + A)
row("second sender", A + B.replace(b"DATA", b"MAIL FROM:<x@y>\nDATA") + C)
row("text without a sender", A + b"DATA\nSubject: x\n\nb\n.\n" + B)
row("no command, then text without a sender", b"FOO\nDATA\nSubject: x\n\nb\n.\n" + B)
row("no recipient", A + b"MAIL FROM:<a@b.example>\nDATA\nSubject: x\n\nb\n.\n" + B)
row("no recipient, but one is configured", A + b"MAIL FROM:<a@b.example>\nDATA\nSubject: x\n\nb\n.\n" + B, config="queue off\nto root@example.net\n")
row("long command", A + b"x" * 5000 + b"\n" + B)
row("long command in a message", A + B.replace(b"DATA", b"x" * 5000 + b"\nDATA") + C)
row("long line of text", A + m("bob", body=b"y" * 5000 + b"\n") + C)
row("control character", A + b"NO\x01OP\n" + B)
row("reset in a message", A + b"MAIL FROM:<x@y>\nRCPT TO:<z@y>\nRSET\n" + B)
row("reset of a bad one", A + b"MAIL FROM:<x@@y>\nRCPT TO:<z@y>\nRSET\n" + B)
row("missing dot", A + B + C[:-2])
row("end behind the sender", A + b"MAIL FROM:<a@b.example>\n")
row("end behind a bad sender", A + b"MAIL FROM:<a@@b.example>\n")
row("end behind a chunk", A + b"MAIL FROM:<a@b.example>\nRCPT TO:<c@d.example>\nBDAT 3\nabc")
row("end in a chunk", A + b"MAIL FROM:<a@b.example>\nRCPT TO:<c@d.example>\nBDAT 30 LAST\nabc")
row("chunks", b"MAIL FROM:<a@b.example>\nRCPT TO:<c@d.example>\nBDAT 14\nSubject: x\r\n\r\nBDAT 3\nb\r\nBDAT 0 LAST\n" + B)
row("chunk without a sender", b"BDAT 3 LAST\nabc" + B)
row("chunk of an unknown size", A + b"MAIL FROM:<a@b.example>\nRCPT TO:<c@d.example>\nBDAT x\nabc\n" + B)
row("text behind a chunk", A + b"MAIL FROM:<a@b.example>\nRCPT TO:<c@d.example>\nBDAT 3\nabcDATA\nx\n.\n" + b"RSET\n" + B)
row("too large", A + m("bob", body=b"line of text\n" * 100) + C, config="queue off\nmessage_size_limit 1000\n")
row("too large by SIZE", A + B.replace(b"b.example>", b"b.example> SIZE=1001") + C, config="queue off\nmessage_size_limit 1000\n")
row("not offered", A + b"AUTH PLAIN x\nSTARTTLS\n" + B)
row("crlf", (A + B + b"FOO\n").replace(b"\n", b"\r\n"))
row("crlf then lf", A.replace(b"\n", b"\r\n") + B)
row("mark", b"\xef\xbb\xbf" + A)
row("alias that leads nowhere", A + m("bob").replace(b"bob@example.org", b"bad") + C, config="queue off\naliases %(aliases)s\n")
row("local name", m("bob").replace(b"bob@example.org", b"root"))
row("too many recipients", b"MAIL FROM:<a@b.example>\n" + b"".join(b"RCPT TO:<u%d@example.org>\n" % i for i in range(10001)) + b"DATA\nSubject: x\n\nb\n.\n" + A)
row("quiet", b"FOO\n" + A + B, parts=P + ['rcpt-to bob@example.org "550 5.1.1 nobody"'], args=["-oeq"])
row("dry run", A + b"FOO\n" + B, args=["--dry-run"])
row("put into the queue", A + B, config=QUEUE, args=["-odq"])
row("two accounts", A + m("bob", "x@two.example") + C + m("dora", "y@two.example"), config="queue off\naccount two : default\nfrom *@two.example\nmessage_size_limit 1k\n")
for place, what in (("mail", "mail"), ("data", "data"), ("end", "end")):
    for code in ("450 4.3.0 later", "550 5.7.1 never", "421 4.3.2 going", "500 5.5.1 what"):
        for config in ("queue off\n", QUEUE):
            row("%s %s %s" % (what, code.split()[0], config.split()[1]), A + B + C + D, parts=P + ['%s ok "%s" ok' % (place, code)], config=config)
    for config in ("queue off\n", QUEUE):
        row("%s drop %s" % (what, config.split()[1]), A + B + C + D, parts=P + ["%s ok drop ok" % place], config=config)
for code in ("450 4.2.0 later", "550 5.1.1 nobody", "421 4.3.2 going", "drop"):
    for config in ("queue off\n", QUEUE):
        row("rcpt %s %s" % (code.split()[0], config.split()[1]), A + B + C + D, parts=P + ['rcpt-to bob@example.org "%s"' % code], config=config)
two = b"MAIL FROM:<a@b.example>\nRCPT TO:<bob@example.org>\nRCPT TO:<eve@example.org>\nDATA\nSubject: x\n\nb\n.\n"
for code in ("450 4.2.0 later", "550 5.1.1 nobody"):
    for config in ("queue off\n", QUEUE):
        row("one of two %s %s" % (code.split()[0], config.split()[1]), A + two + C, parts=P + ['rcpt-to bob@example.org "%s"' % code], config=config)
for code in ("421 4.3.2 busy", "554 5.7.1 go away", "drop"):
    for config in ("queue off\n", QUEUE):
        row("greet %s %s" % (code.split()[0], config.split()[1]), A + B + C, parts=P + ['greet "%s"' % code], config=config)
        row("first greet %s %s" % (code.split()[0], config.split()[1]), A + B + C, parts=P + ['greet "%s" ok' % code], config=config)
for config in ("queue off\n", QUEUE):
    row("down %s" % config.split()[1], A + b"FOO\n" + B, parts=None, config=config)
for code in ("450 4.3.0 later", "550 5.7.1 never"):
    row("bdat %s" % code.split()[0], A + B + C + D, parts=K + ['bdat-last ok ok "%s" ok' % code])
    row("bdat mail %s" % code.split()[0], A + B + C + D, parts=K + ['mail ok ok "%s" ok' % code])
    row("bdat rcpt %s" % code.split()[0], A + b"FOO\n" + B + b"FOO\n" + C + D, parts=K + ['rcpt-to carl@example.org "%s"' % code])
many = b"".join(m("u%d" % i) if i % 7 else m("u%d" % i).replace(b"a@b", b"a@@b") for i in range(60))
row("many", many, parts=K + ['rcpt-to u%d@example.org "550 5.1.1 nobody"' % i for i in (5, 6, 20, 59)])
row("many without chunking", many, parts=P + ['rcpt-to u%d@example.org "550 5.1.1 nobody"' % i for i in (5, 6, 20, 59)])

# What is told of the first message that waits for a person came later.
BLOCKED = ["message 1: 250 2.0.0 Ok: it waits as ID: greeting to RELAY: 554 5.7.1 go away; hint: the relay takes no connections from this host: "
           "ask its operator to let it in, or send by a relay that you log in to (port 587)"]
ANSWERS = {
    "nothing": (0, "", "", []),
    "blank lines": (0, "", "", []),
    "quit alone": (0, "", "", []),
    "quit before more": (0, "alice", "", []),
    "no command": (1, "alice bob", "", [
        "message 0: 500 5.5.1 no such command",
        "message 1: 500 5.5.1 no such command",
        "message 1: 500 5.5.1 no such command",
        "message 2: 500 5.5.1 no such command",
        "2 of 2 messages have been handed over"]),
    "no command in a message": (1, "alice carl", "", [
        "message 2: 500 5.5.1 no such command",
        "2 of 3 messages have been handed over"]),
    "bad sender": (1, "alice carl", "", [
        "message 2: 501 5.1.3 \"<a@@b.example>\" is no address: no domain stands behind the @",
        "2 of 3 messages have been handed over"]),
    "bad parameter": (1, "alice carl", "", [
        "message 2: 555 5.5.4 there is no parameter X",
        "2 of 3 messages have been handed over"]),
    "bad recipient": (1, "alice carl", "", [
        "message 2: 501 5.1.3 \"<x@@y>\" is no address: no domain stands behind the @",
        "2 of 3 messages have been handed over"]),
    "recipient without a sender": (1, "alice", "", [
        "message 0: 503 5.5.1 say MAIL first",
        "1 of 1 messages have been handed over"]),
    "second sender": (1, "alice carl", "", [
        "message 2: 503 5.5.1 there is a sender already",
        "2 of 3 messages have been handed over"]),
    "text without a sender": (1, "alice bob", "", [
        "message 1: 503 5.5.1 say MAIL first",
        "message 2: 503 5.5.1 say MAIL first",
        "2 of 3 messages have been handed over"]),
    "no command, then text without a sender": (1, "bob", "", [
        "message 0: 500 5.5.1 no such command",
        "message 0: 503 5.5.1 say MAIL first",
        "message 1: 500 5.5.1 no such command",
        "1 of 2 messages have been handed over"]),
    "no recipient": (1, "alice bob", "", [
        "message 2: 554 5.0.0 no recipients: add addresses, a To: line with -t, or the setting to",
        "2 of 3 messages have been handed over"]),
    "no recipient, but one is configured": (0, "alice root@example.net bob", "", []),
    "long command": (1, "alice bob", "", [
        "message 1: 500 5.5.2 the line is too long",
        "2 of 2 messages have been handed over"]),
    "long command in a message": (1, "alice carl", "", [
        "message 2: 500 5.5.2 the line is too long",
        "2 of 3 messages have been handed over"]),
    "long line of text": (0, "alice bob carl", "", []),
    "control character": (1, "alice bob", "", [
        "message 1: 500 5.5.2 a control character",
        "2 of 2 messages have been handed over"]),
    "reset in a message": (0, "alice bob", "", []),
    "reset of a bad one": (0, "alice bob", "", []),
    "missing dot": (66, "alice bob", "", [
        "the input ended in the middle of a message: it was not sent"]),
    "end behind the sender": (66, "alice", "", [
        "the input ended in the middle of a message: it was not sent"]),
    "end behind a bad sender": (66, "alice", "", [
        "the input ended in the middle of a message: it was not sent"]),
    "end behind a chunk": (66, "alice", "", [
        "the input ended in the middle of a message: it was not sent"]),
    "end in a chunk": (66, "alice", "", [
        "the input ended in the middle of a message: it was not sent"]),
    "chunks": (0, "c@d.example bob", "", []),
    "chunk without a sender": (1, "bob", "", [
        "message 0: 503 5.5.1 say MAIL first",
        "1 of 1 messages have been handed over"]),
    "chunk of an unknown size": (0, "alice", "", []),
    "text behind a chunk": (0, "alice bob", "", []),
    "too large": (1, "alice carl", "", [
        "message 2: 552 5.3.4 the message is larger than message_size_limit",
        "2 of 3 messages have been handed over"]),
    "too large by SIZE": (1, "alice carl", "", [
        "message 2: 552 5.3.4 the message is larger than message_size_limit",
        "2 of 3 messages have been handed over"]),
    "not offered": (1, "alice bob", "", [
        "message 1: 502 5.5.1 not offered",
        "message 1: 502 5.5.1 not offered",
        "2 of 2 messages have been handed over"]),
    "crlf": (1, "alice bob", "", [
        "message 2: 500 5.5.1 no such command",
        "2 of 2 messages have been handed over"]),
    "crlf then lf": (66, "alice", "", [
        "the input ended in the middle of a message: it was not sent"]),
    "mark": (0, "alice", "", []),
    "alias that leads nowhere": (1, "alice carl", "", [
        "message 2: 451 4.3.5 TMP/aliases:1: bad: mail is not given to commands",
        "2 of 3 messages have been handed over"]),
    "local name": (0, "root@local", "", []),
    "too many recipients": (1, "alice", "", [
        "message 1: 452 4.5.3 too many recipients",
        "1 of 2 messages have been handed over"]),
    "quiet": (1, "alice", "", []),
    "dry run": (1, "", "", [
        "message 1: 500 5.5.1 no such command",
        "2 of 2 messages have been handed over"]),
    "put into the queue": (0, "", "alice bob", []),
    "two accounts": (0, "alice bob carl dora", "", []),
    "mail 450 off": (1, "alice carl dora", "", [
        "message 2: 450 4.3.0 MAIL FROM to RELAY: later",
        "3 of 4 messages have been handed over"]),
    "mail 450 on": (0, "alice carl dora", "bob", []),
    "mail 550 off": (1, "alice carl dora", "", [
        "message 2: 550 5.7.1 MAIL FROM to RELAY: never",
        "message 2: 550 5.7.1 the relay does not let us send as that address: set from (or force_from, which wins over the From field) to one that it allows",
        "3 of 4 messages have been handed over"]),
    "mail 550 on": (1, "alice carl dora", "", [
        "message 2: 550 5.7.1 MAIL FROM to RELAY: never",
        "message 2: 550 5.7.1 the relay does not let us send as that address: set from (or force_from, which wins over the From field) to one that it allows",
        "3 of 4 messages have been handed over"]),
    "mail 421 off": (0, "alice bob carl dora", "", []),
    "mail 421 on": (0, "alice bob carl dora", "", []),
    "mail 500 off": (1, "alice carl dora", "", [
        "message 2: 554 5.5.1 MAIL FROM to RELAY: what",
        "3 of 4 messages have been handed over"]),
    "mail 500 on": (1, "alice carl dora", "", [
        "message 2: 554 5.5.1 MAIL FROM to RELAY: what",
        "3 of 4 messages have been handed over"]),
    "mail drop off": (0, "alice bob carl dora", "", []),
    "mail drop on": (0, "alice bob carl dora", "", []),
    "data 450 off": (1, "alice carl dora", "", [
        "message 2: 450 4.3.0 DATA to RELAY: later",
        "3 of 4 messages have been handed over"]),
    "data 450 on": (0, "alice carl dora", "bob", []),
    "data 550 off": (1, "alice carl dora", "", [
        "message 2: 550 5.7.1 DATA to RELAY: never",
        "3 of 4 messages have been handed over"]),
    "data 550 on": (1, "alice carl dora", "", [
        "message 2: 550 5.7.1 DATA to RELAY: never",
        "3 of 4 messages have been handed over"]),
    "data 421 off": (1, "alice carl dora", "", [
        "message 2: 451 4.3.2 DATA to RELAY: going",
        "3 of 4 messages have been handed over"]),
    "data 421 on": (0, "alice carl dora", "bob", []),
    "data 500 off": (1, "alice carl dora", "", [
        "message 2: 554 5.5.1 DATA to RELAY: what",
        "3 of 4 messages have been handed over"]),
    "data 500 on": (1, "alice carl dora", "", [
        "message 2: 554 5.5.1 DATA to RELAY: what",
        "3 of 4 messages have been handed over"]),
    "data drop off": (1, "alice carl dora", "", [
        "message 2: 451 4.4.1 DATA to RELAY: the relay closed the connection",
        "3 of 4 messages have been handed over"]),
    "data drop on": (0, "alice carl dora", "bob", []),
    "end 450 off": (1, "alice carl dora", "", [
        "message 2: 450 4.3.0 end of message to RELAY: later",
        "3 of 4 messages have been handed over"]),
    "end 450 on": (0, "alice carl dora", "bob", []),
    "end 550 off": (1, "alice carl dora", "", [
        "message 2: 550 5.7.1 end of message to RELAY: never",
        "3 of 4 messages have been handed over"]),
    "end 550 on": (1, "alice carl dora", "", [
        "message 2: 550 5.7.1 end of message to RELAY: never",
        "3 of 4 messages have been handed over"]),
    "end 421 off": (1, "alice carl dora", "", [
        "message 2: 451 4.3.2 end of message to RELAY: going",
        "3 of 4 messages have been handed over"]),
    "end 421 on": (0, "alice carl dora", "bob", []),
    "end 500 off": (1, "alice carl dora", "", [
        "message 2: 554 5.5.1 end of message to RELAY: what",
        "3 of 4 messages have been handed over"]),
    "end 500 on": (1, "alice carl dora", "", [
        "message 2: 554 5.5.1 end of message to RELAY: what",
        "3 of 4 messages have been handed over"]),
    "end drop off": (1, "alice carl dora", "", [
        "message 2: 451 4.4.1 end of message to RELAY: the relay closed the connection",
        "3 of 4 messages have been handed over"]),
    "end drop on": (0, "alice carl dora", "bob", []),
    "rcpt 450 off": (1, "alice carl dora", "", [
        "message 2: 450 4.2.0 <bob@example.org>: later",
        "3 of 4 messages have been handed over"]),
    "rcpt 450 on": (0, "alice carl dora", "bob", []),
    "rcpt 550 off": (1, "alice carl dora", "", [
        "message 2: 550 5.1.1 <bob@example.org>: nobody",
        "3 of 4 messages have been handed over"]),
    "rcpt 550 on": (1, "alice carl dora", "", [
        "message 2: 550 5.1.1 <bob@example.org>: nobody",
        "3 of 4 messages have been handed over"]),
    "rcpt 421 off": (1, "alice carl dora", "", [
        "message 2: 451 4.3.2 <bob@example.org>: going",
        "3 of 4 messages have been handed over"]),
    "rcpt 421 on": (0, "alice carl dora", "bob", []),
    "rcpt drop off": (1, "alice carl dora", "", [
        "message 2: 451 4.4.1 <bob@example.org>: the relay closed the connection",
        "3 of 4 messages have been handed over"]),
    "rcpt drop on": (0, "alice carl dora", "bob", []),
    "one of two 450 off": (1, "alice eve carl", "", [
        "message 2: 554 5.0.0 <bob@example.org>: 450 4.2.0 later",
        "message 2: 554 5.0.0 the relay has accepted it for 1 of the 2 recipients: send it again to the others only",
        "2 of 3 messages have been handed over"]),
    "one of two 450 on": (0, "alice eve carl", "bob", []),
    "one of two 550 off": (1, "alice eve carl", "", [
        "message 2: 550 5.1.1 <bob@example.org>: nobody",
        "message 2: 550 5.1.1 the relay has accepted it for 1 of the 2 recipients",
        "2 of 3 messages have been handed over"]),
    "one of two 550 on": (1, "alice eve carl", "", [
        "message 2: 550 5.1.1 <bob@example.org>: nobody",
        "message 2: 550 5.1.1 the relay has accepted it for 1 of the 2 recipients",
        "2 of 3 messages have been handed over"]),
    "greet 421 off": (2, "", "", [
        "message 1: 451 4.3.2 greeting to RELAY: busy",
        "message 2: 451 4.3.2 greeting to RELAY: busy",
        "message 3: 451 4.3.2 greeting to RELAY: busy",
        "0 of 3 messages have been handed over"]),
    "first greet 421 off": (1, "bob carl", "", [
        "message 1: 451 4.3.2 greeting to RELAY: busy",
        "2 of 3 messages have been handed over"]),
    "greet 421 on": (0, "", "alice bob carl", []),
    "first greet 421 on": (0, "bob carl", "alice", []),
    "greet 554 off": (2, "", "", [
        "message 1: 554 5.7.1 greeting to RELAY: go away",
        "message 1: 554 5.7.1 the relay takes no connections from this host: ask its operator to let it in, or send by a relay that you log in to (port 587)",
        "message 2: 554 5.7.1 greeting to RELAY: go away",
        "message 2: 554 5.7.1 the relay takes no connections from this host: ask its operator to let it in, or send by a relay that you log in to (port 587)",
        "message 3: 554 5.7.1 greeting to RELAY: go away",
        "message 3: 554 5.7.1 the relay takes no connections from this host: ask its operator to let it in, or send by a relay that you log in to (port 587)",
        "0 of 3 messages have been handed over"]),
    "first greet 554 off": (1, "bob carl", "", [
        "message 1: 554 5.7.1 greeting to RELAY: go away",
        "message 1: 554 5.7.1 the relay takes no connections from this host: ask its operator to let it in, or send by a relay that you log in to (port 587)",
        "2 of 3 messages have been handed over"]),
    "greet 554 on": (0, "", "alice bob carl", BLOCKED),
    "first greet 554 on": (0, "bob carl", "alice", BLOCKED),
    "greet drop off": (2, "", "", [
        "message 1: 451 4.4.1 greeting to RELAY: response reading failed (errno: 115)",
        "message 2: 451 4.4.1 greeting to RELAY: response reading failed (errno: 115)",
        "message 3: 451 4.4.1 greeting to RELAY: response reading failed (errno: 115)",
        "0 of 3 messages have been handed over"]),
    "first greet drop off": (1, "bob carl", "", [
        "message 1: 451 4.4.1 greeting to RELAY: response reading failed (errno: 115)",
        "2 of 3 messages have been handed over"]),
    "greet drop on": (0, "", "alice bob carl", []),
    "first greet drop on": (0, "bob carl", "alice", []),
    "down off": (2, "", "", [
        "message 1: 451 4.4.1 connect to RELAY: Connection refused",
        "message 1: 451 4.4.1 nothing listens there: is relay right, with its port (most providers have 587 and 465)? else the server is down",
        "message 1: 500 5.5.1 no such command",
        "message 2: 451 4.4.1 connect to RELAY: Connection refused",
        "message 2: 451 4.4.1 nothing listens there: is relay right, with its port (most providers have 587 and 465)? else the server is down",
        "0 of 2 messages have been handed over"]),
    "down on": (1, "", "alice bob", [
        "message 1: 500 5.5.1 no such command",
        "2 of 2 messages have been handed over"]),
    "bdat 450": (1, "alice bob dora", "", [
        "message 3: 450 4.3.0 end of message to RELAY: later",
        "3 of 4 messages have been handed over"]),
    "bdat mail 450": (1, "alice bob dora", "", [
        "message 3: 450 4.3.0 MAIL FROM to RELAY: later",
        "3 of 4 messages have been handed over"]),
    "bdat rcpt 450": (1, "alice bob dora", "", [
        "message 1: 500 5.5.1 no such command",
        "message 2: 500 5.5.1 no such command",
        "message 3: 450 4.3.0 <carl@example.org>: later",
        "3 of 4 messages have been handed over"]),
    "bdat 550": (1, "alice bob dora", "", [
        "message 3: 550 5.7.1 end of message to RELAY: never",
        "3 of 4 messages have been handed over"]),
    "bdat mail 550": (1, "alice bob dora", "", [
        "message 3: 550 5.7.1 MAIL FROM to RELAY: never",
        "message 3: 550 5.7.1 the relay does not let us send as that address: set from (or force_from, which wins over the From field) to one that it allows",
        "3 of 4 messages have been handed over"]),
    "bdat rcpt 550": (1, "alice bob dora", "", [
        "message 1: 500 5.5.1 no such command",
        "message 2: 500 5.5.1 no such command",
        "message 3: 550 5.7.1 <carl@example.org>: never",
        "3 of 4 messages have been handed over"]),
    "many": (1, "u1 u2 u3 u4 u8 u9 u10 u11 u12 u13 u15 u16 u17 u18 u19 u22 u23 u24 u25 u26 u27 u29 u30 u31 u32 u33 u34 u36 u37 u38 u39 u40 u41 u43 u44 u45 u46 u47 u48 u50 u51 u52 u53 u54 u55 u57 u58", "", [
        "message 1: 501 5.1.3 \"<a@@b.example>\" is no address: no domain stands behind the @",
        "message 6: 550 5.1.1 <u5@example.org>: nobody",
        "message 7: 550 5.1.1 <u6@example.org>: nobody",
        "message 8: 501 5.1.3 \"<a@@b.example>\" is no address: no domain stands behind the @",
        "message 15: 501 5.1.3 \"<a@@b.example>\" is no address: no domain stands behind the @",
        "message 21: 550 5.1.1 <u20@example.org>: nobody",
        "message 22: 501 5.1.3 \"<a@@b.example>\" is no address: no domain stands behind the @",
        "message 29: 501 5.1.3 \"<a@@b.example>\" is no address: no domain stands behind the @",
        "message 36: 501 5.1.3 \"<a@@b.example>\" is no address: no domain stands behind the @",
        "message 43: 501 5.1.3 \"<a@@b.example>\" is no address: no domain stands behind the @",
        "message 50: 501 5.1.3 \"<a@@b.example>\" is no address: no domain stands behind the @",
        "message 57: 501 5.1.3 \"<a@@b.example>\" is no address: no domain stands behind the @",
        "message 60: 550 5.1.1 <u59@example.org>: nobody",
        "47 of 60 messages have been handed over"]),
    "many without chunking": (1, "u1 u2 u3 u4 u8 u9 u10 u11 u12 u13 u15 u16 u17 u18 u19 u22 u23 u24 u25 u26 u27 u29 u30 u31 u32 u33 u34 u36 u37 u38 u39 u40 u41 u43 u44 u45 u46 u47 u48 u50 u51 u52 u53 u54 u55 u57 u58", "", [
        "message 1: 501 5.1.3 \"<a@@b.example>\" is no address: no domain stands behind the @",
        "message 6: 550 5.1.1 <u5@example.org>: nobody",
        "message 7: 550 5.1.1 <u6@example.org>: nobody",
        "message 8: 501 5.1.3 \"<a@@b.example>\" is no address: no domain stands behind the @",
        "message 15: 501 5.1.3 \"<a@@b.example>\" is no address: no domain stands behind the @",
        "message 21: 550 5.1.1 <u20@example.org>: nobody",
        "message 22: 501 5.1.3 \"<a@@b.example>\" is no address: no domain stands behind the @",
        "message 29: 501 5.1.3 \"<a@@b.example>\" is no address: no domain stands behind the @",
        "message 36: 501 5.1.3 \"<a@@b.example>\" is no address: no domain stands behind the @",
        "message 43: 501 5.1.3 \"<a@@b.example>\" is no address: no domain stands behind the @",
        "message 50: 501 5.1.3 \"<a@@b.example>\" is no address: no domain stands behind the @",
        "message 57: 501 5.1.3 \"<a@@b.example>\" is no address: no domain stands behind the @",
        "message 60: 550 5.1.1 <u59@example.org>: nobody",
        "47 of 60 messages have been handed over"]),
}
