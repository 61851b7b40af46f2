"""What the caller learns: status, one line, a hint, the log; and nobody hears a secret (mysend-compat(7), DECISIONS, STATUS)."""
import os
import re
import shutil
import stat
import subprocess
import threading
import time

import pytest

from given import fields

TEXT = b"Subject: x\nMessage-ID: <id-1@example.net>\n\nbody\n"


# --- success --------------------------------------------------------------------------------------

@pytest.mark.parametrize("args", [[], ["-t"], ["-i"], ["-oi", "-oem", "-odb"], ["-bm"], ["-f", "a@example.net"]], ids=" ".join)
def test_success_is_silent(mysend, relay, args):
    one = relay()
    mysend(*args, "bob@example.org", stdin=TEXT, relay=one).ok()
    assert len(one.messages) == 1


def test_literal_first_example_works(mysend, relay):
    one = relay()
    mysend("-t", stdin=b"body\n", relay=one, config="to ops@example.org\n").ok()
    assert one.message.recipients == ["ops@example.org"] and one.message.content == b"body\r\n"


@pytest.mark.parametrize("option, word", [("--help", "mysend"), ("--version", "mysend")])
@pytest.mark.parametrize("name", ["mysend", "sendmail"])
def test_help_and_version_print_and_exit_0(mysend, option, word, name):
    result = mysend(option, name=name)
    assert result.status == 0 and word in result.out and result.err == ""


def test_help_names_every_setting_or_says_where(mysend):
    text = mysend("--help").out
    assert "--list-settings" in text or "--timeout" in text


# --- the line -------------------------------------------------------------------------------------

@pytest.mark.parametrize("part, line", [
    ('rcpt "550 5.1.1 no such user"', "RCPT TO:<bob@example.org> to 127.0.0.1:%d: 550 5.1.1 no such user"),
    ('mail "550 5.7.1 not you"', "MAIL FROM:<me@example.net> to 127.0.0.1:%d: 550 5.7.1 not you"),
    ('mail "451 4.3.0 later"', "MAIL FROM:<me@example.net> to 127.0.0.1:%d: 451 4.3.0 later"),
    ('data "554 5.3.0 no"', "DATA to 127.0.0.1:%d: 554 5.3.0 no"),
])
def test_failure_line_is_stage_to_host_port_code_text(mysend, relay, part, line):
    one = relay(part)
    result = mysend("bob@example.org", stdin=TEXT, relay=one)
    want = "mysend: " + line % one.port
    assert result.errors in ([want], [want.replace("MAIL FROM:<me@example.net>", "MAIL FROM")]), result


@pytest.mark.parametrize("part", ['greet "554 5.3.2 no service"', 'end "554 5.6.0 spam"', 'bdat "554 5.6.0 spam"', 'auth "535 5.7.8 wrong"'])
def test_failure_line_names_relay_and_its_words_at_other_stages(mysend, relay, part):
    one = relay("ehlo pipelining auth=plain" + (" chunking" if part.startswith("bdat") else ""), part)
    config = "user joe\npassword x\nauth plain\n" if part.startswith("auth") else ""
    result = mysend("bob@example.org", stdin=TEXT, relay=one, config=config)
    assert len(result.errors) == 1
    words = part.split('"')[1]
    assert re.fullmatch(r"mysend: [^:]+ to 127\.0\.0\.1:%d: %s" % (one.port, re.escape(words)), result.errors[0]), result


def test_connection_refused_is_said_like_that(mysend):
    result = mysend("bob@example.org", stdin=TEXT, config="account default\nhost 127.0.0.1\nport 1\ntls off\nfrom me@example.net\n")
    assert result.status == 75 and result.errors == ["mysend: connect to 127.0.0.1:1: Connection refused"], result


def test_hint_is_a_second_line(mysend, relay):
    one = relay("ehlo pipelining")
    result = mysend("bob@example.org", stdin=TEXT, config="account default\nhost 127.0.0.1\nport %d\nfrom me@example.net\n" % one.port)
    assert len(result.errors) == 1 and len(result.hints) <= 1
    assert result.err.splitlines()[0] == result.errors[0]


def test_reply_of_several_lines_is_one_line_with_all_its_words(mysend, relay):
    one = relay('rcpt "550 5.7.1 first words\n5.7.1 see https://example.org/why\n5.7.1 last words"')
    line = mysend("bob@example.org", stdin=TEXT, relay=one).failed(69)
    assert "first words" in line and "https://example.org/why" in line and "last words" in line


@pytest.mark.parametrize("text", ["5.1.1 \x1b[31mred\x1b[0m", "5.1.1 bell\x07 back\x08\x08 cr\rfake", "5.1.1 \x9b31m c1", "5.1.1 nul\x00nul", "5.1.1 del\x7f",
                                  "5.1.1 \u202egnp.exe bidi", "5.1.1 two\u2028lines\u2029", "5.1.1 \u200e\u061c\u200b\ufeff\U000e0041 unseen", "5.1.1 tab\there"])
@pytest.mark.parametrize("stage", ["rcpt", "greet", "end"])
def test_control_characters_from_the_relay_are_escaped(mysend, relay, tmp_path, text, stage):
    log = tmp_path / "log"
    one = relay(("ehlo", "pipelining"), (stage, "550 " + text))
    result = mysend("-v", "bob@example.org", stdin=TEXT, relay=one, config="logfile %s\n" % log)
    assert result.status in (67, 69, 75, 76), result
    for data in (result.raw_err, log.read_bytes() if log.exists() else b""):
        for line in data.split(b"\n"):
            assert not re.search(rb"[\x00-\x08\x0b-\x1f\x7f]", line.replace(b"\t", b"")), line
            assert b"\xc2\x9b" not in line and b"\x9b" not in line.replace(b"\xe2\x80", b""), line
            assert not set(line.decode()) & set("\u202e\u2028\u2029\u200e\u061c\u200b\ufeff\U000e0041"), line


@pytest.mark.parametrize("character", ["\u200b", "\u200e", "\u2028", "\u061c", "\ufeff", "\u00ad", "\U000e0041", "\ufe0f", "\u0085"])
@pytest.mark.parametrize("how", ["argument", "header", "-bs"])
def test_invisible_character_of_a_refused_address_is_shown(mysend, relay, character, how):
    """Nobody sees why bob@example.org is refused if it is printed as it is."""
    one = relay("ehlo pipelining")
    address, shown = "bob%s@example.org" % character, "bob\\u{%x}@example.org" % ord(character)
    if how == "-bs":
        done = mysend("-bs", stdin=("EHLO x\r\nMAIL FROM:<me@example.net> SMTPUTF8\r\nRCPT TO:<%s>\r\nDATA\r\nSubject: x\r\n\r\nb\r\n.\r\nQUIT\r\n" % address).encode(), relay=one)
        said = done.out + done.err
    else:
        done = mysend(*([address] if how == "argument" else ["-t"]), stdin=("To: %s\n" % address).encode() + TEXT, relay=one)
        said = done.err
    assert shown in said and character not in said, done
    assert not one.messages


def test_reply_bytes_that_are_no_utf8_are_printed_safely(mysend, relay):
    one = relay(("ehlo", "pipelining"), ("rcpt", "550 5.1.1 caf\udce9 \udcff\udcfe"))
    result = mysend("bob@example.org", stdin=TEXT, relay=one)
    assert result.status == 67 and b"caf" in result.raw_err
    result.raw_err.decode("utf-8")


def test_very_long_refusal_is_still_one_line(mysend, relay):
    one = relay('rcpt "550 5.1.1 %s"' % ("word " * 95))
    assert len(mysend("bob@example.org", stdin=TEXT, relay=one).failed(67)) < 2000


def test_no_password_in_any_error(mysend, relay):
    one = relay("ehlo auth=plain", 'auth "535 5.7.8 you said hunter2secret? no"', "user joe other")
    result = mysend("-v", "bob@example.org", stdin=TEXT, relay=one, config="user joe\npassword hunter2secret\nauth login\n")
    assert "hunter2secret" not in result.err.replace("you said hunter2secret", "")


def test_oeq_says_nothing_and_keeps_the_status(mysend, relay):
    one = relay("rcpt 550")
    result = mysend("-oeq", "bob@example.org", stdin=TEXT, relay=one)
    assert result.status == 67 and result.err == "" and result.out == "", result


# --- the log --------------------------------------------------------------------------------------

def test_log_line_has_msmtps_fields_and_ours(mysend, relay, tmp_path):
    log, one = tmp_path / "log", relay("ehlo pipelining auth=plain")
    mysend("-f", "me@example.net", "a@example.org", "b@example.org", stdin=TEXT, relay=one,
           config="logfile %s\nuser joe\npassword hunter2secret\nauth plain\n" % log).ok()
    (line,) = log.read_text().splitlines()
    got = fields(line)
    assert got["host"].startswith("127.0.0.1") and got["tls"] == "off" and got["auth"] == "on" and got["user"] == "joe"
    assert got["from"] == "me@example.net" and got["recipients"] == "a@example.org,b@example.org"
    assert int(got["mailsize"]) == len(one.message.body)
    assert got["exitcode"] == "EX_OK" and "id-1@example.net" in got["msgid"] and got["queueid"] == "Q0001"
    assert 0 <= int(got["ms"]) < 20000 and got.get("smtpstatus", "250") == "250"
    assert "hunter2secret" not in line


@pytest.mark.parametrize("part, code, name", [('rcpt "550 5.1.1 no such user"', "550", "EX_NOUSER"), ('end "451 4.3.0 later"', "451", "EX_TEMPFAIL"),
                                              ('mail "554 5.0.0 no"', "554", "EX_UNAVAILABLE")])
def test_failure_is_logged_with_code_words_and_exit(mysend, relay, tmp_path, part, code, name):
    log, one = tmp_path / "log", relay(part)
    mysend("bob@example.org", stdin=TEXT, relay=one, config="logfile %s\n" % log)
    (line,) = log.read_text().splitlines()
    got = fields(line)
    assert got["smtpstatus"] == code and got["exitcode"] == name and part.split('"')[1].split(" ", 1)[1] in line


def test_failure_to_connect_is_logged(mysend, tmp_path):
    log = tmp_path / "log"
    mysend("bob@example.org", stdin=TEXT, config="account default\nhost 127.0.0.1\nport 1\ntls off\nfrom me@example.net\nlogfile %s\n" % log)
    (line,) = log.read_text().splitlines()
    assert "exitcode=EX_TEMPFAIL" in line and "refused" in line and "bob@example.org" in line


def test_log_grows_by_one_line_a_message_even_from_many_at_once(mysend, relay, tmp_path):
    log, one = tmp_path / "log", relay()
    runs = [mysend.start("bob@example.org", relay=one, config="logfile %s\n" % log) for _ in range(12)]
    for run in runs:
        run.finish(TEXT).ok()
    lines = log.read_text().splitlines()
    assert len(lines) == 12 and all(fields(line)["exitcode"] == "EX_OK" for line in lines)


def test_nobody_else_may_read_a_new_log(mysend, relay, tmp_path):
    log, one = tmp_path / "log", relay()
    mysend("bob@example.org", stdin=TEXT, relay=one, config="logfile %s\n" % log).ok()
    assert stat.S_IMODE(log.stat().st_mode) & 0o077 == 0


@pytest.mark.parametrize("path", ["/nowhere/at/all/log", "/dev/full", "/", "/proc/version"])
def test_log_that_cannot_be_written_never_fails_the_mail(mysend, relay, path):
    one = relay()
    result = mysend("bob@example.org", stdin=TEXT, relay=one, config="logfile %s\n" % path)
    assert result.status == 0 and len(one.messages) == 1, result
    assert len(result.err.splitlines()) <= 1, "at most a warning"


@pytest.mark.parametrize("value", ["on", "LOG_MAIL", "LOG_USER", "off"])
def test_syslog_never_fails_the_mail(mysend, relay, value):
    one = relay()
    assert mysend("bob@example.org", stdin=TEXT, relay=one, config="syslog %s\n" % value).status == 0
    assert len(one.messages) == 1


def test_logfile_time_format_makes_the_time(mysend, relay, tmp_path):
    log, one = tmp_path / "log", relay()
    mysend("bob@example.org", stdin=TEXT, relay=one, config="logfile %s\nlogfile_time_format [%%Y-%%m-%%d]\n" % log).ok()
    assert re.match(r"\[\d{4}-\d\d-\d\d\] ", log.read_text())


def test_log_line_cannot_be_forged(mysend, relay, tmp_path):
    log = tmp_path / "log"
    one = relay(("ehlo", "pipelining"), ("end", "250 ok exitcode=EX_FAKE\r queueid=evil"))
    mysend("bob@example.org", stdin=b"Subject: x\nMessage-ID: <a@b>\n exitcode=EX_FORGED\n\nb\n", relay=one, config="logfile %s\n" % log)
    (line,) = log.read_text().splitlines()
    assert "\r" not in line and fields(line)["exitcode"] == "EX_OK"


# --- -v, -X, --dry-run ----------------------------------------------------------------------------

@pytest.mark.parametrize("flag", ["-v", "--verbose", "-ov"])
def test_v_shows_the_conversation_on_stderr(mysend, relay, flag):
    one = relay("ehlo pipelining")
    result = mysend(flag, "bob@example.org", stdin=TEXT, relay=one)
    assert result.status == 0 and result.out == ""
    lines = result.err.splitlines()
    for want in ("<<< 220 relay.test ESMTP", ">>> MAIL FROM:<me@example.net>", ">>> RCPT TO:<bob@example.org>", "<<< 250 2.1.5 recipient ok", ">>> DATA", ">>> QUIT"):
        assert any(line.startswith(want) for line in lines), "%r is not in\n%s" % (want, result.err)
    assert any(line.startswith(">>> EHLO ") for line in lines) and any("<<< 250-relay.test" in line for line in lines)
    assert all(line.startswith((">>> ", "<<< ", "mysend: ", "* ")) or line == ">>> ." for line in lines), result.err


def test_X_appends_the_conversation_to_a_file(mysend, relay, tmp_path):
    one, path = relay("ehlo auth=plain"), tmp_path / "traffic"
    path.write_text("before\n")
    mysend("-X", str(path), "bob@example.org", stdin=TEXT, relay=one, config="user joe\npassword hunter2secret\nauth plain\n").ok()
    text = path.read_text()
    assert text.startswith("before\n") and "MAIL FROM:<me@example.net>" in text
    assert "hunter2secret" not in text and "AGpvZQBodW50ZXIyc2VjcmV0" not in text


def test_X_file_that_cannot_be_written_is_a_warning(mysend, relay):
    one = relay()
    result = mysend("-X", "/nowhere/at/all", "bob@example.org", stdin=TEXT, relay=one)
    assert result.status == 0 and len(one.messages) == 1 and len(result.err.splitlines()) == 1, result


def test_dry_run_sends_nothing(mysend, relay):
    one = relay()
    result = mysend("--dry-run", "a@example.org", "b@example.org", stdin=TEXT, relay=one)
    assert result.status == 0 and not one.sessions
    assert result.raw_out.startswith(b"MAIL FROM:<me@example.net>\nRCPT TO:<a@example.org>\nRCPT TO:<b@example.org>\n\n")
    assert result.body == b"body\r\n" and result.get("Message-ID") == "<id-1@example.net>"


def test_dry_run_to_a_full_disk_is_no_success(mysend):
    with open("/dev/full", "wb") as full:
        result = mysend("--dry-run", "bob@example.org", stdin=TEXT + b"x\n" * 10000, stdout=full,
                        config="account default\nhost 127.0.0.1\ntls off\nfrom me@example.net\n")
    assert result.status == 74, result


@pytest.mark.parametrize("args, text", [
    (["--dry-run", "bob@example.org"], TEXT), (["--dry-run", "bob@example.org"], TEXT + b"x\n" * 300000), (["--help"], b""), (["--version"], b""),
    (["--show-config"], b""), (["--list-settings"], b""), (["-bp"], b""), (["-bv", "--dry-run", "bob@example.org"], b""),
])
def test_who_reads_no_more_of_what_is_printed_has_had_enough(mysend, args, text):
    reader, writer = os.pipe()
    os.close(reader)
    result = mysend(*args, stdin=text, stdout=writer, config="account default\nhost 127.0.0.1\ntls off\nfrom me@example.net\nqueue on\nspool %s/s\n" % mysend.tmp)
    os.close(writer)
    assert result.status == 0 and result.err == "", result


# --- stdin, descriptors, signals ------------------------------------------------------------------

@pytest.mark.parametrize("args, config, status", [
    (["--nosuch", "bob@example.org"], "ok", 64), (["-Z", "bob@example.org"], "ok", 64), ([], "ok", 64), (["-t"], "ok", 64),
    (["bob@example.org"], "broken", 78), (["bob@@example.org"], "ok", 65), (["-Nbogus", "bob@example.org"], "ok", 64),
    (["-f", "a@@b", "bob@example.org"], "ok", None), (["bob@example.org"], "ok", 75), (["bob@example.org"], "missing", 78), (["-F", "a\nb", "bob@example.org"], "ok", None),
])
def test_stdin_is_read_to_its_end_before_an_error_exit(mysend, args, config, status):
    text = {"ok": "account default\nhost 127.0.0.1\nport 1\ntls off\nfrom me@example.net\n", "broken": "account default\nnosuch x\n", "missing": None}[config]
    reader, writer = os.pipe()
    run = mysend.start(*args, config=text, stdin=reader, env={"MYSEND_CONFIG": "/nowhere"} if config == "missing" else {})
    os.close(reader)
    broken = []

    def write():
        try:
            for _ in range(300):
                os.write(writer, b"Subject: x\n\n" + b"0123456789\n" * 1000)
        except OSError as error:
            broken.append(error)
        os.close(writer)
    thread = threading.Thread(target=write)
    thread.start()
    result = run.finish(stdin=reader)
    thread.join()
    assert not broken, "the writer got %r; %r" % (broken[0], result)
    assert status is None or result.status == status, result


def test_stdin_is_not_read_while_a_terminal_waits_for_a_usage_error(mysend):
    import pty
    master, slave = pty.openpty()
    run = mysend.start("--nosuch", config="", stdin=slave)
    os.close(slave)
    assert run.finish(stdin=slave).status == 64
    os.close(master)


def test_closed_stdin_is_66_and_nothing_is_sent(mysend, relay):
    one = relay()
    mysend("bob@example.org", relay=one, closed=(0,), stdin=0).failed(66)
    assert not one.messages


def test_stdin_that_cannot_be_read_is_74_or_66(mysend, relay, tmp_path):
    one = relay()
    folder = os.open(str(tmp_path), os.O_RDONLY)
    assert mysend("bob@example.org", relay=one, stdin=folder).status in (66, 74)
    os.close(folder)
    with open(tmp_path / "w", "wb") as out:
        assert mysend("bob@example.org", relay=one, stdin=out).status in (66, 74)
    assert not one.messages


@pytest.mark.parametrize("closed", [(1,), (2,), (1, 2)])
@pytest.mark.parametrize("part, status", [("mail ok", 0), ("rcpt 550", 67)])
def test_closed_stdout_and_stderr_harm_nobody(mysend, relay, closed, part, status):
    """What is meant for descriptor 2 must not end in the connection."""
    one = relay("ehlo pipelining", part)
    result = mysend("-v", "bob@example.org", stdin=TEXT, relay=one, closed=closed)
    assert result.status == status, result
    assert b">>>" not in one.wire and b"mysend:" not in one.wire


def test_all_three_closed_harm_nobody(mysend, relay):
    one = relay("ehlo pipelining")
    result = mysend("-v", "bob@example.org", relay=one, closed=(0, 1, 2), stdin=0)
    assert result.status == 66 and not one.messages and b">>>" not in one.wire


def test_sigpipe_from_the_relay_is_no_death(mysend, relay):
    one = relay("ehlo pipelining", "body 100000 drop")
    mysend("bob@example.org", stdin=TEXT + b"0123456789\n" * 500000, relay=one).failed(75)


def test_stderr_that_nobody_reads_does_not_change_the_status(mysend, relay):
    one = relay("rcpt 550")
    reader, writer = os.pipe()
    os.close(reader)
    assert mysend("-v", "bob@example.org", stdin=TEXT, relay=one, stderr=writer).status == 67
    os.close(writer)


def test_message_is_not_held_up_by_a_full_stdout(mysend, relay):
    one = relay()
    with open("/dev/full", "wb") as full:
        assert mysend("bob@example.org", stdin=TEXT, relay=one, stdout=full, stderr=full).status == 0
    assert len(one.messages) == 1


# --- economy --------------------------------------------------------------------------------------

def test_libmagic_is_not_opened_when_nothing_asks_for_it(mysend, relay):
    if shutil.which("strace") is None:
        pytest.skip("strace is missing")
    if subprocess.run(["strace", "-o", "/dev/null", "/bin/true"], capture_output=True, check=False).returncode:
        pytest.skip("strace may not trace here")
    one, trace = relay(), os.path.join(mysend.tmp, "trace")
    result = mysend("bob@example.org", stdin="Subject: x\n\nGrüße\n", relay=one, prefix=["strace", "-f", "-e", "trace=open,openat", "-o", trace],
                    env={"ASAN_OPTIONS": "detect_leaks=0"})  # ptrace is taken
    assert result.status == 0, result
    with open(trace, encoding="utf-8", errors="replace") as text:
        opened = [line for line in text if "magic.mgc" in line or "/misc/magic" in line or "/etc/magic" in line]
    assert not opened, opened


def test_big_certificate_bundle_is_not_read_without_tls(mysend, relay):
    if shutil.which("strace") is None:
        pytest.skip("strace is missing")
    one, trace = relay(), os.path.join(mysend.tmp, "trace")
    result = mysend("bob@example.org", stdin=TEXT, relay=one, prefix=["strace", "-f", "-e", "trace=open,openat", "-o", trace],
                    env={"ASAN_OPTIONS": "detect_leaks=0"})  # ptrace is taken
    if result.status != 0:
        pytest.skip("strace may not trace here")
    with open(trace, encoding="utf-8", errors="replace") as text:
        assert "ca-certificates.crt" not in text.read()


def test_nothing_is_left_behind(mysend, relay, tmp_path):
    one, folder = relay(), tmp_path / "tmp"
    folder.mkdir()
    mysend("bob@example.org", stdin=TEXT + b"x\n" * 1000000, relay=one, env={"TMPDIR": str(folder)}).ok()
    assert list(folder.iterdir()) == [] and os.listdir(mysend.home) == []


def test_one_message_takes_no_needless_time(mysend, relay):
    """Not a benchmark: a sleep or a DNS timeout anywhere would show."""
    one, took = relay("ehlo pipelining"), []
    for _ in range(5):
        began = time.monotonic()
        mysend("bob@example.org", stdin=TEXT, relay=one).ok()
        took.append(time.monotonic() - began)
    assert min(took) < 1, took      # the quickest: a busy machine slows down some, a needless wait all
