"""What others read in a message made of options: munpack, ripmime, mshow; Python, in 2,000 cases at random."""
import os
import random
import re
import shutil
import string
import subprocess

import pytest

from composed import file, read


# --- readers of others ----------------------------------------------------------------------------

def need(name):
    path = shutil.which(name)
    if path is None:
        pytest.skip("%s is missing" % name)
    return path


@pytest.fixture
def rich(mysend, make):
    """A message with everything in it, and the files it was made of."""
    files = {"data.bin": random.Random(3).randbytes(100001), "empty": b"", "page.txt": b"line\nline\r\nlast", "logo.png": b"\x89PNG\r\n\x1a\n" + bytes(range(256))}
    args = []
    for name, data in files.items():
        args += ["--inline" if name == "logo.png" else "--attach", file(mysend, name, data)]
    mail = make("--subject", "all of it", "--html", file(mysend, "h.html", "<b>b</b> <img src=cid:logo.png>\n"), *args, stdin=b"text of it\n")
    return mail.result.message, files


@pytest.mark.parametrize("tool", ["munpack", "ripmime", "mshow"])
def test_every_file_comes_back_octet_by_octet_from_readers_of_others(rich, tmp_path, tool):
    message, files = rich
    out = tmp_path / "out"
    out.mkdir()
    (tmp_path / "mail").write_bytes(message)
    if tool == "munpack":
        subprocess.run([need("munpack"), "-f", "-q", "-C", str(out), str(tmp_path / "mail")], check=True, capture_output=True)
    elif tool == "ripmime":
        subprocess.run([need("ripmime"), "-i", str(tmp_path / "mail"), "-d", str(out)], check=True, capture_output=True)
    else:
        subprocess.run([need("mshow"), "-x", str(tmp_path / "mail")], check=True, capture_output=True, cwd=out)
    for name, data in files.items():
        if not data and tool != "mshow":
            continue        # these two make no file of nothing
        if tool == "munpack":       # it makes line ends of a text those of this host
            data = data if name != "page.txt" else data.replace(b"\r\n", b"\n")
        assert (out / name).read_bytes() == data, name


# --- at random ------------------------------------------------------------------------------------

LETTERS = string.ascii_letters + string.digits + " .,;:!?()<>@\"'\\=_-+%/" + "\u00e4\u00f6\u00fc\u00df\u00e9\u0142\u0416\u6f22\u5b57\U0001f4e7\u2028\u00a0"


def some_text(chance, most):
    text = "".join(chance.choice(LETTERS) for _ in range(chance.randrange(1, most)))
    return text.strip(" \u00a0\u2028") or "x"


def test_random_octets_names_and_subjects_come_back(mysend, make, tmp_path):
    """2,000 cases: a hundred messages of twenty files each, every one with its own name and octets, and a subject."""
    seed = int(os.environ.get("SEED", random.randrange(1 << 30)))
    print("seed", seed)
    chance = random.Random(seed)
    for message in range(10 if mysend.sanitized else 100):
        args, wanted = [], []
        for i in range(20):
            path = tmp_path / ("f%d.%d" % (message, i))
            path.write_bytes(chance.randbytes(chance.choice([0, 1, 2, 3, 56, 57, 58, 113, 114, 115, chance.randrange(5000)])))
            name = some_text(chance, 60).replace("/", "_")
            name = re.sub(r'^[\s"<>]+|[\s"<>]+$', "", name) or "x"      # Python's reader takes quotes and blanks around a name away
            name = name if not re.search(r";(type|name|disposition|id)=", ";" + name) else "plain"
            args += ["--attach", "%s;type=application/x-%d;name=%s" % (path, i, name.replace(";", ","))]
            wanted.append((name.replace(";", ","), path.read_bytes()))
        subject, body = some_text(chance, 200), some_text(chance, 3000)
        mail = make("--subject", subject, *args, stdin=(body + "\n").encode())
        text, *parts = mail.iter_parts()
        assert " ".join(mail["Subject"].split()) == " ".join(subject.split()), (seed, subject)
        assert read(text).replace("\n", "") == body.replace("\n", ""), (seed, body)
        for part, (name, data) in zip(parts, wanted):
            assert (part.get_filename(), part.get_payload(decode=True)) == (name, data), (seed, part.as_string()[:400])
        assert len(parts) == len(wanted)
