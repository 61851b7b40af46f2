"""mysend --login: a person logs in with a code that is typed into any browser, or with a browser that comes back, and mail goes by that."""
import fcntl
import os
import signal
import socket
import termios
import urllib.parse

import pytest

import tokens
from browser import visit
from logins import BROWSER, TAKES, Person, kept, send
from waiting import PATIENCE, wait_for

QUICK = "device 900 1"


@pytest.fixture
def clock(library):
    return lambda times: {"LD_PRELOAD": library("clock"), "TEST_OF_SPEED": str(times)}


def test_a_code_that_is_typed_into_any_browser_logs_in_and_mail_goes_by_it(mysend, provider, relay):
    one = provider(QUICK)
    there = relay(TAKES, who=one.who)
    person = Person(mysend, one, there)
    assert person.line_after(b"Account default: ") == "me@example.net at 127.0.0.1, through 127.0.0.1."
    page, code = person.line_after(b"Open    "), person.line_after(b"and type the code   ")
    assert page == one.url + "/device" and not kept(mysend)
    person.wait_for(b"minutes left; Ctrl-C ends it, and nothing is changed")
    assert "may send" in one.type_code(page, code).body
    status, shown = person.finish()
    assert status == 0 and shown.endswith("\r\x1b[K"), shown
    place = os.path.join(mysend.tmp, "oauth", "default")
    assert person.out.startswith("Logged in as me@example.net. The relay takes it: 235 ") and "\nKept in %s; renewed with every use.\n" % place in person.out
    assert oct(os.stat(place).st_mode & 0o777) == "0o600" and len(there.sessions) == 1 and there.sessions[0].quit
    send(mysend, one, there).ok()
    assert len(there.messages) == 1 and len(one.asked("poll")) == len(one.asked()) - 1, "the mail needed no other token"


def test_the_address_with_the_code_in_it_is_shown_too(mysend, provider, relay):
    one = provider(QUICK, 'device "member verification_uri_complete \\"http://127.0.0.1/device?user_code=X\\" && ok"')
    person = Person(mysend, one, relay(TAKES, who=one.who))
    assert person.line_after(b"or open ") == "http://127.0.0.1/device?user_code=X"
    one.approve()
    assert person.finish()[0] == 0


def test_what_the_provider_says_cannot_steer_the_terminal(mysend, provider, relay):
    one = provider('device "json {\\"device_code\\":\\"d\\",\\"user_code\\":\\"A\\\\u001b]0;x\\\\u0007B\\",\\"verification_uri\\":\\"https://x/\\\\u001b[2J\\",'
                   '\\"expires_in\\":900,\\"interval\\":1,\\"message\\":\\"\\\\u001b[31mred\\"}"', "poll 'error access_denied'")
    status, shown = Person(mysend, one, relay(TAKES, who=one.who)).finish()
    assert status in (76, 77) and "\x1b]" not in shown and "\x1b[2J" not in shown and "red" not in shown, shown


def test_a_provider_that_wants_to_be_asked_less_is_asked_less(mysend, provider, relay, clock):
    one = provider("device 900 10", "poll 'error slow_down' 'error authorization_pending' ok")
    person = Person(mysend, one, relay(TAKES, who=one.who), env=clock(20))
    one.wait_for("poll", 1)
    one.approve()
    assert person.finish()[0] == 0
    first, second, third = [request.time for request in one.asked("poll")]
    assert second - first >= 15 / 20 and third - second >= 15 / 20, "five seconds more, from then on"


def test_a_network_that_is_lost_meanwhile_ends_nothing(mysend, provider, relay, clock):
    one = provider(QUICK, "poll drop 503 'error authorization_pending' ok")
    person = Person(mysend, one, relay(TAKES, who=one.who), env=clock(10))
    person.wait_for(b"no answer for the moment; ")
    one.approve()
    status, shown = person.finish()
    assert status == 0 and kept(mysend), shown


@pytest.mark.parametrize("error, word", [("access_denied", "declined"), ("authorization_declined", "declined"), ("expired_token", "in time")])
def test_a_login_that_is_declined_or_late_leaves_all_as_it_was(mysend, provider, relay, error, word):
    one = provider(QUICK, "poll ok 'error %s'" % error)
    there = relay(TAKES, who=one.who)
    first = Person(mysend, one, there)
    first.wait_for(b"left;")
    one.approve()
    assert first.finish()[0] == 0
    before = kept(mysend)
    person = Person(mysend, one, there)
    status, shown = person.finish()
    assert status == 77 and word in shown and "hint: " in shown and kept(mysend) == before and not person.out, shown


def test_a_code_that_nobody_types_ends_and_says_what_to_do(mysend, provider, relay):
    one = provider("device 2 1")
    person = Person(mysend, one, relay(TAKES, who=one.who), "-a", "default")
    status, shown = person.finish()
    assert status == 75 and "nobody has typed the code within the 2 seconds that it was good for" in shown and "hint: mysend --login again" in shown, shown
    assert not kept(mysend)


# --- the browser ---------------------------------------------------------------------------------

def test_a_browser_on_this_host_comes_back_by_itself(mysend, provider, relay):
    one = provider()
    there = relay(TAKES, who=one.who)
    person = Person(mysend, one, there, only=BROWSER)
    page = one.browse(person.url())
    assert page.status == 200 and page.body == "mysend has got the answer. This page can be closed; mysend goes on in its terminal.\n"
    status, shown = person.finish()
    assert status == 0 and person.out.startswith("Logged in as me@example.net. The relay takes it: 235 "), shown
    form = one.asked("code")[0].form
    assert form["redirect_uri"].startswith("http://127.0.0.1:") and len(form["code_verifier"]) == 43
    send(mysend, one, there).ok()


def test_the_address_of_the_page_that_does_not_load_can_be_pasted(mysend, provider, relay):
    one = provider()
    person = Person(mysend, one, relay(TAKES, who=one.who), only=BROWSER)
    address = one.browse(person.url(), follow=False).location
    person.type(address.encode() + b"\n")
    status, shown = person.finish()
    assert status == 0 and "(what is typed is not shown)" in shown and kept(mysend), shown


def test_a_pasted_address_may_be_broken_over_lines_and_mistakes_can_be_made(mysend, provider, relay):
    one = provider()
    person = Person(mysend, one, relay(TAKES, who=one.who), only=BROWSER)
    url = person.url()
    address = one.browse(url, follow=False).location
    person.type(b"\n\nhello\n")
    person.wait_for(b"Paste it whole.")
    person.type(address.replace("state=", "state=x").encode() + b"\n")
    person.wait_for(b"of another login than this one")
    person.type(b"nonsense\x15" + address[:30].encode() + b"\n  " + address[30:50].encode() + b"  \r\n" + address[50:-1].encode() + b"zz\x7f\x7f" + address[-1:].encode() + b"\n")
    assert person.finish()[0] == 0 and len(one.asked("code")) == 1


def test_an_address_longer_than_a_line_of_a_terminal_can_be_pasted(mysend, provider, relay):
    one = provider()
    person = Person(mysend, one, relay(TAKES, who=one.who), only=BROWSER)
    address = one.browse(person.url(), follow=False).location
    person.type(address.encode() + b"&session_state=")
    for _ in range(5):
        person.type(b"x" * 1000)
    person.type(b"\n")
    assert person.finish()[0] == 0


def test_only_the_query_is_enough(mysend, provider, relay):
    one = provider()
    person = Person(mysend, one, relay(TAKES, who=one.who), only=BROWSER)
    person.type(urllib.parse.urlsplit(one.browse(person.url(), follow=False).location).query.encode() + b"\n")
    assert person.finish()[0] == 0


@pytest.mark.parametrize("way", ["browser", "pasted"])
def test_a_login_that_is_declined_in_the_browser_says_so(mysend, provider, relay, way):
    one = provider()
    person = Person(mysend, one, relay(TAKES, who=one.who), only=BROWSER)
    page = one.browse(person.url(), follow=way == "browser", no="access_denied")
    if way == "browser":
        assert "The provider has refused the login." in page.body
    else:
        person.type(page.location.encode() + b"\n")
    status, shown = person.finish()
    assert status == 77 and "mysend: token from 127.0.0.1: access_denied\n" in shown and "declined" in shown and not kept(mysend), shown


def test_the_answer_to_another_login_is_ignored(mysend, provider, relay):
    one = provider()
    person = Person(mysend, one, relay(TAKES, who=one.who), only=BROWSER)
    url = person.url()
    address = one.browse(url, follow=False).location
    query = urllib.parse.parse_qs(urllib.parse.urlsplit(address).query)
    wrong = visit(address.replace("state=", "state=x"))
    assert wrong.status == 400 and "another login" in wrong.body and query["code"][0] not in wrong.body
    assert visit(address.split("?")[0].rstrip("/") + "/favicon.ico").status == 404
    person.wait_for(b"The browser has brought the answer to another login than this one: it is ignored.")
    assert visit(address).status == 200
    assert person.finish()[0] == 0


def test_nobody_is_waited_for_longer_than_five_minutes(mysend, provider, relay, clock):
    one = provider()
    status, shown = Person(mysend, one, relay(TAKES, who=one.who), only=BROWSER, env=clock(300)).finish()
    assert status == 75 and "nobody has logged in within 5 minutes" in shown and "hint: mysend --login again" in shown and not kept(mysend), shown


# --- the end of it -------------------------------------------------------------------------------

def test_a_user_of_this_host_who_sends_answers_without_end_neither_fills_the_terminal_nor_gets_in(mysend, provider, relay):
    """Anybody on the host can connect to the port: whose state is wrong is told once, and who says nothing gives way to the browser."""
    one = provider()
    person = Person(mysend, one, relay(TAKES, who=one.who), only=BROWSER)
    url = person.url()
    port = int(urllib.parse.unquote(url).split("redirect_uri=http://127.0.0.1:")[1].split("&")[0])
    silent = [socket.create_connection(("127.0.0.1", port)) for _ in range(20)]
    for number in range(300):
        with socket.create_connection(("127.0.0.1", port)) as other:
            other.sendall(b"GET /?code=of-mine&state=wrong%d HTTP/1.1\r\n\r\n" % number)
            assert other.recv(100).startswith(b"HTTP/1.1 400 ")
    assert one.browse(url).status == 200
    status, shown = person.finish()
    assert status == 0 and shown.count("another login than this one") == 1, shown
    assert len(one.asked("code")) == 1
    for other in silent:
        other.close()


@pytest.mark.parametrize("only", [BROWSER, BROWSER + ("device",)], ids=["browser", "device"])
@pytest.mark.parametrize("how", ["ctrl-c", "ctrl-d", "term", "hang-up"])
def test_who_ends_it_leaves_all_as_it_was(mysend, provider, relay, only, how):
    one = provider()
    there = relay(TAKES, who=one.who)
    person = Person(mysend, one, there, only=only)
    person.wait_for(b"Account default")
    person.wait_for(b"> " if only is BROWSER else b"left;")
    if how == "ctrl-d":
        person.type(b"\x04")
        status, shown = person.finish()
        assert status == 75 and "the login was ended; all is as it was before" in shown, shown
    else:
        number = {"ctrl-c": signal.SIGINT, "term": signal.SIGTERM, "hang-up": signal.SIGHUP}[how]
        person.run.process.send_signal(number)
        assert person.killed() == number
    assert not kept(mysend) and not there.sessions


def controlling():
    """Standard input becomes the terminal that Ctrl-C and a hang-up come from."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


@pytest.mark.parametrize("only", [BROWSER, BROWSER + ("device",)], ids=["browser", "device"])
def test_ctrl_c_is_typed_and_neither_ctrl_z_nor_ctrl_backslash_does_anything(mysend, provider, relay, only):
    one = provider()
    person = Person(mysend, one, relay(TAKES), only=only, before=controlling)
    person.wait_for(b"> " if only is BROWSER else b"left;")
    person.type(b"\x1a\x1c\x03")
    assert person.killed() == signal.SIGINT and not kept(mysend)


@pytest.mark.parametrize("before, ends", [(controlling, -signal.SIGHUP), (None, 75)], ids=["with-a-signal", "without"])
def test_a_terminal_that_hangs_up_ends_it(mysend, provider, relay, before, ends):
    one = provider()
    person = Person(mysend, one, relay(TAKES), only=BROWSER, before=before)
    person.wait_for(b"> ")
    os.close(person.ours)
    person.run.process.communicate(timeout=PATIENCE)
    assert person.run.process.returncode == ends and not kept(mysend)


@pytest.mark.parametrize("stage", ["code", "relay"])
def test_ctrl_c_at_the_last_moment_keeps_nothing(mysend, provider, relay, stage):
    one = provider("code 'hold && ok'" if stage == "code" else "code ok")
    there = relay(TAKES, *(["auth 'hold && ok'"] if stage == "relay" else []))
    person = Person(mysend, one, there, only=BROWSER)
    one.browse(person.url())
    one.wait_for("code")
    if stage == "relay":
        wait_for(lambda: any("AUTH" in text for text in there.commands))
    person.run.process.send_signal(signal.SIGINT)
    assert person.killed() == signal.SIGINT and not kept(mysend)
    there.go()


def test_the_terminal_is_as_before_and_nothing_pasted_is_left_in_it(mysend, provider, relay):
    one = provider()
    ours, theirs = os.openpty()
    before = termios.tcgetattr(theirs)
    run = mysend.start("--login", relay=relay(TAKES, who=one.who), config=one.account("login", only=BROWSER), stdin=theirs, stderr=theirs)
    seen = b""
    while b"> " not in seen:
        seen += os.read(ours, 4096)
    during = termios.tcgetattr(theirs)
    assert not during[3] & (termios.ECHO | termios.ICANON)
    os.write(ours, b"half an address")
    while b"not shown" not in seen:
        seen += os.read(ours, 4096)
    os.write(ours, b" of a page")
    run.process.send_signal(signal.SIGINT)
    run.process.communicate()
    assert run.process.returncode == -signal.SIGINT and termios.tcgetattr(theirs) == before
    os.set_blocking(theirs, False)
    with pytest.raises(BlockingIOError):
        os.read(theirs, 100)
    os.close(ours)
    os.close(theirs)


@pytest.mark.parametrize("stream", ["input", "error"])
def test_without_a_terminal_it_says_why_and_what_to_do(mysend, provider, relay, stream):
    one = provider()
    if stream == "input":
        done = mysend("--login", relay=relay(TAKES), config=one.account("login"))
    else:
        ours, theirs = os.openpty()
        done = mysend("--login", relay=relay(TAKES), config=one.account("login"), stdin=theirs)
        os.close(ours)
        os.close(theirs)
    assert "--login needs somebody at a terminal, and standard %s is none" % stream in done.failed(64)
    assert "run mysend --login in a terminal, over ssh with ssh -t" in done.hints[0] and not one.asked()


def test_a_login_that_would_not_last_is_none(mysend, provider, relay):
    one = provider(QUICK, "login-without-refresh")
    person = Person(mysend, one, relay(TAKES, who=one.who))
    person.wait_for(b"left;")
    one.approve()
    status, shown = person.finish()
    assert status == 77 and "no login that lasts (no refresh_token)" in shown and "offline_access in oauth_scope" in shown and not kept(mysend), shown


REFUSES = ("ehlo auth=xoauth2,oauthbearer", "auth '535 5.7.3 Authentication unsuccessful'")


def log_in(mysend, one, there, **more):
    person = Person(mysend, one, there, **more)
    person.wait_for(b"left;")
    one.approve()
    return person, person.finish()


def test_a_login_that_the_relay_refuses_is_kept_where_there_was_none(mysend, provider, relay):
    one = provider(QUICK)
    person, (status, shown) = log_in(mysend, one, relay(*REFUSES))
    assert status == 77 and "535 5.7.3 Authentication unsuccessful" in shown and "hint: " in shown, shown
    assert person.out.startswith("127.0.0.1 has given a login, which the relay does not take: it is kept, since a permission may be on its way.\nKept in ")
    assert len(kept(mysend)) == 1


def test_a_login_that_works_is_not_given_up_for_one_that_the_relay_refuses(mysend, provider, relay):
    one = provider(QUICK)
    assert log_in(mysend, one, relay(TAKES, who=one.who))[1][0] == 0
    before = kept(mysend)
    person, (status, shown) = log_in(mysend, one, relay(*REFUSES))
    assert status == 77 and "535 5.7.3" in shown and "The one that was there stays; mysend --logout takes it away." in shown, shown
    assert kept(mysend) == before and not person.out


def test_a_login_that_the_provider_has_ended_is_given_up_for_one_that_the_relay_refuses_for_now(mysend, provider, relay):
    one = provider(QUICK)
    before = tokens.logged_in(one)
    one.expire("refresh")
    send(mysend, one, tokens.relay_of(relay, one))     # it waits
    person, (status, shown) = log_in(mysend, one, relay(*REFUSES))
    assert status == 77 and "which the relay does not take: it is kept" in person.out and "stays" not in shown, shown
    assert tokens.read(one)["Refresh"] not in ("", before)


def test_a_relay_that_is_not_reached_says_nothing_against_the_login(mysend, provider, relay):
    one = provider(QUICK)
    gone = relay(TAKES)
    gone.stop()
    person, (status, shown) = log_in(mysend, one, gone)
    assert status == 75 and "127.0.0.1 has given a login; the relay could not be asked whether it takes it.\n" in person.out and len(kept(mysend)) == 1, shown


def test_another_login_replaces_the_one_before(mysend, provider, relay):
    one = provider(QUICK)
    there = relay(TAKES, who=one.who)
    assert log_in(mysend, one, there)[1][0] == 0
    before = kept(mysend)
    assert log_in(mysend, one, there)[1][0] == 0
    assert kept(mysend) != before and list(kept(mysend)) == list(before)


def test_a_login_for_another_configuration_is_replaced_and_that_is_told(mysend, provider, relay):
    one = provider(QUICK)
    there = relay(TAKES)
    assert log_in(mysend, one, there, config="oauth_scope one\n")[1][0] == 0
    person, (status, shown) = log_in(mysend, one, there, config="oauth_scope two\n")
    assert status == 0 and " in place of a login that was for another oauth_scope; renewed" in person.out, (person.out, shown)


def test_an_account_with_oauth_client_needs_nobody_and_is_tried(mysend, provider, relay):
    one = provider()
    done = mysend("--login", relay=relay(TAKES, who=one.who), config=one.account("client"))
    assert done.status == 0 and "Account default has oauth client: nobody has to log in. 127.0.0.1 gives it a token, and the relay takes it: 235 " in done.out, done
    done = mysend("--login", relay=relay(*REFUSES), config=one.account("client"))
    assert "535 5.7.3" in done.failed(77)


def test_an_account_without_oauth_has_nothing_to_log_in_to(with_oauth, mysend, relay):
    for option in ("--login", "--logout"):
        done = mysend(option, relay=relay(), config="user me\npassword x\n")
        assert "account default logs in by no token: oauth is off" in done.failed(78) and "oauth login" in done.hints[0]


def test_without_a_url_nobody_can_log_in(mysend, provider, relay):
    one = provider()
    assert "nothing says where somebody can log in" in mysend("--login", relay=relay(TAKES), config=one.account("login", only=("token",))).failed(78)


@pytest.mark.parametrize("args", [("bob@example.org",), ("-t",), ("--dry-run",)])
def test_it_takes_no_recipients(mysend, args):
    assert "--login and --logout take nothing but" in mysend("--login", *args, config="").failed(64)


def test_verbose_shows_the_exchange_without_its_secrets(mysend, provider, relay):
    one = provider(QUICK)
    status, shown = log_in_verbose(mysend, one, relay(TAKES, who=one.who))
    assert status == 0 and ">>> POST " in shown and "<<< 235 " in shown, shown


def log_in_verbose(mysend, one, there):
    person = Person(mysend, one, there, "-v")
    person.wait_for(b"left;")
    one.approve()
    return person.finish()


@pytest.mark.parametrize("term", ["dumb", None])
def test_a_terminal_that_cannot_draw_gets_lines(mysend, provider, relay, term):
    one = provider(QUICK)
    person = Person(mysend, one, relay(TAKES, who=one.who), env={"TERM": term})
    one.wait_for("poll", 2)
    one.approve()
    status, shown = person.finish()
    assert status == 0 and "\x1b" not in shown and "minutes left; Ctrl-C ends it, and nothing is changed\nThe provider has given a login" in shown and shown.count("left;") == 1, shown


@pytest.mark.skipif(os.geteuid() != 0, reason="only root is somebody else's root")
def test_root_is_told_to_log_in_as_the_user_whose_folder_it_is(mysend, provider, relay):
    one = provider()
    folder = os.path.join(mysend.tmp, "oauth")
    os.mkdir(folder, 0o700)
    os.chown(folder, 1, 1)
    status, shown = Person(mysend, one, relay(TAKES)).finish()
    assert status == 78 and "belongs to somebody else" in shown and "hint: who sends mail by a login keeps it, too: sudo -u daemon mysend --login" in shown, shown
    assert not one.asked()
