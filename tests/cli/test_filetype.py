"""What a file is, by its octets: as file(1) of the same libmagic says."""
import base64
import bz2
import gzip
import io
import lzma
import email
import email.policy
import os
import platform
import shutil
import socket
import sqlite3
import struct
import subprocess
import tarfile
import wave
import zipfile
import zlib

import pytest

from waiting import PATIENCE


def archive(names):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        for name, text in names:
            made.writestr(name, text)
    return out.getvalue()


def tar():
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as made:
        made.addfile(tarfile.TarInfo("x"))
    return out.getvalue()


def sqlite(tmp):
    path = os.path.join(tmp, "db")
    with sqlite3.connect(path) as db:
        db.execute("create table t (a)")
    db.close()
    with open(path, "rb") as text:
        return text.read()


def sound():
    out = io.BytesIO()
    with wave.open(out, "wb") as made:
        made.setnchannels(1)
        made.setsampwidth(2)
        made.setframerate(8000)
        made.writeframes(b"\0\0" * 100)
    return out.getvalue()


def png():
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)) + chunk(b"IDAT", zlib.compress(b"\0\0\0\0")) + chunk(b"IEND", b"")


XLS = zlib.decompress(base64.b85decode(
    r"""c-p&gUhu)fjZzO8(10BSGsD0CoD6J8VvIn{3F8Pb0OkMx2QgtZ2N3@s1w#sOasVTejg?_H?-_Pb9D?HeAp;Y`29|?Bl7Zn75XUeSF!<%?r7F-7"""
    r"""IDy@e$Ov+SEs$hnm;)5yV~_;9N(f9QgGpg9xgM-?514cSi}Zp?TcFwpj8P2d?ftYYps6^5NeL{+#{e>SJ6O*xu!tdpD8mU*Dz2Zv2vN(*;8>KI"""
    r"""m@_yf<XCtZmM{S0%{?_QwJ0&?0fPuI0+%p+{jb2l@CBAr4=9X^(^s640Vw_hRh%7*_+%y)28ITP{|Vp(-U=*S*DymOIPnhy54gOA;tDQM*$d9A"""
    r"""0w{Tv7o3K9fMf~-KbS2DPRRnm()iEHkC%Lt0_@|#A`Rg38DgR;$YO^742>WiK+Sw`83?Hb)}ak1o4}?@gV|DGQUsX(fV5hGD3syW3|7+umQ@4V"""
    r"""V+;nD?bVUk8bEgI>%bjyt&i<Bf$Vke535AhUAJGzpak@I3Q#`?HZ$lj>M+il2?9IqVKgH&$KM5$k{G$4gGm7D_W#hTil5;x0~eSn2&vDQgc!Dg"""
    r"""lmbf!1mI#A1*2dTjDk@x3P!;w7zLwXBmq!sAJi-c^*ca)0#<0hf*m@p^B0K!jSiCxTM)#M4}>Maj;Sj{9*{0#s3a-<h%vA-!pveMQV(pr5Cp=3"""
    r"""wihvEGbDlCkxg>?1@;RWk^MuoMgi(&AyV!CM~XXXY(D_40k#1"""))       # one cell, as xlwt writes it


MADE = {
    "png": lambda tmp: png(), "gif": lambda tmp: b"GIF89a\1\0\1\0\0\0\0;", "jpeg": lambda tmp: b"\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0\xff\xd9",
    "bmp": lambda tmp: b"BM" + struct.pack("<IHHIIiiHHIIiiII", 58, 0, 0, 54, 40, 1, 1, 1, 24, 0, 4, 0, 0, 0, 0) + b"\0\0\0\0", "tiff": lambda tmp: b"II*\0\x08\0\0\0\0\0\0\0",
    "ico": lambda tmp: b"\0\0\1\0\1\0\x10\x10\0\0\1\0\x20\0\x68\4\0\0\x16\0\0\0" + bytes(1128), "webp": lambda tmp: b"RIFF\x24\0\0\0WEBPVP8 \x18\0\0\0" + bytes(24),
    "svg": lambda tmp: b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"></svg>\n', "pdf": lambda tmp: b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n",
    "postscript": lambda tmp: b"%!PS-Adobe-3.0\n", "rtf": lambda tmp: b"{\\rtf1\\ansi x}", "html": lambda tmp: b"<!DOCTYPE html>\n<html><body>x</body></html>\n",
    "xml": lambda tmp: b'<?xml version="1.0"?>\n<a/>\n', "json": lambda tmp: b'{"a": [1, 2]}\n', "csv": lambda tmp: b"a,b,c\n1,2,3\n4,5,6\n7,8,9\n", "gzip": lambda tmp: gzip.compress(b"x" * 100),
    "bzip2": lambda tmp: bz2.compress(b"x" * 100), "xz": lambda tmp: lzma.compress(b"x" * 100), "zip": lambda tmp: archive([("a.txt", "x")]), "tar": lambda tmp: tar(),
    "tar.gz": lambda tmp: gzip.compress(tar()), "odt": lambda tmp: archive([("mimetype", "application/vnd.oasis.opendocument.text"), ("content.xml", "<x/>")]),
    "docx": lambda tmp: archive([("[Content_Types].xml", "<x/>"), ("_rels/.rels", "<x/>"), ("word/document.xml", "<x/>")]),
    "epub": lambda tmp: archive([("mimetype", "application/epub+zip"), ("x", "x")]), "jar": lambda tmp: archive([("META-INF/MANIFEST.MF", "Manifest-Version: 1.0\n")]),
    "sqlite": sqlite, "wav": lambda tmp: sound(), "ogg": lambda tmp: b"OggS\0\2" + bytes(22) + b"\1\x1e\1vorbis" + bytes(40), "mp3": lambda tmp: b"ID3\3\0\0\0\0\0\x21" + bytes(60),
    "flac": lambda tmp: b"fLaC\0\0\0\x22" + bytes(34), "midi": lambda tmp: b"MThd\0\0\0\6\0\1\0\1\0\x60", "mp4": lambda tmp: b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom",
    "7z": lambda tmp: b"7z\xbc\xaf\x27\x1c\0\4" + bytes(24), "shell": lambda tmp: b"#!/bin/sh\necho x\n", "python": lambda tmp: b"#!/usr/bin/python3\nimport os\n",
    "perl": lambda tmp: b"#!/usr/bin/perl\nuse strict;\n", "c": lambda tmp: b"#include <stdio.h>\n\nint main(void)\n{\n\treturn 0;\n}\n", "text": lambda tmp: b"plain text\nin lines\n",
    "utf-8": lambda tmp: "gr\u00fc\u00dfe\n".encode(), "bom": lambda tmp: "\ufeffgr\u00fc\u00dfe\n".encode(), "utf-16": lambda tmp: "gr\u00fc\u00dfe und mehr\n".encode("utf-16"),
    "latin-1": lambda tmp: "gr\u00fc\u00dfe und mehr\n".encode("latin-1"), "crlf": lambda tmp: b"a\r\nb\r\n", "empty": lambda tmp: b"", "zeros": lambda tmp: bytes(1000),
    "random": lambda tmp: bytes((i * 7919 >> 3) & 255 for i in range(5000)), "elf": lambda tmp: open("/bin/true", "rb").read(),
    "icalendar": lambda tmp: b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nEND:VCALENDAR\r\n", "vcard": lambda tmp: b"BEGIN:VCARD\nVERSION:3.0\nEND:VCARD\n", "diff": lambda tmp: b"--- a\n+++ b\n@@ -1 +1 @@\n-x\n+y\n",
    "xls": lambda tmp: XLS,
    "pem": lambda tmp: b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n", "one-octet": lambda tmp: b"x",
}


TREES = ("application/", "audio/", "font/", "image/", "message/", "model/", "multipart/", "text/", "video/")


def as_mail_has_it(line):
    """What file(1) says, but for the segments of a program, which are not looked at, and for what is no media type (inode/x-empty)."""
    line = line.strip().replace("x-pie-executable", "x-sharedlib")
    return line if line.startswith(TREES) else "application/octet-stream; charset=binary"


def wanted(path):
    return as_mail_has_it(say([path])[0])


def attached_type(mysend, path):
    done = mysend("--dry-run", "--attach", path, "bob@example.org", stdin=b"", config="host x\nfrom me@example.net\n")
    assert done.status == 0 and done.err == "", done
    return done.raw_out.split(b"\r\n--=_")[1].split(b"Content-Type: ")[1].split(b"\r\n")[0].decode()


@pytest.mark.parametrize("kind", MADE)
def test_type_of_a_file_is_what_file_says(mysend, tmp_path, kind):
    if shutil.which("file") is None:
        pytest.skip("file is missing")
    path = mysend.file(MADE[kind](str(tmp_path)), name="a file")
    media, _, charset = wanted(path).partition("; charset=")
    said = attached_type(mysend, path)
    charset = charset.replace("utf-16le", "utf-8")       # which it becomes
    assert said == (media if charset == "binary" or not media.startswith("text/") else "%s; charset=%s" % (media, charset))


@pytest.mark.parametrize("path", ["/usr/share/dict/words", "/etc/passwd", "/usr/lib/os-release", "/usr/bin/env", "/usr/share/misc/magic.mgc", "/lib64/ld-linux-x86-64.so.2"])
def test_type_of_a_file_of_this_host_is_what_file_says(mysend, path):
    if shutil.which("file") is None or not os.path.isfile(path):
        pytest.skip("file, or %s, is missing" % path)
    assert attached_type(mysend, path).split(";")[0] == wanted(os.path.realpath(path)).split(";")[0]


def say(paths):
    """What file(1) says of each."""
    return subprocess.run(["file", "--brief", "--mime", *paths], capture_output=True, check=True, env={"PATH": os.environ["PATH"], "LC_ALL": "C"}).stdout.decode().splitlines()


def files_of_this_host():
    """Up to three of each type, among the first of each ending wherever a distribution puts some: [(path, what file says)]."""
    seen, found = {}, []
    for top in ("/usr/share", "/usr/lib", "/usr/include", "/usr/bin", "/etc", "/var/lib"):
        for folder, folders, names in os.walk(top):
            folders.sort()
            for name in sorted(names):
                path, ending = os.path.join(folder, name), name.rpartition(".")[2][:8] if "." in name else ""
                if seen.get(ending, 0) < 4 and not os.path.islink(path) and os.path.isfile(path) and os.access(path, os.R_OK) and os.path.getsize(path) < 60000:
                    seen[ending] = seen.get(ending, 0) + 1
                    found.append(path)
    kinds, some = {}, []
    for path, line in zip(found[:4000], say(found[:4000])):
        kinds[line] = kinds.get(line, 0) + 1
        if kinds[line] <= 3:
            some.append((path, line))
    return some


def test_types_of_many_files_of_this_host_are_what_file_says(mysend):
    if shutil.which("file") is None:
        pytest.skip("file is missing")
    paths, said = zip(*files_of_this_host())
    done = mysend("--dry-run", *[word for path in paths for word in ("--attach", path)], "bob@example.org", stdin=b"", config="host x\nfrom me@example.net\n")
    assert done.status == 0 and done.err == "", done
    parts = list(email.message_from_bytes(done.message, policy=email.policy.default).iter_parts())
    assert len(parts) == len(paths) and len({line.split(";")[0] for line in said}) >= 10
    wrong = []
    for path, line, part in zip(paths, said, parts):
        media, _, charset = as_mail_has_it(line).partition("; charset=")
        ours = (part.get_content_type(), part.get_content_charset() if media.startswith("text/") else None)
        if media.startswith(("message/", "multipart/")):
            media = "application/octet-stream"
        if ours != (media.lower(), charset if media.startswith("text/") and charset != "binary" else None):
            wrong.append((path, line, ours))
    print(len(paths), "files of", len(set(said)), "types")
    assert not wrong


# --- the process that looks -----------------------------------------------------------------------

def child_of(pid):
    with open("/proc/%d/task/%d/children" % (pid, pid), encoding="ascii") as text:
        return [int(one) for one in text.read().split()]


@pytest.fixture
def looker(mysend, tmp_path):
    """A mysend that has had one file looked at, waits for a second one, and knows a password: (run, the looker's pid, where the second one is written)."""
    if not os.path.exists("/proc/self/task/%d/children" % os.getpid()):
        pytest.skip("no /proc that names the children of a process")
    pipe = str(tmp_path / "pipe")
    os.mkfifo(pipe)
    theirs, ours = os.pipe()
    run = mysend.start("--dry-run", "--attach", "/etc/passwd", "--attach", pipe, "--attach", "/etc/group", "bob@example.org", stdin=subprocess.DEVNULL, pass_fds=(theirs,),
                       config="host x\nfrom me@example.net\nuser joe\npassword gr33n-cheese\n", env={"MYSEND_USER": "joe", "SECRET": "gr33n-cheese"})
    writer = os.open(pipe, os.O_WRONLY)       # comes back when the other end is opened, and so the first file has been seen
    yield run, child_of(run.process.pid), writer
    run.kill()
    run.process.wait()
    for fd in (theirs, ours):
        os.close(fd)


def finished(run, writer):
    os.write(writer, b"plain\n")
    os.close(writer)
    return run.finish(b"")


def test_the_looker_has_nothing_of_ours(mysend, looker):
    run, children, writer = looker
    pid, = children
    assert os.listdir("/proc/%d/fd" % pid) == ["0"] and os.readlink("/proc/%d/fd/0" % pid).startswith("socket:")
    with open("/proc/%d/environ" % pid, "rb") as text:
        assert text.read() == b""
    with open("/proc/%d/maps" % pid, encoding="utf-8") as text, open("/proc/%d/mem" % pid, "rb", 0) as memory:
        for line in text:
            span, mode = line.split()[:2]
            low, high = (int(end, 16) for end in span.split("-"))
            if mode.startswith("r") and "[v" not in line and not mysend.sanitized:
                memory.seek(low)
                assert b"gr33n" not in memory.read(high - low), line
    done = finished(run, writer)
    assert done.status == 0 and done.err == "" and done.raw_out.count(b"Content-Type: text/plain; charset=us-ascii") == 3


def test_the_looker_may_do_nothing_else(mysend, looker):
    run, (pid,), writer = looker
    limits = {}
    with open("/proc/%d/limits" % pid, encoding="ascii") as text:
        for line in text:
            limits[line[:26].strip()] = line[26:].split()[:2]
    assert limits["Max open files"] == limits["Max processes"] == limits["Max core file size"] == ["0", "0"]
    with open("/proc/%d/status" % pid, encoding="ascii") as text:
        said = dict(line.split(":\t", 1) for line in text if ":\t" in line)
    if not mysend.sanitized and platform.machine() in ("x86_64", "aarch64"):
        assert said["Seccomp"].strip() == "2" and said["NoNewPrivs"].strip() == "1"
    assert finished(run, writer).status == 0


def test_a_looker_that_dies_is_replaced(looker):
    run, (pid,), writer = looker
    os.kill(pid, 9)
    done = finished(run, writer)
    assert done.status == 0 and done.err == "" and done.raw_out.count(b"Content-Type: text/plain; charset=us-ascii") == 3


def test_what_makes_a_looker_is_no_way_not_to_send(mysend, relay):
    """The word is a recipient for whoever passes it on, and refused; a process that feeds it a message by a socket is told, too."""
    assert mysend("\1look", stdin=b"To: bob@example.org\n\nx\n", config="host x\n").status not in (0, 75)
    ours, theirs = socket.socketpair()
    ours.sendall(b"To: bob@example.org\n\nx\n")
    ours.shutdown(socket.SHUT_WR)
    done = mysend("\1look", stdin=theirs, config="host x\n")
    assert done.status != 0 and not done.raw_out
    mysend("\1look", "bob@example.org", stdin=theirs, config="host x\nfrom a@b.example\n").failed(65)
    ours.close()
    theirs.close()


CONTAINER = r"""
import ctypes, os, struct, sys
libc = ctypes.CDLL(None, use_errno=True)
errno, call, option = (int(word) for word in sys.argv[1:4])
code = [(0x20, 0, 0, 0), (0x15, 0, 3, call), (0x20, 0, 0, 16), (0x15, 0, 1, option), (0x06, 0, 0, 0x50000 | errno), (0x06, 0, 0, 0x7fff0000)]
text = ctypes.create_string_buffer(b"".join(struct.pack("<HBBI", *one) for one in code))
program = ctypes.create_string_buffer(struct.pack("<HxxxxxxQ", len(code), ctypes.addressof(text)))
assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(22, 2, program) == 0, ctypes.get_errno()
os.execv(sys.argv[4], ["mysend"] + sys.argv[5:])
"""


@pytest.mark.parametrize("errno, words", [(1, "Operation not permitted"), (38, "Function not implemented"), (22, "Invalid argument")])
@pytest.mark.parametrize("option", [22, 38])       # PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS
def test_a_type_is_told_where_the_system_refuses_the_filter(mysend, option, errno, words):
    """As in a strict container. Limits alone then, which is said once, and by --show-config."""
    call = {"x86_64": 157, "aarch64": 167}.get(platform.machine())
    if call is None or mysend.sanitized:
        pytest.skip("there is no filter in this build")
    prefix = ["/usr/bin/python3", "-c", CONTAINER, str(errno), str(call), str(option)]
    done = mysend("--dry-run", "--attach", "/etc/passwd", "--attach", "/etc/group", "bob@example.org", stdin=b"", config="host x\nfrom me@example.net\n", prefix=prefix)
    assert done.status == 0 and done.raw_out.count(b"Content-Type: text/plain; charset=us-ascii") == 2
    assert done.err.count("warning") == 1 and "limits alone" in done.err and words in done.err
    assert "\n# libmagic in a process with limits alone" in mysend("--show-config", config="host x\n", prefix=prefix).out


def looker_with(mysend, prefix=()):
    """A looker that has said what it is in: (that octet, its status)."""
    ours, theirs = socket.socketpair()
    ours.settimeout(PATIENCE)
    run = subprocess.Popen([*prefix, mysend.path, "\1look"] if prefix else ["mysend", "\1look"], executable=None if prefix else mysend.path, stdin=theirs,
                           env=mysend.environment({}))
    theirs.close()
    try:
        said = ours.recv(1)
        with open("/proc/%d/status" % run.pid, encoding="ascii") as text:
            status = dict(line.rstrip("\n").split(":\t", 1) for line in text if ":\t" in line)
    finally:
        ours.close()
        run.wait(PATIENCE)
    return said, status


@pytest.mark.skipif(os.getuid() != 0, reason="only root can stop being root")
@pytest.mark.parametrize("filtered", [True, False])
def test_who_looks_into_files_for_root_is_nobody(mysend, filtered):
    call = {"x86_64": 157, "aarch64": 167}.get(platform.machine())
    if not filtered and (call is None or mysend.sanitized):
        pytest.skip("there is no filter in this build")
    code = CONTAINER.replace('["mysend"] + sys.argv[5:]', 'sys.argv[4:]')
    said, status = looker_with(mysend, () if filtered else ("/usr/bin/python3", "-c", code, "1", str(call), "22"))
    assert said in (b"J" if filtered else b"L"), said
    assert status["Uid"].split() == status["Gid"].split() == ["65534"] * 4 and status["Groups"].split() == [], status
    assert {int(status[name], 16) for name in ("CapPrm", "CapEff")} == {0}, status


@pytest.mark.skipif(os.getuid() != 0, reason="only root can stop being root")
@pytest.mark.parametrize("filtered", [True, False])
def test_a_type_is_told_where_root_cannot_become_another(mysend, filtered):
    """As in a container of one user."""
    setuid, setgid = {"x86_64": (105, 106), "aarch64": (146, 144)}.get(platform.machine(), (None, None))
    call = {"x86_64": 157, "aarch64": 167}.get(platform.machine())
    if call is None or mysend.sanitized:
        pytest.skip("there is no filter in this build")
    lone = CONTAINER.replace("(0x15, 0, 3, call), (0x20, 0, 0, 16), (0x15, 0, 1, option)", "(0x15, 1, 0, call), (0x15, 0, 1, option)")
    prefix = ["/usr/bin/python3", "-c", lone.replace('["mysend"] + sys.argv[5:]', "sys.argv[4:]"), "1", str(setuid), str(setgid)]
    if not filtered:
        prefix += ["/usr/bin/python3", "-c", CONTAINER, "1", str(call), "22"]
    done = mysend("--dry-run", "--attach", "/etc/passwd", "--attach", "/etc/group", "bob@example.org", stdin=b"", config="host x\nfrom me@example.net\n", prefix=prefix)
    assert done.status == 0 and done.raw_out.count(b"Content-Type: text/plain; charset=us-ascii") == 2
    assert done.err.count("warning") == (not filtered) and (filtered or "limits alone: the system refuses another user than root: Operation not permitted" in done.err), done


def test_show_config_says_what_libmagic_is_held_by(mysend):
    assert "\n# libmagic in a process with limits " in mysend("--show-config", config="host x\n").out
