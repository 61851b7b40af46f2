"""Messages made of options, as --dry-run prints them and Python's email package reads them."""
import email
import email.policy

import pytest

from given import BASE


@pytest.fixture
def make(mysend):
    """make(args..., stdin=): the message that --dry-run prints, read by Python's email package without a defect. It is the
    form that any relay takes, in 7 bits; that for relays with 8BITMIME is read too, and must say the same."""
    def form(*args, stdin=b"", to=("bob@example.org",), config="", **more):
        result = mysend("--dry-run", *args, *to, stdin=stdin, config=BASE + config, **more)
        assert result.status == 0 and result.err == "", result
        parsed = email.message_from_bytes(result.message, policy=email.policy.default)
        for part in parsed.walk():
            assert not part.defects, (part.defects, result.message[:3000])
        assert not [line for line in result.message.split(b"\r\n") if len(line) > 998 or b"\n" in line or b"\r" in line]
        parsed.result = result
        return parsed

    def run(*args, once=False, **more):
        parsed = form("-B7BIT", *args, **more)
        assert parsed.result.message.isascii(), "nothing of eight bits is needed"
        if not once:
            eight = form(*args, **more)
            assert leaves(eight) == leaves(parsed)
            assert "base64" not in [part["Content-Transfer-Encoding"] for part in eight.walk() if is_short_text(part)]
            for part in eight.walk():
                if part.is_multipart() and part.get_content_maintype() == "multipart":
                    within = [one["Content-Transfer-Encoding"] for one in part.walk() if not one.is_multipart()]
                    assert (part["Content-Transfer-Encoding"] or "7bit") == ("8bit" if "8bit" in within else "7bit"), eight.result.message[:3000]
        return parsed
    return run


def leaves(mail):
    return [(part.get_content_type(), part.get_content_charset(), part.get_filename(), part.get_payload(decode=True)) for part in mail.walk() if not part.is_multipart()]


def is_short_text(part):
    text = part.get_payload(decode=True) if part.get_content_maintype() == "text" and not part.get_content_disposition() else None
    return text is not None and max(map(len, text.split(b"\r\n"))) <= 998


def tree(part):
    if part.is_multipart():
        return [part.get_content_subtype()] + [tree(one) for one in part.iter_parts()]
    return part.get_content_type()


def read(part):
    return part.get_content().replace("\r\n", "\n")


def file(mysend, name, data):
    return mysend.file(data, name=name)
