"""The files of a message made of options: where they come from, their names, types and sizes; names beyond ASCII."""
import email
import email.policy
import os
import re
import socket
import subprocess

import pytest

from given import BASE
from composed import file
from waiting import wait_for

# --- files ----------------------------------------------------------------------------------------

def test_overrides_stand_behind_the_path(mysend, make):
    path = file(mysend, "data;1.bin", b"abc")
    one, two, three = make("--attach", path + ";type=application/x-mine;name=other.dat;disposition=inline", "--attach", path, "--attach", path + ";name=/etc/p;x").iter_parts()
    assert (one.get_content_type(), one.get_filename(), one.get_content_disposition()) == ("application/x-mine", "other.dat", "inline")
    assert two.get_filename() == "data;1.bin" and three.get_filename() == "p;x"


@pytest.mark.parametrize("option", ["--attach", "--inline"])
def test_path_that_can_be_meant_in_two_ways_is_an_error_and_quotes_say_which(mysend, make, option):
    dump, public = file(mysend, "dump", b"all that is secret\n"), file(mysend, "dump;name=public.csv", b"a,b\n")
    said = mysend("--dry-run", option, public, "bob@example.org", stdin=b"", config=BASE).failed(64)
    assert "either can be meant" in said
    for value, name, text in (('"%s"' % public, "dump;name=public.csv", b"a,b\n"), ('"%s";name="public.csv"' % dump, "public.csv", b"all that is secret\n"),
                              ('"%s";name="x;type=y.csv"' % public, "x;type=y.csv", b"a,b\n")):
        part, = make(option, value).iter_parts()
        assert (part.get_filename(), part.get_payload(decode=True)) == (name, text)


def test_path_that_there_is_as_a_whole_is_that_file(mysend, make):
    part, = make("--attach", file(mysend, "x;name=public.csv", b"a,b\n")).iter_parts()
    assert (part.get_filename(), part.get_payload(decode=True)) == ("x;name=public.csv", b"a,b\n")


@pytest.mark.parametrize("said", ['"text/calendar; method=REQUEST"', "text/calendar; method=REQUEST", 'text/calendar;method="REQUEST";charset=utf-8'])
def test_type_that_is_said_may_have_parameters(mysend, make, said):
    part, = make("--attach", file(mysend, "i.ics", b"BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nEND:VCALENDAR\r\n") + ";type=%s;name=invite.ics" % said).iter_parts()
    assert part.get_content_type() == "text/calendar" and part["Content-Type"].params["method"] == "REQUEST" and part.get_filename() == "invite.ics"
    assert part.get_content_charset() == ("utf-8" if "charset" in said else "us-ascii")


@pytest.mark.parametrize("said", ["text/calendar; method", "text/calendar; method=", "text; a=b", "text/calendar; method=A B", "text/plain; charset=\"a b\"", "message/rfc822; x=y"])
def test_type_with_parameters_that_are_none_is_refused(mysend, said):
    mysend("--dry-run", "--attach", "/etc/passwd;type=" + said, "bob@example.org", stdin=b"", config=BASE).failed(64)


@pytest.mark.parametrize("path", ["/proc/self/status", "/proc/cpuinfo", "/sys/kernel/mm/transparent_hugepage/enabled", "/proc/kallsyms"])
def test_file_that_does_not_say_how_long_it_is_comes_whole(make, path):
    if not os.access(path, os.R_OK):
        pytest.skip("%s is missing" % path)
    part, = make("--attach", path, once=True).iter_parts()
    with open(path, "rb") as text:
        now = text.read()
    assert part.get_content_type() == "text/plain" and len(part.get_payload(decode=True)) > len(now) * 0.9 > 0 and part.get_filename() == path.split("/")[-1]


def test_socket_that_is_a_descriptor_is_a_file(make):
    ours, theirs = socket.socketpair()
    theirs.sendall(b"data " * 1000)
    theirs.close()
    part, = make("--attach", "/dev/fd/%d" % ours.fileno(), pass_fds=(ours.fileno(),), once=True).iter_parts()
    ours.close()
    assert part.get_payload(decode=True) == b"data " * 1000 and part.get_filename() is None


def test_descriptor_of_mysend_itself_is_none_of_the_callers(mysend):
    big = file(mysend, "big", bytes(90000))
    for more in (["--attach", big], []):
        done = mysend("--dry-run", "-s", "x", *more, "--attach", "/dev/fd/3", "bob@example.org", stdin=b"text\n" * 300000, config=BASE, closed=(3,))
        assert "/dev/fd/3: Bad file descriptor" in done.failed(66)


def test_descriptor_in_the_middle_of_a_file_is_read_from_there(make, tmp_path):
    (tmp_path / "f").write_bytes(b"0123456789")
    with open(tmp_path / "f", "rb", buffering=0) as text:
        text.seek(5)
        part, = make("--attach", "/dev/fd/%d" % text.fileno(), pass_fds=(text.fileno(),), once=True).iter_parts()
    assert part.get_payload(decode=True) == b"56789"


def test_type_that_is_said_has_the_charset_that_is_found(mysend, make):
    one, two, three = make("--attach", file(mysend, "u.csv", "\u00fc,\u00df\n") + ";type=text/csv", "--attach", file(mysend, "late.log", b"plain\n" * 20000 + b"gr\xfc\xdfe\n"),
                           "--attach", file(mysend, "late.txt", b"plain\n" * 20000 + "gr\u00fc\u00dfe\n".encode())).iter_parts()
    assert (one.get_content_type(), one.get_content_charset()) == ("text/csv", "utf-8")
    assert two.get_content_charset() == "iso-8859-1" and three.get_content_charset() == "utf-8"


def test_id_that_is_said_is_the_one_that_links_say(mysend, make):
    html, png = file(mysend, "h.html", '<img src="cid:logo@example.org">'), file(mysend, "a.png", b"\x89PNG\r\n\x1a\n")
    _, picture = make("--html", html, "--inline", png + ";id=logo@example.org", stdin=b"").iter_parts()
    assert picture["Content-ID"] == "<logo@example.org>"


def test_hundred_files_need_little_memory_and_keep_their_types(mysend, tmp_path):
    if mysend.sanitized:
        pytest.skip("memory is not measured with sanitizers")
    args = []
    for i in range(100):
        args += ["--attach", file(mysend, "p%d.png" % i, b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\10\6\0\0\0" + bytes(1100000))]
    done = mysend("--dry-run", *args, "bob@example.org", stdin=b"", config=BASE, measure=True)
    assert done.status == 0 and done.raw_out.count(b"Content-Type: image/png\r\n") == 100 and done.maxrss < 24 * 1024, done.maxrss


@pytest.mark.parametrize("how", ["-", "fifo", "/dev/stdin", "fd"])
def test_pipe_is_a_file_too(mysend, make, tmp_path, how):
    data, more = bytes(range(256)) * 3000, {}
    if how == "fifo":
        os.mkfifo(tmp_path / "pipe")
        (tmp_path / "data").write_bytes(data)
        writer = subprocess.Popen(["sh", "-c", "cat data > pipe"], cwd=tmp_path)
        mail = make("--attach", str(tmp_path / "pipe"), "--subject", "x", stdin=b"text\n", once=True)
        writer.wait()
    elif how == "fd":
        reader, writer = os.pipe()
        os.write(writer, data[:60000])
        os.close(writer)
        mail = make("--attach", "/dev/fd/%d" % reader, stdin=b"text\n", pass_fds=(reader,), once=True)
        data = data[:60000]
        os.close(reader)
    else:
        mail = make("--attach", how + ";name=in.bin" if how == "-" else how, stdin=data, **more)
    attached = [part for part in mail.walk() if part.get_content_disposition() == "attachment"]
    assert len(attached) == 1 and attached[0].get_payload(decode=True) == data


def test_message_of_a_file_that_is_mail_is_not_broken_by_encoding(mysend, make):
    part, = make("--attach", file(mysend, "x.eml", b"From: a@b.example\r\nTo: c@d.example\r\nSubject: x\r\nDate: Mon, 23 Nov 2026 10:00:00 +0000\r\n\r\nx\r\n")).iter_parts()
    assert part.get_content_type() == "application/octet-stream" and part.get_payload(decode=True).endswith(b"\r\n\r\nx\r\n")


def test_file_that_shrinks_while_it_is_read_is_told_and_nothing_arrives(mysend, relay, tmp_path):
    path = tmp_path / "large"
    path.write_bytes(b"x" * (64 << 20))
    there = relay("ehlo pipelining chunking", "body 100000 \"hold\"", "buffers 65536", "lax", "sink")
    run = mysend.start("--attach", str(path), "bob@example.org", relay=there, config="queue off\n")
    run.process.stdin.close()
    run.process.stdin = None
    wait_for(lambda: there.sessions and there.sessions[0].body_seen >= 100000)
    os.truncate(path, 1 << 20)
    there.go()
    done = run.finish(None)
    assert done.status == 74 and "has become shorter while it was read" in done.err and not there.messages, done


def test_large_file_needs_no_memory_and_its_size_is_known_before(mysend, relay, tmp_path):
    if mysend.sanitized:
        pytest.skip("memory is not measured with sanitizers")
    path = tmp_path / "large"
    with open(path, "wb") as out:
        out.truncate(200 << 20)
    there = relay("ehlo pipelining chunking size=1000000000", "sink")
    done = mysend("--attach", str(path), "bob@example.org", stdin=b"text\n", relay=there, measure=True)
    assert done.status == 0 and done.maxrss < 24 * 1024, done
    assert int(there.message.parameters["SIZE"]) == there.message.size > (200 << 20) * 4 / 3


def test_limit_of_the_relay_is_told_in_words_before_an_octet_goes_out(mysend, relay, tmp_path):
    with open(tmp_path / "large", "wb") as out:
        out.truncate(30 << 20)
    there = relay("ehlo pipelining size=35000000")
    said = mysend("--attach", str(tmp_path / "large"), "bob@example.org", stdin=b"", relay=there).failed(65)
    assert "the message is 43 MB encoded, 127.0.0.1 takes 35 MB" in said and not there.transactions


def test_libmagic_without_a_database_is_one_warning(mysend):
    done = mysend("--dry-run", "--attach", "/etc/passwd", "--attach", "/etc/group", "bob@example.org", stdin=b"", config=BASE, env={"MAGIC": "/nonexistent"})
    assert done.status == 0 and done.err.count("mysend: warning: libmagic: ") == 1 and done.raw_out.count(b"Content-Type: application/octet-stream") == 2, done


# --- names ----------------------------------------------------------------------------------------

NAMES = ["plain.txt", "with blank.txt", "M\u00e4rz.pdf", "\u6f22\u5b57.png", "quo\"te\\.txt", "a;b.txt", "100%.txt", "it's.txt", "\u00fc" * 80 + ".pdf", "x" * 200 + ".tar.gz",
         "\U0001f4e7 mail \u00e9.txt", "(c) <a@b>.txt", "=?utf-8?Q?x?=.txt"]


@pytest.mark.parametrize("name", NAMES)
def test_name_of_a_file_comes_back_whole_and_in_ascii_for_readers_of_old(mysend, make, name):
    part, = make("--attach", file(mysend, "f", b"x\n") + ";name=" + name).iter_parts()
    assert part.get_filename() == name
    raw = part.as_bytes(policy=email.policy.compat32).decode("ascii")
    assert re.search(r'filename="[ -~]+"', raw) and max(map(len, raw.split("\n"))) <= 78


@pytest.mark.parametrize("address, wanted", [
    ("joe@b\u00fccher.example", "joe@xn--bcher-kva.example"), ("joe@B\u00dcCHER.example", "joe@xn--bcher-kva.example"), ("joe@\u65e5\u672c\u8a9e.example", "joe@xn--wgv71a119e.example"),
    ("joe@a.\u043f\u0440\u0438\u043c\u0435\u0440.example", "joe@a.xn--e1afmkfd.example"),
])
def test_domain_beyond_ascii_is_said_in_a_labels_and_needs_no_smtputf8(mysend, relay, address, wanted):
    there, utf8 = relay("ehlo pipelining 8bitmime"), relay("ehlo pipelining 8bitmime smtputf8")
    mysend("--to", address, stdin=b"x\n", relay=there).ok()
    assert there.message.recipients == [wanted] and there.message.field("To") == wanted
    mysend("--to", address, stdin=b"x\n", relay=utf8).ok()
    assert utf8.message.recipients == [wanted] and "SMTPUTF8" not in utf8.message.parameters


def test_domain_beyond_ascii_in_the_header_needs_no_smtputf8_either(mysend, relay):
    there = relay("ehlo pipelining 8bitmime smtputf8")
    mysend("-t", stdin="From: a@b\u00fccher.example\nTo: J\u00f6rg <x@\u00e4.example>\nSubject: x\n\nt\n".encode(), relay=there).ok()
    assert there.message.recipients == ["x@xn--4ca.example"] and "SMTPUTF8" not in there.message.parameters
    assert there.message.field("From") == "a@xn--bcher-kva.example" and "<x@xn--4ca.example>" in there.message.field("To")


@pytest.mark.parametrize("address", ["a@\u00e4.org\uff1e", "a@\u00e4.org\uff20N.org", "a@\u00e4.org\uff0cN.org", "a@\u00e4.org\uff1b", "a@\u00e4.org\uff02"])
def test_what_looks_like_a_special_in_another_width_becomes_none(mysend, relay, address):
    there = relay("ehlo pipelining 8bitmime")
    done = mysend("-s", "x", address, stdin=b"x\n", relay=there)
    assert done.status == 65 and not there.messages and not [line for line in there.session.lines if b"xn--" in line.data]


def test_address_that_needs_smtputf8_gets_it_wherever_it_stands(mysend, relay):
    there = relay("ehlo pipelining 8bitmime smtputf8")
    mysend("--reply-to", "J\u00f6 <j\u00f6@example.org>", "bob@example.org", stdin=b"x\n", relay=there).ok()
    assert "SMTPUTF8" in there.message.parameters and there.message.field("Reply-To").endswith("<j\u00f6@example.org>")


def test_local_part_beyond_ascii_needs_smtputf8(mysend, relay):
    there = relay("ehlo pipelining 8bitmime")
    assert "does not offer SMTPUTF8" in mysend("--to", "j\u00fc@example.org", stdin=b"x\n", relay=there).failed(65) and not there.messages
