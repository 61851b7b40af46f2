"""Mail is held, released and removed by its name."""
import pytest

from given import WHOLE as TEXT


def test_held_mail_waits_until_it_is_released(spool, relay):
    spool.run("-odq", "bob@example.org", stdin=TEXT).ok()
    name = spool.names()[0]
    spool.run("--queue-hold", name).ok()
    there = relay()
    spool.run("--queue-flush", relay=there).ok()
    assert not there.sessions and "(held)" in spool.run("-bp").out
    spool.run("--queue-release", name[:24]).ok()
    spool.run("-q", relay=there).ok()
    assert there.message


def test_mail_is_removed_by_name(spool):
    for _ in range(2):
        spool.run("-odq", "bob@example.org", stdin=TEXT).ok()
    one, two = spool.names()
    spool.run("--queue-remove=" + one).ok()
    assert spool.names() == [two]
    assert "there is no mail" in spool.run("--queue-remove", one).failed(65)


def test_beginning_of_two_names_is_no_name(spool):
    for _ in range(2):
        spool.run("-odq", "bob@example.org", stdin=TEXT).ok()
    assert "more than one" in spool.run("--queue-remove", spool.names()[0][:5]).failed(64)
    assert len(spool.names()) == 2


@pytest.mark.parametrize("option", ["--queue-hold", "--queue-release", "--queue-remove"])
def test_whole_name_is_that_mail_and_not_its_bounce(spool, relay, option):
    spool.run("-odq", "bad@example.org", "slow@example.org", stdin=TEXT).ok()
    name = spool.names()[0]
    spool.run("-q", relay=relay("ehlo pipelining 8bitmime", "rcpt-to bad@example.org 550", "rcpt-to slow@example.org 450"))
    assert spool.names() == [name, name + ".b1"]
    assert "more than one" in spool.run(option, name[:20]).failed(64)
    spool.run(option, name).ok()
    assert spool.names() == ([name, name + ".b1"] if option != "--queue-remove" else [name + ".b1"])
    assert ("(held)" in spool.run("-bp").out) == (option == "--queue-hold")


def test_several_are_held_released_and_removed_at_once(spool):
    for _ in range(4):
        spool.run("-odq", "bob@example.org", stdin=TEXT).ok()
    one, two, three, four = spool.names()
    spool.run("--queue-hold", one, two, "--queue-hold", three).ok()
    assert spool.run("-bp").out.count("(held)") == 3
    spool.run("--queue-release", two, three).ok()
    assert spool.run("-bp").out.count("(held)") == 1
    done = spool.run("--queue-remove", one, "nosuch", four[:5], two)
    assert done.status == 65 and "there is no mail nosuch" in done.errors[0] and "more than one" in done.errors[1] and len(done.errors) == 2, done
    assert spool.names() == [three, four]
    assert spool.run("--queue-hold", three, "--queue-remove", four).status == 64 and spool.names() == [three, four]
    assert spool.run("--queue-remove").status == 64
