"""--batch and --merge, run and run again: who gets what once more, and who does not; passes, doubt, accounts, shards, limits of a relay."""
import collections
import csv
import os
import re

import pytest

from waiting import PATIENCE, wait_for

FAST = "ehlo pipelining chunking"
TEMPLATE = "From: me@example.net\nTo: {{name}} <{{email}}>\nSubject: hi\n\nDear {{name}},\nthis is yours.\n"
NAMES = ["ann", "bob", "cid", "dan", "eve"]


def table(names):
    return "name,email\n" + "".join("%s,%s@example.org\n" % (name, name) for name in names)


def letters(*to, sender="me@example.net"):
    """An mbox file: a mail for each, or for several with commas between them."""
    return "".join("From me@example.net Mon Nov 23 10:00:00 2026\nFrom: %s\nTo: %s\nSubject: x\nMessage-ID: <%s.%s>\n\nbody\n\n"
                   % (sender, ", ".join(one + "@example.org" for one in names.split(",")), names, sender) for names in to)


class Run:
    """A table with its template, or a file of mails; .run() is the same command each time, unless it is said otherwise."""

    def __init__(self, mysend, folder):
        self.mysend, self.folder, self.input = mysend, folder, None

    def write(self, name, text):
        with open(os.path.join(self.folder, name), "w", encoding="utf-8") as out:
            out.write(text)
        return os.path.join(self.folder, name)

    def merge(self, names):
        self.write("letter.eml", TEMPLATE)
        self.input = self.write("people.csv", table(names))
        return self

    def mails(self, text):
        self.input = self.write("letters.mbox", text)
        return self

    def run(self, relay, *args, more="", retries="0", config=None):
        what = ("--merge", self.input, "--template", os.path.join(self.folder, "letter.eml")) if self.input.endswith(".csv") else ("--batch", self.input)
        where = {"config": config} if config else {"relay": relay, "config": "sessions 1\nqueue off\naliases off\n" + more}
        return self.mysend(*what, "--yes", "--retries", retries, *args, **where)

    def ledger(self, name=None):
        """Recipient (of example.org) -> the signs of his lines, in their order."""
        signs = collections.defaultdict(str)
        with open(name or self.input + ".ledger", encoding="utf-8") as lines:
            for line in lines:
                cells = line.split("\t")
                if not line.startswith("mysend-ledger"):
                    signs[cells[3].rstrip("\n").replace("@example.org", "")] += cells[0]
        return dict(signs)

    def failed(self):
        with open(self.input + ".failed.csv", encoding="utf-8", newline="") as rows:
            return list(csv.DictReader(rows))


@pytest.fixture
def batch(mysend, tmp_path):
    return Run(mysend, str(tmp_path))


def got(relay):
    """Who has a mail, as often as he has it."""
    return sorted(to.replace("@example.org", "") for mail in relay.messages for to in mail.recipients)


def asked(relay):
    """Each RCPT's recipient, in their order."""
    return [to.replace("@example.org", "") for mail in relay.transactions for to, _, _ in mail.rcpts]


# --- the same command again -------------------------------------------------------------------------------

def test_all_is_done_the_second_time(batch, relay):
    there = relay(FAST)
    batch.merge(NAMES)
    assert batch.run(there).status == 0
    assert got(there) == NAMES and set(batch.ledger().values()) == {">+"}
    assert batch.run(there).status == 0
    assert got(there) == NAMES and len(there.sessions) == 1


def test_rows_may_move_come_and_go_between_runs(batch, relay):
    there = relay(FAST)
    batch.merge(NAMES[:3])
    assert batch.run(there, "--limit", "2").status == 75
    assert got(there) == ["ann", "bob"]
    batch.merge(["zoe", "cid", "bob"])        # ann is gone, bob moved, zoe is new
    assert batch.run(there).status == 0
    assert got(there) == ["ann", "bob", "cid", "zoe"]


def test_row_with_another_key_counts_as_new_and_one_with_the_same_as_done(batch, relay):
    there = relay(FAST)
    batch.merge(NAMES[:2])
    assert batch.run(there, "--key", "name").status == 0
    batch.write("people.csv", "name,email\nann,ann@example.org\nbobby,bob@example.org\n")
    assert batch.run(there, "--key", "name").status == 0
    assert got(there) == ["ann", "bob", "bob"]
    assert "knows its mails by" in batch.run(there).failed(64)


def test_another_template_is_refused_with_the_ways_out(batch, relay):
    there = relay(FAST)
    batch.merge(NAMES[:2])
    assert batch.run(there, "--limit", "1").status == 75
    batch.write("letter.eml", TEMPLATE.replace("Dear", "Dearest"))
    line = batch.run(there).failed(64)
    assert "--template-changed" in line and "--ledger NEW" in line and got(there) == ["ann"]
    assert batch.run(there, "--template-changed").status == 0
    assert got(there) == ["ann", "bob"]
    assert batch.run(there, "--ledger", os.path.join(batch.folder, "new")).status == 0
    assert got(there) == ["ann", "ann", "bob", "bob"]


def test_refused_rows_are_an_input_of_their_own_and_tried_again_only_when_asked(batch, relay):
    there = relay(FAST, "rcpt-to bob@example.org '550 5.1.1 no such user'")
    batch.merge(NAMES)
    assert batch.run(there).status == 65
    assert [(row["name"], row["mysend_code"], row["mysend_text"], row["mysend_status"]) for row in batch.failed()] == [("bob", "550", "5.1.1 no such user", "refused")]
    batch.run(there)
    assert asked(there).count("bob") == 1
    better = relay(FAST)
    assert batch.run(better, "--retry-failed").status == 0
    assert got(better) == ["bob"] and batch.ledger()["bob"] == ">->+" and not os.path.exists(batch.input + ".failed.csv")
    assert os.path.exists(batch.input + ".failed.csv~")


def test_row_that_makes_no_mail_is_named_and_in_the_file_of_failed_rows(batch, relay):
    there = relay(FAST)
    batch.merge(NAMES[:2])
    batch.write("people.csv", table(NAMES[:2]) + "bad,no address\n")
    done = batch.run(there)
    assert done.status == 65 and "people.csv: line 4" in done.err and got(there) == ["ann", "bob"]
    assert [(row["name"], row["mysend_status"]) for row in batch.failed()] == [("bad", "bad")]


# --- passes -----------------------------------------------------------------------------------------------

def test_only_the_recipient_who_had_a_temporary_failure_is_asked_again(batch, relay):
    there = relay(FAST, "rcpt 250 450 250")
    batch.mails(letters("ann,bob,cid", "dan"))
    assert batch.run(there, retries="1s").status == 0
    assert asked(there) == ["ann", "bob", "cid", "dan", "bob"] and got(there) == ["ann", "bob", "cid", "dan"]
    assert batch.ledger() == {"ann": ">+", "bob": ">~>+", "cid": ">+", "dan": ">+"}
    head = there.messages[-1].body.split(b"\r\n\r\n", 1)[0]
    assert b"ann@example.org, bob@example.org" in head


def test_what_is_not_taken_in_the_end_waits_for_the_next_run(batch, relay):
    there = relay(FAST, "rcpt-to bob@example.org '450 4.2.0 later'")
    batch.merge(NAMES[:3])
    assert batch.run(there, retries="1s,1s").status == 75
    assert asked(there).count("bob") == 3 and batch.ledger()["bob"] == ">~>~>~"
    assert batch.run(relay(FAST)).status == 0


def test_doubtful_mail_comes_last_and_alone_with_the_same_message_id(batch, relay):
    there = relay(FAST, "bdat-last drop 250")
    batch.merge(NAMES)
    assert batch.run(there, more="window 1\n").status == 0
    whole = [mail for mail in there.transactions if mail.complete]
    assert [mail.recipients[0].split("@")[0] for mail in whole] == ["ann", "bob", "cid", "dan", "eve", "ann"]
    ids = [re.search(rb"(?mi)^Message-ID: *(\S+)", mail.body).group(1) for mail in whole]
    assert ids[0] == ids[-1] and len(set(ids)) == 5
    assert batch.ledger()["ann"] == ">?>+"
    last = there.sessions[-1]
    assert len(last.transactions) == 1


def test_doubtful_mail_is_held_where_that_is_asked_for(batch, relay):
    there = relay(FAST, "bdat-last drop 250")
    batch.merge(NAMES)
    for _ in range(2):
        assert batch.run(there, "--unsure", "hold", more="window 1\n").status == 75
        assert got(there) == NAMES[1:] and batch.ledger()["ann"] == ">?"
    assert batch.run(there).status == 0
    assert got(there) == NAMES


def test_each_account_has_a_turn(batch, relay):
    first, second = relay(FAST), relay(FAST)
    text = letters("ann") + letters("bob", sender="you@example.com") + letters("cid")
    batch.mails(text)
    where = [batch.mysend.where(there) for there in (first, second)]
    config = "defaults\nqueue off\naliases off\nsessions 1\naccount one\n%sfrom me@example.net\naccount two\n%sfrom you@example.com\naccount default : one\n" % tuple(where)
    done = batch.run(None, config=config)
    assert done.status == 0, done
    assert got(first) == ["ann", "cid"] and got(second) == ["bob"] and len(first.sessions) == 1


# --- limits -----------------------------------------------------------------------------------------------

def test_limit_of_the_day_stops_the_run_and_refuses_nobody(batch, relay):
    there = relay("ehlo pipelining", "data 354 '550 5.4.5 Daily user sending limit exceeded'")
    batch.merge(NAMES)
    done = batch.run(there, more="window 1\n")
    assert done.status == 75 and "Daily user sending limit" in done.err, done
    assert got(there) == ["ann"] and set(batch.ledger().values()) <= {">+", ">~"}
    assert batch.run(relay(FAST)).status == 0


@pytest.mark.parametrize("answer", ["mail '530 5.7.0 Authentication required'", "rcpt '530 5.7.1 Client was not authenticated'"])
def test_a_relay_that_wants_a_login_first_ends_the_run_and_refuses_nobody(batch, relay, answer):
    batch.merge(NAMES)
    done = batch.run(relay(FAST, answer))
    assert done.status == 77 and "530 5.7" in done.err and "the relay wants a login" in done.err and "refused" not in done.err, done
    assert "-" not in "".join(batch.ledger().values())
    there = relay(FAST)
    assert batch.run(there).status == 0 and got(there) == sorted(NAMES)


@pytest.mark.parametrize("rows, status", [(9, 65), (12, 75)])
def test_ten_refusals_alike_in_a_row_stop_the_run_and_nine_are_refusals(batch, relay, rows, status):
    there = relay(FAST, "mail '550 5.7.1 we do not like you'")
    batch.merge(["n%d" % i for i in range(rows)])
    done = batch.run(there, more="window 1\n")
    assert done.status == status, done
    assert not got(there)
    signs = list(batch.ledger().values())
    if status == 65:
        assert signs == [">~-"] * rows or signs == [">-"] * rows
    else:
        assert "10 mails in a row were refused" in done.err and set(signs) == {">~"}
        assert batch.run(relay(FAST)).status == 0


def test_so_many_mails_in_this_run_and_the_rest_in_the_next(batch, relay):
    there = relay(FAST)
    batch.merge(NAMES)
    for count in (2, 4):
        assert batch.run(there, "--limit", "2").status == 75
        assert len(got(there)) == count
    assert batch.run(there, "--limit", "2").status == 0
    assert got(there) == NAMES


def test_each_row_is_in_one_shard_and_stays_there(batch, relay):
    names = ["n%d" % i for i in range(40)]
    there = relay(FAST)
    batch.merge(names)
    ledgers = []
    for shard in (1, 2, 3):
        assert batch.run(there, "--shard", "%d/3" % shard).status == 0
        ledgers.append(batch.ledger("%s.ledger.%dof3" % (batch.input, shard)))
    assert got(there) == sorted(names) and all(ledgers)
    batch.merge(names[::-1])
    for shard in (1, 2, 3):
        assert batch.run(there, "--shard", "%d/3" % shard).status == 0
    assert len(there.messages) == 40


def test_rest_goes_to_the_spool_and_is_done_for_the_batch(batch, relay, spool):
    there = relay(FAST, "rcpt-to bob@example.org '450 4.2.0 later'")
    batch.merge(NAMES)
    config = spool.config(there, "sessions 1\n")
    assert batch.run(None, "--spool-rest", config=config).status == 0
    assert len(spool.names()) == 1 and batch.ledger()["bob"] == ">~>w"
    assert batch.run(None, "--spool-rest", config=config).status == 0
    assert len(spool.names()) == 1 and asked(there).count("bob") == 1
    spool.run("-qf", relay=relay(FAST))
    assert not spool.names()


def test_where_no_relay_is_there_all_goes_to_the_spool(batch, spool):
    batch.merge(NAMES)
    done = batch.run(None, "--spool-rest", "--patience", "1s", config=spool.config(None))
    assert done.status in (0, 75) and len(spool.names()) == 5 and set(batch.ledger().values()) <= {">w", ">~>w"}, done


def test_only_one_run_has_the_ledger(batch, relay):
    there = relay(FAST, "greet 'hold && ok'")
    batch.merge(NAMES)
    command = ("--merge", batch.input, "--template", os.path.join(batch.folder, "letter.eml"), "--yes")
    first = batch.mysend.start(*command, relay=there, config="queue off\n")
    wait_for(lambda: there.sessions)
    second = batch.mysend.start(*command, relay=there, config="queue off\n")
    said = second.process.communicate(timeout=PATIENCE)[1]
    assert second.process.returncode == 75 and b"another run" in said
    there.go()
    first.process.communicate(timeout=PATIENCE)
    assert first.process.returncode == 0 and got(there) == NAMES
