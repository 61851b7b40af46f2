"""Who a batch's mail is from, in the envelope."""
import pytest

TEMPLATE = b"From: Shop <shop@example.com>\nTo: {{email}}\nSubject: x\n\nbody\n"
MAIL = TEMPLATE.replace(b"{{email}}", b"ann@example.org")


@pytest.fixture
def senders(mysend, relay):
    """The senders of the mails that went, for such a configuration and options."""
    def run(*args, config=""):
        there = relay("ehlo pipelining")
        conf = mysend.file(("account default\n" + mysend.where(there) + config).encode())
        result = mysend("-C", conf, *args)
        assert result.status == 0, result
        return [mail.sender for mail in there.messages]
    return run


@pytest.mark.parametrize("config, options, sender", [
    ("", [], "shop@example.com"),
    ("from list@example.net\n", [], "list@example.net"),
    ("from %F\n", [], "shop@example.com"),
    ("", ["-f", "bounces@example.net"], "bounces@example.net"),
    ("", ["-f", ""], ""),
    ("force_from one@example.net\n", [], "one@example.net"),
])
@pytest.mark.parametrize("kind", ["table", "mailbox"])
def test_without_f_and_from_the_author_gets_the_bounces(mysend, senders, kind, config, options, sender):
    if kind == "table":
        what = ["--merge", mysend.file("email\nann@example.org\n"), "--template", mysend.file(TEMPLATE)]
    else:
        what = ["--batch", mysend.file(b"From ann Mon Sep 17 00:00:00 2001\n" + MAIL)]
    assert senders(*options, *what, config=config) == [sender]
