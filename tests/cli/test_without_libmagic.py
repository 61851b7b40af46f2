"""Configured --without-libmagic: what a file is, say the option and its octets."""
import email
import email.policy

import pytest


@pytest.fixture(autouse=True)
def built_without(mysend):
    if "without libmagic" not in mysend("--version").out:
        pytest.skip("this mysend is built with libmagic")


@pytest.mark.parametrize("octets, option, wanted, charset", [
    (b"plain\n", "", "text/plain", "us-ascii"),
    ("Grüße\n".encode(), "", "text/plain", "utf-8"),
    ("Grüße\n".encode("latin-1"), "", "application/octet-stream", None),
    (b"\x89PNG\r\n\x1a\n\0\0", "", "application/octet-stream", None),
    (b"\x89PNG\r\n\x1a\n\0\0", ";type=image/png", "image/png", None),
    (b"", "", "application/octet-stream", None),
    ("Grüße\n".encode("utf-16"), "", "application/octet-stream", None),
    ("Grüße\n".encode("utf-16"), ";type=text/plain", "text/plain", "utf-8"),
])
def test_a_file_is_what_its_octets_or_the_option_say(mysend, relay, tmp_path, octets, option, wanted, charset):
    path = tmp_path / "a.bin"
    path.write_bytes(octets)
    there = relay()
    done = mysend("--attach", str(path) + option, "bob@example.org", stdin=b"Subject: x\n\nx\n", relay=there)
    assert done.status == 0 and done.err == "", done
    (part,) = email.message_from_bytes(there.messages[0].body, policy=email.policy.default).iter_attachments()
    assert part.get_content_type() == wanted and part.get_content_charset() == charset
    if charset != "utf-8":
        assert part.get_payload(decode=True).replace(b"\r\n", b"\n") == octets.replace(b"\r\n", b"\n")


def test_a_text_in_eight_bits_that_nobody_names_is_text_of_an_unknown_charset(mysend, relay):
    there = relay("ehlo 8bitmime")
    done = mysend("bob@example.org", stdin="Subject: x\n\nGrüße\n".encode("latin-1"), relay=there)
    assert done.status == 0 and done.err == "", done
    assert "unknown-8bit" in email.message_from_bytes(there.messages[0].body)["Content-Type"]


def test_show_config_says_so(mysend):
    assert "\n# libmagic not at all: this mysend is built without it\n" in mysend("--show-config", config="host x\n").out
