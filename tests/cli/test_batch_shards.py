"""--shard: parts of a batch, each with a ledger of its own, by whatever starts several processes."""
import os
import shutil
import subprocess

import pytest

from batches import FAST, got, letter, table
from waiting import PATIENCE

ALL = sorted("u%d@example.org" % i for i in range(1, 201))


def shard(mysend, relay, which, *args, count=200):
    return mysend("--merge", table(mysend, count), "--template", letter(mysend), "--shard", which, *args, relay=relay)


def test_four_parts_have_each_row_once_and_their_own_ledgers(mysend, relay):
    one, parts = relay(FAST), []
    for i in range(1, 5):
        before = len(got(one))
        result = shard(mysend, one, "%d/4" % i)
        parts.append(len(got(one)) - before)
        assert result.status == 0 and result.err == "mysend: %d of %d sent\n" % (parts[-1], parts[-1]), result
    assert got(one) == ALL and all(20 < part < 90 for part in parts), parts
    assert [name for name in sorted(os.listdir(mysend.tmp)) if "ledger" in name] == ["people.csv.ledger.%dof4" % i for i in range(1, 5)]


def test_a_row_stays_in_its_part_wherever_it_stands(mysend, relay):
    one = relay(FAST)
    shard(mysend, one, "1/4")
    first = got(one)
    csv = os.path.join(mysend.tmp, "people.csv")
    with open(csv, encoding="utf-8") as text:
        head, *rows = text.read().splitlines()
    mysend.file("\n".join([head] + rows[::-1] + ["New,new@example.org"]) + "\n", name="people.csv")
    again = mysend("--merge", csv, "--template", letter(mysend), "--shard", "1/4", relay=one)
    assert again.status == 0 and set(got(one)) - set(first) <= {"new@example.org"} and len(got(one)) - len(first) <= 1, again


def test_rows_that_are_refused_have_a_file_for_each_part(mysend, relay):
    one = relay(FAST, "refuse 10")
    for i in (1, 2):
        result = shard(mysend, one, "%d/2" % i)
        assert result.status == 65 and "people.csv.%dof2.failed.csv" % i in result.err, result
    refused = []
    for i in (1, 2):
        with open(os.path.join(mysend.tmp, "people.csv.%dof2.failed.csv" % i), encoding="utf-8") as text:
            refused += [line.split(",")[1] for line in text.read().splitlines()[1:]]
    assert sorted(refused + got(one)) == ALL


@pytest.mark.skipif(not shutil.which("parallel"), reason="GNU parallel is missing")
def test_gnu_parallel_runs_four_parts_and_each_row_is_sent_once(mysend, relay):
    one = relay(FAST)
    config = mysend.file("account default\n" + mysend.where(one) + "from me@example.net\n")
    command = [mysend.path, "--merge", table(mysend, 200), "--template", letter(mysend), "--shard", "{}/4"]
    done = subprocess.run(["parallel", "--will-cite", "--jobs", "4"] + command + [":::", "1", "2", "3", "4"], timeout=PATIENCE, check=False, cwd=mysend.tmp,
                          env=mysend.environment({"MYSEND_CONFIG": config, "MYSEND_QUEUE": "off"}), capture_output=True, stdin=subprocess.DEVNULL)
    one.settle()
    assert done.returncode == 0 and got(one) == ALL, done
    assert [name for name in sorted(os.listdir(mysend.tmp)) if "ledger" in name] == ["people.csv.ledger.%dof4" % i for i in range(1, 5)]
