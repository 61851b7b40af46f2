"""Fixtures: the program (mysend), scripted relays (relay) and providers of tokens (provider), certificates (certs), real servers (postfix, dovecot)."""
import os
import shutil
import signal
import subprocess
import sys
import tempfile

import pytest

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "relay"))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "oauth"))

import certs as certificates  # noqa: E402
import leaks  # noqa: E402
import oidc as foreign  # noqa: E402
import program  # noqa: E402
import servers  # noqa: E402
from composed import make  # noqa: E402,F401
from namespaces import mounts, syslog  # noqa: E402,F401
from preload import libcurl_with, libraries, library  # noqa: E402,F401
from provider import Provider  # noqa: E402
from relay import Relay  # noqa: E402
from spools import Spool  # noqa: E402

# Who calls in the background, as a shell's & or nohup does, has these ignored, and mysend would leave them so, though a test sends one.
for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGTERM):
    if signal.getsignal(number) == signal.SIG_IGN:
        signal.signal(number, lambda *_: None)


@pytest.fixture(scope="session")
def binary():
    path = program.find()
    if path is None:
        pytest.fail("no mysend to test: build it, or set MYSEND to its path")
    return path


@pytest.fixture
def relays():
    """The relays of this test; the program's runner waits for their connections to end."""
    return []


@pytest.fixture
def mysend(binary, tmp_path, relays):
    return program.Program(binary, tmp_path, relays)


@pytest.fixture(scope="session")
def certs(tmp_path_factory):
    """Directory of the certificates, made once for all workers."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl (the command) is missing")
    base = tmp_path_factory.getbasetemp()
    if os.environ.get("PYTEST_XDIST_WORKER"):
        base = base.parent
    return certificates.make(str(base / "certs"))


@pytest.fixture
def relay(relays, request, tmp_path):
    """relay(part, ...) -> a running Relay. A protocol violation by the client fails the test at its end."""
    def make(*parts, lax=False, host="127.0.0.1", who=None):
        needs_tls = any("tls" in (part if isinstance(part, str) else " ".join(part)) for part in parts)
        where = request.getfixturevalue("certs") if needs_tls else None
        one = Relay(*parts, *(["lax"] if lax else []), certs_dir=where, host=host, who=who)
        relays.append(one)
        return one
    yield make
    for one in relays:
        one.stop()
    bad = [text for one in relays if not one.script.lax for text in one.violations]
    assert not bad, "the relay saw: " + "; ".join(bad)


@pytest.fixture(scope="session")
def has_oauth(binary):
    return "without oauth" not in subprocess.run([binary, "--version"], capture_output=True, text=True, check=False).stdout


@pytest.fixture
def with_oauth(has_oauth):
    """For tests of tokens, which a program built without them cannot fetch."""
    if not has_oauth:
        pytest.skip("this mysend is built without oauth")


@pytest.fixture
def provider(with_oauth, mysend, request, tmp_path):
    """provider(part, ...) -> a running Provider of tokens, whose state is kept in tmp_path/oauth. A violation by the client fails the test at
    its end, and so does a token or secret that stands in what mysend said, in its spool, or in any file but the state and the test's own."""
    made = []

    def make(*parts, **more):
        needs_tls = any((part if isinstance(part, str) else part[0]).split()[:1] == ["tls"] for part in parts)
        one = Provider(*parts, certs_dir=request.getfixturevalue("certs") if needs_tls else None, state=str(tmp_path / "oauth"), **more)
        made.append(one)
        return one
    yield make
    for one in made:
        one.stop()
    bad = [text for one in made if not one.script.lax for text in one.violations]
    assert not bad, "the provider saw: " + "; ".join(bad)
    leaks.look([secret for one in made for secret in one.secrets], mysend, str(tmp_path))


@pytest.fixture
def oidc(with_oauth):
    """oidc(seconds that a token is good) -> a running node-oidc-provider; or the test is skipped."""
    running = []

    def make(lasts=3600):
        try:
            running.append(foreign.Oidc(lasts))
        except foreign.OidcMissing as missing:
            pytest.skip(str(missing))
        return running[-1]
    yield make
    for one in running:
        one.stop()


@pytest.fixture
def open_folder():
    """A folder that every user may read."""
    path = tempfile.mkdtemp(prefix="ms.", dir="/tmp")
    os.chmod(path, 0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def unix_path():
    """A path short enough for a Unix socket."""
    where = tempfile.mkdtemp(prefix="ms.", dir="/tmp")
    yield os.path.join(where, "s")
    shutil.rmtree(where, ignore_errors=True)


@pytest.fixture
def proxy():
    """proxy("socks5" | "http") -> a running proxy; .requests holds what it was asked for."""
    running = []

    def make(kind, ways=None):
        running.append(servers.Proxy(kind, ways))
        return running[-1]
    yield make
    for one in running:
        one.stop()


@pytest.fixture
def pop3():
    """pop3(user, password) -> a tiny POP3 server; .logins holds who came."""
    running = []

    def make(user="joe", password="secret", **more):
        running.append(servers.Pop3(user, password, **more))
        return running[-1]
    yield make
    for one in running:
        one.stop()


@pytest.fixture(scope="module")
def postfix(certs):
    """A real Postfix on loopback; .port(chunking=True) etc., .mail(user) -> the message as delivered."""
    one = servers.Postfix(certs)
    yield one
    one.stop()


@pytest.fixture(scope="module")
def dovecot():
    """A real Dovecot's POP3 on loopback; .port, .logins()."""
    one = servers.Dovecot()
    yield one
    one.stop()


@pytest.fixture
def submission():
    """submission(provider, relay) -> a real Dovecot that takes mail of who has a token of the provider, and passes it on to the relay."""
    running = []

    def make(provider, relay):
        running.append(servers.Submission(provider, relay))
        return running[-1]
    yield make
    for one in running:
        one.stop()


@pytest.fixture
def spool(mysend, tmp_path):
    return Spool(mysend, tmp_path / "state" / "spool")
