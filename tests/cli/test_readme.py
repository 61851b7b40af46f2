"""README.md: every command in it is run here, in its order, on a host of the test's own; what cannot be is named, with who runs it.

A block of commands has a comment in front of it (no reader sees it) that says what is done with it:

    @run                root's shell runs it
    @type TEXT          the same, and TEXT is typed
    @user, @user-types  a new user's shell does
    @crontab USER       cron runs it as that user
    @here FILE ...      it is run by the checks of that file, which has to be there: make, packages
    @service            the service is there from here on
    @shared             it takes the place of the service: run on a host of its own, which has got as far as the service's section
    @probe              root's shell runs it, on both hosts
    @many               there are tables and mailboxes to run it on
"""
import os
import re

import pytest

from hosts import host_of
from service_of import ServiceOf
from waiting import wait_for

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


class Block:
    def __init__(self, what, argument, text):
        self.what, self.argument, self.text = what, argument, text

    @property
    def lines(self):
        return [re.sub(r"\s{2,}#.*", "", line) for line in self.text.splitlines()]


def blocks():
    found, told, inside = [], None, None
    with open(os.path.join(TOP, "README.md"), encoding="utf-8") as page:
        for number, line in enumerate(page, 1):
            mark = re.fullmatch(r"<!-- @([a-z-]+) ?(.*?) -->\n", line)
            if line.startswith("    "):
                if inside is None:
                    assert told, "README.md:%d: no comment says what is to be done with this" % number
                    inside = []
                inside.append(line[4:])
                continue
            if inside is not None:
                found.append(Block(told[0], told[1], "".join(inside)))
                inside = told = None
            if mark:
                assert not told, "README.md:%d: the comment before has no block" % number
                told = mark.groups()
    return found


@pytest.fixture
def host(mysend, relay, certs, tmp_path):
    one = host_of(mysend, relay, certs, tmp_path)
    yield one
    one.stop()


def prepare(host):
    """systemctl of a host whose systemd is not run here: it knows the units that make install-units installs, and no other."""
    units = " ".join(name[:-3] if name.endswith(".in") else name for name in os.listdir(os.path.join(TOP, "contrib", "systemd")))
    host.put("/usr/bin/systemctl", '#!/bin/sh\n[ "$*" != daemon-reload ] || exit 0\n[ "$1 $2" = "enable --now" ] || exit 3\nshift 2\nfor unit; do case " %s " in *" $unit "*) ;; *) exit 5 ;; esac; done\n' % units, 0o755)
    with open(os.path.join(TOP, "contrib", "systemd", "10-mysend-failure.conf"), "rb") as example:
        host.put("/usr/share/doc/mysend/examples/10-mysend-failure.conf", example.read())
    host.put("/root/people.csv", "name,email\nAnn,ann@example.org\nBob,bob@example.org\n")
    host.put("/root/letter.eml", "To: {{name}} <{{email}}>\nSubject: x\n\nDear {{name}}\n")
    host.put("/root/letters.mbox", "From a@example.org Mon Jan  1 00:00:00 2024\nFrom: me@example.com\nTo: carl@example.org\nSubject: x\n\ntext\n")
    host.as_root("useradd -M -d /home/new new && install -d -o new -g new /home/new")


def run(host, block):
    text, home = block.text, {"root": "/root", "www-data": "/var/www"}
    if block.what in ("run", "probe", "many"):
        done = host.as_root("cd /root && set -e; " + text)
    elif block.what == "type":
        done = host.as_root("cd /root; " + text, typed=block.argument + "\n")
    elif block.what in ("user", "user-types"):
        done = host.as_user("new", "cd && set -e; " + text, home="/home/new", typed=block.argument + "\n")
    elif block.what == "crontab":
        for line in block.lines:
            host.by_cron(block.argument, line, home[block.argument])
        return None
    elif block.what == "here":
        for path in block.argument.split():
            assert os.path.exists(os.path.join(TOP, path)), path
        return None
    else:
        raise AssertionError("@%s means nothing" % block.what)
    return done


def recipients(host):
    host.relay.settle()
    return [recipient for mail in host.relay.messages for recipient in mail.recipients]


def test_every_block_says_what_is_done_with_it_and_all_links_lead_somewhere():
    assert len(blocks()) > 20
    with open(os.path.join(TOP, "README.md"), encoding="utf-8") as page:
        text = page.read()
    for link in re.findall(r"\]\(([^)#]+)\)", text):
        assert os.path.exists(os.path.join(TOP, link)), link
    titles = {re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-") for title in re.findall(r"^#+ (.*)$", text, re.M)}
    assert set(re.findall(r"\]\(#([^)]+)\)", text)) <= titles


def test_targets_and_programs_of_other_blocks_are_there():
    with open(os.path.join(TOP, "Makefile.am"), encoding="utf-8") as text:
        targets = set(re.findall(r"^([a-z-]+):", text.read(), re.M)) | {"install", "uninstall"}
    for block in blocks():
        for line in block.lines if block.what == "here" else []:
            for command in line.split("&&"):
                words = command.split()
                if words[0] == "make":
                    assert set(words[1:]) <= targets, line
                if words[0].startswith("contrib/"):
                    assert os.access(os.path.join(TOP, words[0]), os.X_OK), line


def test_readme_with_the_service(host):
    """From nothing to www-data, whom the service sends for."""
    prepare(host)
    service, configured = None, False
    for block in blocks():
        if "--configure" in block.text and block.what == "run":
            configured = True
        if block.what == "shared" or (block.what == "crontab" and block.argument == "www-data"):
            continue
        if block.what == "service":
            assert host.as_root(block.text).stdout == ""
            service = ServiceOf(host)
        elif configured or block.what == "here":        # those at the top show what it is for
            run(host, block)
    assert service is not None
    host.as_user("www-data", "echo hello | sendmail root", home="/var/www")
    service.stop()
    got = recipients(host)
    assert got.count("me@example.com") == 3 and {"ann@example.org", "bob@example.org", "carl@example.org"} <= set(got), got
    assert host.there("/etc/mysend-service.password") and not host.there("/etc/mysend.password")


def test_readme_without_systemd(host):
    """The other way for www-data; and what stands at the top of the page, once there is a configuration."""
    prepare(host)
    beyond, first = False, []
    for block in blocks():
        if block.what == "service":
            break
        if "--configure" in block.text:
            beyond = True
        if not beyond and block.what == "run":
            first.append(block)
        elif "mysend-service" in block.text or "/run/mysend/socket" in block.text:
            continue
        elif beyond:
            run(host, block)
    for block in blocks():
        if block.what in ("shared", "probe"):
            host.as_root(block.text)
    for block in first:
        run(host, block)
    host.as_user("www-data", "echo hello | sendmail -oi root", home="/var/www")
    host.as_user("www-data", "echo hello | sendmail -odq root", home="/var/www")
    assert len(recipients(host)) == 4
    for block in blocks():
        if block.what == "crontab" and block.argument == "www-data":
            run(host, block)
    wait_for(lambda: len(recipients(host)) == 5, "the mail that waited")
