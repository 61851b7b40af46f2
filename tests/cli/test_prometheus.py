"""--queue-check --format prometheus: what it prints, and what promtool and node_exporter's textfile collector make of it."""
import os
import re
import subprocess
import urllib.request

import pytest

from given import PLAIN, needs_root
from metrics import CHECK, unpacked
from program import HERE
from waiting import PATIENCE, wait_for

METRICS = ["mysend_queue_readable", "mysend_queue_messages", "mysend_queue_oldest_seconds", "mysend_queue_bytes", "mysend_queue_needs_admin",
           "mysend_failed_messages"]


def read(text):
    """{metric: value}, of a text in Prometheus's format that has nothing but gauges with one label."""
    assert text.endswith("\n") and "\n\n" not in text
    lines = text.splitlines()
    values = {}
    for first, second, third in zip(lines[::3], lines[1::3], lines[2::3]):
        name = first.split()[2]
        assert re.fullmatch(r"# HELP %s [A-Z0-9].*\." % name, first) and second == "# TYPE %s gauge" % name
        found = re.fullmatch(r'%s(?:\{spool="((?:[^"\\]|\\["\\])*)"\})? (\d+)' % name, third)   # and no time behind it
        assert found, third
        values[name] = int(found[2])
    assert len(lines) == 3 * len(values)
    return values


def test_a_queue_is_told_in_numbers_whatever_its_age(spool, relay):
    assert list(read(spool.run(*CHECK).out).values()) == [1, 0, 0, 0, 0, 0]
    spool.run("-odq", "bob@example.org", stdin=PLAIN).ok()
    spool.run("-odq", "bob@example.org", stdin=PLAIN).ok()
    spool.make_older(90000)
    done = spool.run(*CHECK, "--critical", "1h")
    values = read(done.out)
    assert done.status == 0 and done.err == "" and list(values) == METRICS and 'spool="%s"' % spool.top in done.out, done
    size = sum(os.path.getsize(os.path.join(spool.top, "queue", name)) for name in spool.names())
    assert values["mysend_queue_messages"] == 2 and 90000 <= values["mysend_queue_oldest_seconds"] < 90020, values
    plugin = spool.run("--queue-check", "--format=plugin")
    assert plugin.status == 2 and "size=%dB" % values["mysend_queue_bytes"] in plugin.out and 0 < values["mysend_queue_bytes"] <= size, plugin
    spool.run("-qf", relay=relay('rcpt "550 5.1.1 nobody"'))
    values = read(spool.run(*CHECK).out)
    assert values["mysend_failed_messages"] == 2 and values["mysend_queue_bytes"] > 0, values


def test_a_queue_that_cannot_be_read_says_so_alone(spool):
    os.makedirs(spool.top)
    os.chmod(spool.top, 0o777)
    done = spool.run(*CHECK)
    assert done.failed(3) and read(done.out) == {"mysend_queue_readable": 0} and spool.top in done.out, done
    quiet = spool.run("-oeq", *CHECK)
    assert quiet.status == 3 and quiet.err == "" and quiet.out == done.out, quiet


def test_a_configuration_that_cannot_be_read_says_so_without_a_label(mysend):
    done = mysend(*CHECK, config="frobnicate on\n")
    assert done.status == 3 and "frobnicate" in done.err and read(done.out) == {"mysend_queue_readable": 0} and "{" not in done.out, done


@pytest.mark.parametrize("name", ['say "x"', "back\\slash", "caf\u00e9", "\udcff no utf-8"])
def test_any_path_makes_a_label(mysend, tmp_path, name):
    done = mysend(*CHECK, env={"MYSEND_SPOOL": str(tmp_path / name)})
    assert done.status == 0 and read(done.raw_out.decode("utf-8")).keys() == set(METRICS), done


@pytest.mark.parametrize("args", [("--format", "json"), ("--format=",), ("--format",)])
def test_another_format_is_64(spool, args):
    assert "--format" in spool.run("--queue-check", *args).failed(64)


def test_where_it_cannot_be_written_the_status_says_so(spool):
    with open("/dev/full", "wb") as full:
        assert spool.run(*CHECK, stdout=full).status == 3


# --- what others read in it -------------------------------------------------------------------------

def test_promtool_finds_nothing_to_say(spool):
    promtool = unpacked("promtool", "prometheus")
    spool.run("-odq", "bob@example.org", stdin=PLAIN).ok()
    texts = [spool.run(*CHECK).raw_out]
    os.chmod(spool.top, 0o777)
    texts.append(spool.run(*CHECK).raw_out)
    for text in texts:
        done = subprocess.run([promtool, "check", "metrics"], input=text, capture_output=True, timeout=PATIENCE, check=False)
        assert done.returncode == 0 and done.stdout + done.stderr == b"", (text, done)


class Exporter:
    """node_exporter with its textfile collector alone, on a loopback port."""

    def __init__(self, program, folder, log):
        with open(log, "wb") as out:
            self.process = subprocess.Popen([program, "--web.listen-address=127.0.0.1:0", "--collector.disable-defaults", "--collector.textfile",
                                             "--collector.textfile.directory=" + folder], stdout=out, stderr=out)

        def port():
            with open(log, encoding="utf-8") as text:
                found = re.search(r"address=127\.0\.0\.1:(\d+)", text.read())
            assert self.process.poll() is None
            return found and found[1]
        self.url = "http://127.0.0.1:%s/metrics" % wait_for(port, "node_exporter to listen")

    def get(self):
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(self.url, timeout=PATIENCE) as answer:
            return answer.read().decode()

    def stop(self):
        self.process.kill()
        self.process.wait()


@needs_root
def test_node_exporter_collects_what_the_line_for_cron_in_the_manual_leaves(spool, tmp_path):
    program = unpacked("prometheus-node-exporter", "prometheus-node-exporter")
    folder = tmp_path / "collector"
    folder.mkdir()
    with open(os.path.join(HERE, "../../man/mysend.1.in"), encoding="utf-8") as manual:
        page = manual.read()
    line, = re.findall(r"^\* \* \* \* \* root (mysend .*)$", page, re.M)
    place, = re.findall(r"^F=(.*/mysend\.prom)$", page, re.M)
    assert place == "/var/lib/prometheus/node-exporter/mysend.prom"
    os.symlink(spool.mysend.path, str(tmp_path / "mysend"))
    config = spool.mysend.usual(spool.config())
    env = {"XDG_CONFIG_HOME": config, "F": str(folder / "mysend.prom"), "PATH": "%s:/usr/bin:/bin" % tmp_path, "HOME": str(tmp_path)}

    def cron(status=0):
        done = subprocess.run(["sh", "-c", line], env=env, capture_output=True, timeout=PATIENCE, check=False)
        assert (done.returncode, done.stdout, done.stderr) == (status, b"", b""), done
        assert sorted(os.listdir(folder)) == ["mysend.prom"]
    spool.run("-odq", "bob@example.org", stdin=PLAIN).ok()
    cron()
    one = Exporter(program, str(folder), str(tmp_path / "exporter.log"))
    try:
        text = one.get()
        assert 'mysend_queue_messages{spool="%s"} 1\n' % spool.top in text and 'mysend_queue_readable{spool="%s"} 1\n' % spool.top in text, text
        assert "# HELP mysend_queue_bytes Size of the mails in the queue.\n# TYPE mysend_queue_bytes gauge\n" in text, text
        assert "node_textfile_scrape_error 0" in text and "node_textfile_mtime_seconds" in text, text
        os.chmod(spool.top, 0o777)
        cron()
        text = one.get()
        assert 'mysend_queue_readable{spool="%s"} 0\n' % spool.top in text and "mysend_queue_messages" not in text and "node_textfile_scrape_error 0" in text, text
    finally:
        one.stop()
