"""Fixtures: one host with systemd as process 1 (host), and a relay or a provider of tokens on its loopback (relay, provider)."""
import os
import sys

import pytest

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "relay"))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "oauth"))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "cli"))

import program  # noqa: E402
from host import Host  # noqa: E402
from provider import Provider  # noqa: E402
from relay import Relay  # noqa: E402


@pytest.fixture(scope="session")
def host():
    path = program.find()
    if path is None:
        pytest.fail("no mysend to test: build it, or set MYSEND to its path")
    one = Host(os.path.dirname(os.path.abspath(path)))
    yield one
    one.stop()


def servers(host, kind):
    running = []

    def make(*parts, **more):
        running.append(host.server(kind, *parts, **more))
        return running[-1]
    yield make
    for one in running:
        one.stop()
    bad = [text for one in running for text in one.violations]
    assert not bad, "the server saw: " + "; ".join(bad)


@pytest.fixture
def relay(host):
    yield from servers(host, Relay)


@pytest.fixture
def provider(host):
    yield from servers(host, Provider)
