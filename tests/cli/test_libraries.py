"""libcurl and libmagic are loaded by who needs them, when they do; where one is missing or broken, mail waits or goes without."""
import json
import os
import re
import shutil
import struct
import subprocess

import preload
import pytest
import spooled
import tokens

from given import PLAIN as TEXT
from waiting import PATIENCE, wait_for

WHAT_ANY_PROGRAM_HAS = re.compile(r"(libc|libm|libdl|librt|libpthread|libgcc_s|libatomic|ld-|ld\d|linux-vdso|lib[at]?san|libubsan|libasan|libtsan|liblsan)")


@pytest.fixture
def on_demand(mysend):
    if preload.soname(mysend) is None or preload.soname(mysend, "libmagic") is None:
        pytest.skip("this mysend is linked with its libraries (--disable-dlopen)")


def section(path, wanted):
    """The octets of an ELF file's section, and the order of its octets."""
    with open(path, "rb") as file:
        data = file.read()
    wide, order = data[4] == 2, "<" if data[5] == 1 else ">"
    offset, = struct.unpack_from(order + ("Q" if wide else "I"), data, 40 if wide else 32)
    size, count, names = struct.unpack_from(order + "HHH", data, 58 if wide else 46)
    heads = [struct.unpack_from(order + ("IIQQQQ" if wide else "IIIIII"), data, offset + i * size) for i in range(count)]
    for head in heads:
        start = heads[names][4] + head[0]
        if data[start:data.index(b"\0", start)] == wanted.encode():
            return data[head[4]:head[4] + head[5]], order
    return b"", order


def notes(path):
    """[(owner, type, text)] of the section .note.dlopen."""
    data, order = section(path, ".note.dlopen")
    found, at = [], 0
    while at < len(data):
        owner, text, kind = struct.unpack_from(order + "III", data, at)
        start = at + 12 + (owner + 3) // 4 * 4
        found.append((data[at + 12:at + 12 + owner], kind, data[start:start + text]))
        at = start + (text + 3) // 4 * 4
    return found


def test_program_names_what_it_opens_for_those_who_package_it(mysend, on_demand, has_oauth):
    found = {}
    for owner, kind, text in notes(mysend.path):
        assert (owner, kind, text[-1:]) == (b"FDO\0", 0x407c0c0a, b"\0"), (owner, kind, text)
        for entry in json.loads(text[:-1]):
            found[entry["soname"][0].split(".")[0]] = entry
    oauth = ["libjansson"] if has_oauth else []
    assert sorted(found) in (["libcurl"] + oauth + ["libmagic"], ["libcurl-gnutls"] + oauth + ["libmagic"]), found
    assert {name: entry["priority"] for name, entry in found.items() if "curl" not in name} == dict.fromkeys(oauth + ["libmagic"], "recommended")
    assert {entry["priority"] for name, entry in found.items() if "curl" in name} == {"required"}
    assert all(re.fullmatch(r"lib[\w-]+\.so\.\d+", name) for entry in found.values() for name in entry["soname"])
    assert all(entry["feature"] and entry["description"] for entry in found.values())


def test_program_is_linked_with_nothing_but_the_c_library(mysend, on_demand):
    if shutil.which("readelf") is None:
        pytest.skip("readelf is missing")
    said = subprocess.run(["readelf", "-d", mysend.path], capture_output=True, text=True, check=True).stdout
    needed = re.findall(r"\(NEEDED\).*\[(.*)\]", said)
    assert needed and all(WHAT_ANY_PROGRAM_HAS.match(name) for name in needed), needed


def kinds(paths):
    return {kind for kind in ("libcurl", "libmagic", "libjansson") for path in paths if os.path.basename(path).startswith(kind)}


def test_who_opens_no_session_loads_neither(mysend, spool, on_demand):
    for args, stdin in ((["-odq", "bob@example.org"], TEXT), (["-bp"], b""), (["--version"], b""), (["--help"], b""), (["--dry-run", "bob@example.org"], TEXT),
                        (["--show-config"], b""), (["-bs"], b"EHLO me\r\nQUIT\r\n")):
        assert kinds(preload.loaded(mysend, *args, stdin=stdin, config=spool.config())) == set(), args
    assert len(spool.names()) == 1


def test_session_loads_libcurl_and_whoever_attaches_a_file_never_has_libmagic(mysend, relay, on_demand):
    one, file = relay("ehlo pipelining"), mysend.file("some text\n")
    assert kinds(preload.loaded(mysend, "--attach", file, "bob@example.org", stdin=TEXT, relay=one)) == {"libcurl"}
    assert kinds(preload.loaded(mysend, "--dry-run", "--attach", file, "bob@example.org", stdin=TEXT, relay=one)) == set()


def test_process_that_looks_into_files_loads_no_libcurl(mysend, relay, on_demand):
    one = relay()
    result = mysend("--dry-run", "--attach", mysend.file("some text\n"), "bob@example.org", stdin=TEXT, relay=one, env=broken(mysend, empty))
    assert result.status == 0 and result.err == "" and b"Content-Type: text/plain" in result.raw_out.split(b"\r\n--=_")[2], result


def empty(mysend, path):
    open(path, "wb").close()


def text(mysend, path):
    with open(path, "wb") as out:
        out.write(b"The octets of a library are still on their way.\n" * 100)


def head(mysend, path):
    """The first page of a program, as one that is being copied has it."""
    with open(mysend.path, "rb") as program, open(path, "wb") as out:
        out.write(program.read(64))


def without_functions(mysend, path):
    preload.compiled("/dev/null", path)


def without_what_it_needs(mysend, path):
    """Linked with a library that goes away."""
    other = preload.compiled("/dev/null", os.path.join(os.path.dirname(path), "libgone.so"), "-Wl,-soname,libgone.so.9")
    preload.compiled("/dev/null", path, other)
    os.unlink(other)


BROKEN = {empty: "too short|not|format|header", text: "ELF|format", head: "read|short|format|ELF|too", without_functions: r"\bcurl_\w+", without_what_it_needs: r"libgone\.so\.9"}


def broken(mysend, how, library="libcurl"):
    """The environment in which that library is broken."""
    name = preload.soname(mysend, library)
    folder = os.path.join(mysend.tmp, "broken")
    os.makedirs(folder, exist_ok=True)
    how(mysend, os.path.join(folder, name))
    for top, _, _ in os.walk(folder):
        os.chmod(top, 0o755)
    return {"LD_LIBRARY_PATH": folder}


def test_jansson_is_loaded_when_a_token_is_fetched_and_not_for_one_that_is_kept(mysend, relay, provider, on_demand):
    one = provider()
    config, far = one.account(), tokens.relay_of(relay, one)
    assert kinds(preload.loaded(mysend, "bob@example.org", stdin=TEXT, relay=far, config=config)) == {"libcurl", "libjansson"}
    assert kinds(preload.loaded(mysend, "bob@example.org", stdin=TEXT, relay=far, config=config)) == {"libcurl"}
    assert len(one.asked()) == 1 and len(far.messages) == 2


@pytest.mark.parametrize("how", BROKEN, ids=lambda how: how.__name__)
def test_mail_that_needs_a_token_waits_while_jansson_cannot_be_loaded(mysend, relay, spool, provider, on_demand, how):
    one = provider()
    lines, far = one.account(), tokens.relay_of(relay, one)
    assert spool.run("bob@example.org", relay=far, stdin=TEXT, more=lines, env=broken(mysend, how, "libjansson")).status == 0
    assert len(spool.names()) == 1 and not far.messages
    listed = spool.run("-bp", relay=far, more=lines)
    assert "jansson cannot be loaded, which reads what the provider answers" in listed.out, listed
    spool.run("-qf", relay=far, more=lines)
    assert not spool.names() and len(far.messages) == 1


@pytest.mark.parametrize("how", BROKEN, ids=lambda how: how.__name__)
def test_mail_waits_while_libcurl_cannot_be_loaded_and_goes_afterwards(mysend, relay, spool, on_demand, how):
    one, env = relay("ehlo pipelining"), broken(mysend, how)
    result = spool.run("bob@example.org", relay=one, stdin=TEXT, env=env)
    assert result.status == 0 and len(spool.names()) == 1 and not one.sessions, result
    listed = spool.run("-bp", relay=one, env=env)
    assert "libcurl cannot be loaded: " in listed.out and re.search(BROKEN[how], listed.out), listed
    spool.run("-qf", relay=one, env=env)
    assert len(spool.names()) == 1 and not one.sessions
    spool.run("-qf", relay=one).ok()
    assert spool.names() == [] and one.message


@pytest.mark.parametrize("how", BROKEN, ids=lambda how: how.__name__)
def test_without_a_queue_it_is_75_with_the_linkers_words_and_a_hint(mysend, relay, on_demand, how):
    one = relay("ehlo pipelining")
    result = mysend("bob@example.org", stdin=TEXT, relay=one, env=broken(mysend, how))
    line = result.failed(75)
    assert "libcurl cannot be loaded: " in line and re.search(BROKEN[how], line) and not one.sessions, line
    assert len(result.hints) == 1 and "upgrade" in result.hints[0] and preload.soname(mysend) in result.hints[0], result


@pytest.mark.parametrize("args, stdin", [(["-t"], "To: joe@b\u00fccher.example\n\nx\n"), (["--to", "joe@b\u00fccher.example"], "x\n"),
                                                (["-f", "me@b\u00fccher.example", "bob@example.org"], "x\n")])
def test_domain_beyond_ascii_in_a_header_is_75_as_long_as_nobody_can_say_what_it_is_in_ascii(mysend, relay, spool, on_demand, args, stdin):
    """In the queue it would stay as it is, and could be refused for good where it need not."""
    one = relay("ehlo pipelining")
    result = spool.run(*args, relay=one, stdin=stdin.encode(), env=broken(mysend, empty))
    line = result.failed(75)
    assert "b\u00fccher.example is not ASCII" in line and "libcurl cannot be loaded" in line and not spool.names(), result
    spool.run(*args, relay=one, stdin=stdin.encode()).ok()
    assert b"@xn--bcher-kva.example" in one.wire


def test_domain_beyond_ascii_in_the_envelope_waits_and_is_said_in_ascii_afterwards(mysend, relay, spool, on_demand):
    one = relay("ehlo pipelining")
    assert spool.run("joe@b\u00fccher.example", relay=one, stdin=b"To: all\n" + TEXT, env=broken(mysend, empty)).status == 0
    spool.run("-qf", relay=one).ok()
    assert one.message.recipients == ["joe@xn--bcher-kva.example"] and not spool.names()


def test_user_without_rights_is_told_the_same(mysend, relay, on_demand):
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("root and setpriv are needed")
    one, env = relay("ehlo pipelining"), broken(mysend, empty)
    public = os.path.join("/tmp", "mysend-libraries.%d" % os.getpid())
    os.makedirs(public, mode=0o755)
    try:
        program, folder = shutil.copy(mysend.path, public), shutil.copytree(env["LD_LIBRARY_PATH"], os.path.join(public, "broken"))
        config = os.path.join(public, "config")
        with open(config, "w", encoding="ascii") as out:
            out.write("account default\n%sfrom me@example.net\nqueue off\n" % mysend.where(one))
        os.chmod(config, 0o644)
        there, mysend.path = mysend.path, program
        try:
            as_nobody = {"prefix": ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"], "cwd": "/", "stdin": TEXT}
            how = {"MYSEND_CONFIG": config, "HOME": "/nowhere", "LD_LIBRARY_PATH": folder}
            assert "libcurl cannot be loaded: " in mysend("bob@example.org", env=how, **as_nobody).failed(75)
            mysend("bob@example.org", env={**how, "LD_LIBRARY_PATH": None}, **as_nobody).ok()
        finally:
            mysend.path = there
    finally:
        shutil.rmtree(public)
    assert one.message


def test_several_sessions_at_once_are_told_the_same_and_go_on_afterwards(mysend, relay, spool, on_demand):
    one = relay("ehlo pipelining")
    spooled.fill(spool.top, 40)
    result = spool.run("-qf", relay=one, more="sessions 4\nwindow 4\n", env=broken(mysend, empty))
    assert result.status in (0, 75) and len(spool.names()) == 40 and not one.sessions, result
    spool.run("-qf", relay=one, more="sessions 4\nwindow 4\n").ok()
    assert len(one.messages) == 40 and not spool.names()


def test_client_of_an_smtp_dialogue_may_try_again(mysend, relay, on_demand):
    one = relay("ehlo pipelining")
    commands = b"EHLO me\r\nMAIL FROM:<a@example.net>\r\nRCPT TO:<b@example.org>\r\nDATA\r\nSubject: x\r\n\r\nx\r\n.\r\nQUIT\r\n"
    result = mysend("-bs", stdin=commands, relay=one, env=broken(mysend, empty))
    answers = result.out.splitlines()
    assert any(re.match(r"451-4\.4\.\d .*libcurl cannot be loaded", line) for line in answers) and answers[-1].startswith("221 "), result


def test_libcurl_that_is_repaired_is_taken_by_the_process_that_missed_it(mysend, relay, on_demand):
    one, env = relay("ehlo pipelining"), broken(mysend, empty)
    mail = b"MAIL FROM:<a@example.net>\r\nRCPT TO:<b@example.org>\r\nDATA\r\nSubject: x\r\n\r\nx\r\n.\r\n"
    running = mysend.start("-bs", relay=one, env=env)

    def say(octets, wanted):
        running.process.stdin.write(octets)
        running.process.stdin.flush()
        line = b""
        while not re.match(wanted, line):
            line = running.process.stdout.readline()
            assert line, "it has ended before %s" % wanted
        return line
    say(b"EHLO me\r\n" + mail, rb"4\d\d .*libcurl")
    os.unlink(os.path.join(env["LD_LIBRARY_PATH"], preload.soname(mysend)))
    say(mail, rb"354 ")
    say(b"", rb"250 ")
    wait_for(lambda: one.transactions and one.transactions[0].complete, "the message")
    running.process.stdin.close()
    assert running.process.wait(PATIENCE) == 0
    running.process.stdout.close()
    running.process.stderr.close()


def test_library_is_not_looked_for_where_the_user_happens_to_be(mysend, relay, on_demand):
    one = relay("ehlo pipelining")
    folder = broken(mysend, empty)["LD_LIBRARY_PATH"]
    empty(mysend, os.path.join(folder, preload.soname(mysend, "libmagic")))
    mysend("--attach", mysend.file("some text\n"), "bob@example.org", stdin=TEXT, relay=one, cwd=folder, env={"HOME": folder}).ok()
    assert b"text/plain" in one.message.body


@pytest.mark.parametrize("how", BROKEN, ids=lambda how: how.__name__)
def test_file_is_octets_where_libmagic_cannot_be_loaded_and_one_warning_says_so(mysend, relay, on_demand, how):
    one = relay("ehlo pipelining")
    png = mysend.file(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x08\6\0\0\0")
    result = mysend("--attach", png, "--attach", png, "bob@example.org", stdin=TEXT, relay=one, env=broken(mysend, how, "libmagic"))
    words = BROKEN[how].replace("curl_", "magic_")
    assert result.status == 0 and len(result.err.splitlines()) == 1, result
    assert re.match(r"mysend: warning: libmagic: .*: what a file or a text is cannot be told$", result.err) and re.search(words, result.err), result
    assert one.message.body.count(b"application/octet-stream") == 2
