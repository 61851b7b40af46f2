"""Relays, disks and people in the way of a run over many mails: every row ends accepted, refused, or named.

BATCH_ROWS=10000 has so many rows go through the worst of these relays, at 200 a second."""
import os
import re
import signal

import pytest

from ledgers import OFFERS, Batch, Both, Ledger, addresses, copies, judge, judge_copies, judge_crash, most_named, settings
from waiting import SOON, wait_for

ROWS = int(os.environ.get("BATCH_ROWS", "500"))
FEW = addresses(30)


@pytest.fixture
def batch(mysend, tmp_path):
    """batch(addresses) -> one of that many rows."""
    return lambda to=tuple(FEW), **more: Batch(mysend, tmp_path / "batch", to, **more)


def taken(there):
    return len(there.messages)


def nobody_twice(there):
    return max(copies(there).values(), default=0) <= 1


# --- relays ---------------------------------------------------------------------------------------

@pytest.mark.parametrize("sessions, offers", [(4, "chunking"), (8, "pipelining"), (1, "neither")] if ROWS <= 500 else [(4, "chunking")])
def test_relay_that_loses_lines_greylists_throttles_and_ends_sessions_gets_every_row(batch, relay, sessions, offers):
    there = relay(OFFERS[offers], "lose 5 8000", "greylist 10", "refuse 30", "throttle %d" % (200 if ROWS > 500 else 2000), "mails 25", "lax")
    rows = addresses(ROWS)
    one = batch(rows)
    for _ in range(10):
        done = one.run("--retries", "1s,1s", relay=there, more=settings(sessions, 16))
        now = one.ledger()
        judge_copies(there, now)
        judge_crash(there, now)
        assert done.status in (65, 75), done
        waits, doubt = now.those("~"), now.doubt
        assert set(now.last) | {to for to in rows if to not in now.last} == set(rows)
        # Named: what is told at the end is what stands in the ledger.
        if done.status == 75:
            told = sum(int(number.replace(",", "")) for number in re.findall(r"([\d,]+) (?:wait|in doubt|not begun)", done.err))
            assert told == len(waits) + len(doubt) + len(set(rows) - set(now.last)), done
            continue
        break
    assert done.status == 65 and not waits and not doubt, done
    refused = now.those("-")
    assert refused and refused == {to for to in rows if there.moods.rcpt(to) and there.moods.rcpt(to).startswith("550")}
    assert set(copies(there)) == now.those("+") == set(rows) - refused
    assert {len([mail for mail in one.transactions if mail.accepted]) for one in there.sessions} <= set(range(26))


def test_relay_that_never_answers_leaves_all_of_it_to_the_next_run(batch, relay):
    one = batch()
    done = one.run("--retries", "0", "--patience", "1s", relay=relay("greet hang", "lax"), more="timeout 1\n" + settings(4, 4))
    assert done.status == 75 and "again" in done.err, done
    assert not one.ledger().doubt
    there = relay(OFFERS["chunking"])
    assert one.run(relay=there).status == 0
    judge(there, one, Ledger(b""), 0)


@pytest.mark.parametrize("sessions", [1, 4])
def test_relay_that_answers_no_message_leaves_what_was_under_way_in_doubt(batch, relay, sessions):
    one, silent = batch(), relay(OFFERS["chunking"], "bdat-last 'hang'", "lax")
    done = one.run("--retries", "0", "--patience", "1s", relay=silent, more="timeout 1\n" + settings(sessions, 2))
    doubt = one.ledger().doubt
    assert done.status == 75 and doubt and "%d in doubt" % len(doubt) in done.err, done
    there = relay(OFFERS["chunking"])
    done = one.run("--unsure", "hold", relay=there)
    assert done.status == 75 and "%d in doubt" % len(doubt) in done.err and not set(copies(there)) & doubt, done
    assert one.run(relay=there).status == 0
    judge(Both(silent, there), one, Ledger(b""), 0)


def test_relay_that_dies_for_good_in_the_midst_is_given_up_when_patience_is_over(batch, relay):
    one, there = batch(addresses(200)), relay(OFFERS["pipelining"], "end ok ok ok ok ok 'hold && ok'", "lax")
    run = one.start("--patience", "1s", "--retries", "0", relay=there, more=settings(2, 4))
    wait_for(lambda: taken(there) >= 5)
    there.stop()
    done = run.finish()
    crash = one.ledger()
    judge_crash(there, crash)
    assert done.status == 75 and len(crash.doubt) <= 8 and len(crash.those("+")) < 200, done
    other = relay(OFFERS["pipelining"], "lax")
    assert one.run(relay=other).status == 0
    assert set(copies(there)) | set(copies(other)) == set(one.to) and set(copies(there)) & set(copies(other)) <= crash.doubt


@pytest.mark.parametrize("offers", OFFERS)
def test_recipients_that_are_refused_here_and_there_are_told_and_written_out(batch, relay, offers):
    there = relay(OFFERS[offers], "refuse 5")
    one = batch(addresses(100))
    done = one.run(relay=there, more=settings(4, 8))
    refused = {to for to in one.to if there.moods.rcpt(to)}
    assert done.status == 65 and len(refused) > 5 and "%d refused" % len(refused) in done.err and "people.csv.failed.csv" in done.err, done
    judge(there, one, Ledger(b""), 0, refused=refused)
    failed = one.read("people.csv.failed.csv").decode().splitlines()
    assert failed[0] == "email,name,mysend_code,mysend_text,mysend_status" and {line.split(",")[0] for line in failed[1:]} == refused
    assert all(",550,5.1.1 no such user," in line for line in failed[1:])
    before = taken(there)
    assert one.run(relay=there, more=settings(4, 8)).status == 65 and taken(there) == before


@pytest.mark.parametrize("stage, offers", [("mail", "pipelining"), ("end", "pipelining"), ("bdat-last", "chunking"), ("end", "neither")])
def test_relay_that_refuses_one_mail_like_the_other_stops_the_run_and_they_wait(batch, relay, stage, offers):
    there = relay(OFFERS[offers], stage + " ok ok ok ok ok '554 5.7.1 you are not welcome'")
    one = batch(addresses(100))
    done = one.run(relay=there, more=settings(1, 4))
    now = one.ledger()
    assert done.status == 75 and "you are not welcome" in done.err, done
    assert not now.those("-") and not now.doubt and now.those("+") == set(copies(there))
    other = relay(OFFERS[offers])
    assert one.run(relay=other).status == 0
    assert not set(copies(there)) & set(copies(other)) and set(copies(there)) | set(copies(other)) == set(one.to)


@pytest.mark.parametrize("words", ["550 5.4.5 Daily user sending limit exceeded", "454 4.7.0 Daily message quota exceeded"])
@pytest.mark.parametrize("sessions", [1, 4])
def test_limit_of_the_day_stops_the_run_and_the_rest_waits(batch, relay, sessions, words):
    there = relay(OFFERS["pipelining"], "end " + "ok " * 20 + "'%s'" % words)
    one = batch(addresses(60))
    done = one.run(relay=there, more=settings(sessions, 4))
    now = one.ledger()
    assert done.status == 75 and words.split(" ", 2)[2] in done.err, done
    assert not now.those("-") and not now.doubt and len(now.those("+")) == 20
    other = relay(OFFERS["pipelining"])
    assert one.run(relay=other).status == 0 and taken(other) == 40 and not set(copies(there)) & set(copies(other))


# --- disks and files ------------------------------------------------------------------------------

@pytest.fixture
def small(mysend, mounts, tmp_path):
    """small(options of tmpfs, addresses) -> a batch there."""
    def make(options, to=tuple(FEW)):
        top = str(tmp_path / "small")
        mounts.mount("tmpfs", top, "-o", "mode=755," + options, kind="tmpfs")
        one = Batch(mysend, os.path.join(top, "batch"), to, prefix=mounts.prefix, seen=mounts.seen)
        one.remount = lambda how: mounts.run("mount", "-o", "remount," + how, top)
        return one
    return make


@pytest.mark.parametrize("sessions, offers", [(1, "neither"), (4, "chunking"), (8, "pipelining")])
@pytest.mark.parametrize("pages", [1, 2, 4])
def test_full_disk_for_the_ledger_stops_the_run_and_with_room_it_goes_on(small, relay, sessions, offers, pages):
    rows = addresses(200)
    one, there = small("size=%dk" % (4 * pages + 12), rows), relay(OFFERS[offers], "lax")
    done = one.run(relay=there, more=settings(sessions, 4))
    crash = one.ledger()
    judge_crash(there, crash)
    assert done.status == 75 and "No space left" in done.err and len(copies(there)) < 200, done
    assert one.remount("size=4m").returncode == 0
    done = one.run(relay=there, more=settings(sessions, 4))
    assert done.status == 0, done
    judge(there, one, crash, sessions * 4, most_named(sessions, 4))


def test_folder_that_cannot_be_written_has_nothing_sent(small, relay):
    one, there = small("size=1m"), relay(OFFERS["chunking"])
    assert one.remount("ro").returncode == 0
    assert "Read-only file system" in one.run(relay=there).failed(73) and not there.sessions
    assert one.remount("rw").returncode == 0
    assert one.run("--limit", "5", relay=there).status in (0, 75) and taken(there) == 5
    assert one.remount("ro").returncode == 0
    assert "Read-only file system" in one.run(relay=there).failed(73) and taken(there) == 5
    assert one.remount("rw").returncode == 0
    assert one.run(relay=there).status == 0
    judge(there, one, Ledger(b""), 0)


def test_ledger_of_another_input_is_refused_with_the_way_out(mysend, batch, relay, tmp_path):
    there, other = relay(OFFERS["chunking"]), Batch(mysend, tmp_path / "other", FEW, kind="mbox")
    assert other.run(relay=there).status == 0
    line = batch().run("--ledger", other.ledger_file, relay=there).failed(64)
    assert "letters.mbox" in line and "people.csv" in line and "--ledger" in line and taken(there) == len(FEW)


@pytest.mark.parametrize("damage, words", [
    (lambda line: b"garbage\n", "line 5"), (lambda line: line.replace(b"\t", b" ", 1), "line 5"), (lambda line: b"!" + line[1:], "line 5"),
    (lambda line: b"", None), (lambda line: b"\0" * (len(line) - 1) + b"\n", None)], ids=["garbage", "no tab", "other sign", "gone", "a hole"])
def test_ledger_that_is_damaged_in_the_midst_is_refused_by_its_line(batch, relay, damage, words):
    one, there = batch(), relay(OFFERS["chunking"])
    assert one.run("--limit", "10", relay=there, more=settings(1, 4)).status in (0, 75)
    lines = one.read("people.csv.ledger").splitlines(keepends=True)
    lines[4] = damage(lines[4])
    with open(one.ledger_file, "wb") as out:
        out.writelines(lines)
    done = one.run(relay=there)
    if words:
        assert words in done.failed(65) and taken(there) == 10
    else:
        assert done.status == 0 and set(copies(there)) == set(one.to), done


def test_second_run_with_the_same_ledger_is_refused(batch, relay):
    one, there = batch(), relay(OFFERS["pipelining"], "end 'hold && ok'")
    run = one.start(relay=there, more=settings(1, 4))
    wait_for(lambda: there.transactions and there.transactions[0].complete)
    line = one.start(relay=there).finish(settle=False).failed(75)
    assert "another run" in line and "people.csv.ledger" in line
    there.go()
    assert run.finish().status == 0
    judge(there, one, Ledger(b""), 0)


@pytest.mark.parametrize("how", ["replaced", "written over", "cut", "added to"])
def test_table_that_changes_while_it_is_read_has_no_row_sent_that_never_was(batch, relay, how):
    """Replaced, as editors do, the run has its own; written over, it would read halves of rows: it stops."""
    rows, others = addresses(1200), ["another%d@example.net" % i for i in range(1200)]    # more than are read at a time
    one, there = batch(rows), relay(OFFERS["pipelining"], "end ok ok ok ok ok 'hold && ok'", "sink", "lax")
    run = one.start(relay=there, more=settings(1, 4))
    wait_for(lambda: taken(there) >= 5)
    if how == "replaced":
        one.write("new.csv", one.table(others))
        os.rename(os.path.join(one.folder, "new.csv"), one.input)
    elif how == "cut":
        os.truncate(one.input, os.path.getsize(one.input) // 2 + 5)
    else:
        with open(one.input, "r+" if how == "written over" else "a", encoding="ascii") as out:
            out.write("# a line more\n" + one.table(others) if how == "written over" else "\n".join(others))
    there.go()
    done = run.finish()
    assert nobody_twice(there)
    if how == "replaced":
        assert done.status == 0 and set(copies(there)) == set(rows), done
        return
    assert done.status == 75 and "people.csv" in done.err and "changed the file" in done.err, done
    assert set(copies(there)) < set(rows) and one.ledger().those("+") == set(copies(there))
    one.write("people.csv", one.table(rows))
    assert one.run(relay=there).status == 0
    assert nobody_twice(there) and set(copies(there)) == set(rows)


# --- people ---------------------------------------------------------------------------------------

@pytest.mark.parametrize("told", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("sessions, offers", [(1, "chunking"), (4, "chunking"), (4, "neither")])
def test_run_that_is_told_to_end_has_what_is_under_way_answered(batch, relay, told, sessions, offers):
    stage = "bdat-last" if offers == "chunking" else "end"
    one, there = batch(addresses(100)), relay(OFFERS[offers], stage + " ok ok ok 'hold && ok'", "lax")
    run = one.start(relay=there, more=settings(sessions, 4))
    wait_for(lambda: taken(there) >= 3 and sum(mail.complete for mail in there.transactions) > 3)
    run.process.send_signal(told)
    there.go()
    done = run.finish()
    now = one.ledger()
    assert done.status == 75 and "again" in done.err and not now.doubt, done
    assert "%d of 100 sent" % len(now.those("+")) in done.err, done
    assert now.those("+") == set(copies(there)) and len(now.those("+")) < 100
    assert one.run(relay=there, more=settings(sessions, 4)).status == 0
    judge(there, one, now, 0)


@pytest.mark.parametrize("sessions", [1, 4])
def test_second_signal_ends_it_at_once_and_the_ledger_names_what_was_under_way(batch, relay, sessions):
    one, there = batch(addresses(100)), relay(OFFERS["pipelining"], "end ok ok ok 'hold && ok'", "lax")
    run = one.start(relay=there, more=settings(sessions, 4))
    wait_for(lambda: taken(there) >= 3 and sum(mail.complete for mail in there.transactions) > 3)
    run.process.send_signal(signal.SIGINT)

    def again():
        if run.process.poll() is None:
            run.process.send_signal(signal.SIGINT)
        return run.process.poll() is not None
    wait_for(again, "the second signal to end it", patience=SOON, every=0.05)
    run.process.communicate()
    there.go()
    there.settle()
    crash = one.ledger()
    judge_crash(there, crash)
    assert crash.doubt and len(crash.those("+")) < 100
    assert one.run(relay=there, more=settings(sessions, 4)).status == 0
    judge(there, one, crash, sessions * 4, most_named(sessions, 4))


def test_shard_that_is_killed_is_gone_on_with_by_itself(batch, relay):
    one, there = batch(addresses(200)), relay(OFFERS["chunking"], "lax", "bdat-last " + "ok " * 30 + "'hold && ok'")
    runs = [one.start("--shard", "%d/2" % i, relay=there, more=settings(2, 4)) for i in (1, 2)]
    wait_for(lambda: taken(there) >= 30)
    runs[0].kill()
    runs[0].process.communicate()
    there.go()
    assert runs[1].finish().status == 0
    shards = [Ledger(one.read("people.csv.ledger.%dof2" % i)) for i in (1, 2)]
    judge_crash(there, Ledger(one.read("people.csv.ledger.1of2") + one.read("people.csv.ledger.2of2")))
    crash = shards[0].doubt
    assert not shards[1].doubt and not set(shards[0].last) & set(shards[1].last)
    assert one.run("--shard", "1/2", relay=there, more=settings(2, 4)).status == 0
    assert set(copies(there)) == set(one.to) and {to for to, count in copies(there).items() if count > 1} <= crash and len(crash) <= most_named(2, 4)
    assert 50 < len(shards[1].last) < 150
