"""Libraries that stand before the C library or in the place of libcurl, compiled when they are needed."""
import glob
import os
import re
import shutil
import subprocess

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))


def compiled(mysend, source, path, *flags):
    """A library out of source, at path; or the test is skipped."""
    cc = shutil.which("cc") or shutil.which("gcc")
    if cc is None:
        pytest.skip("a C compiler is missing")
    subprocess.run([cc, "-O1", "-shared", "-fPIC", "-o", path, "-xc", source, "-xnone", "-Wl,--no-as-needed", *flags, "-ldl"], check=True, timeout=60)
    return path


def library(mysend, name):
    """The path of NAME.c as a library to preload; or the test is skipped."""
    if mysend.sanitized:
        pytest.skip("sanitizers and LD_PRELOAD do not go together")
    return compiled(mysend, os.path.join(HERE, name + ".c"), os.path.join(mysend.tmp, name + ".so"))


def soname(mysend, library="libcurl"):
    """By what name mysend opens it when it is needed; None where it is linked (--disable-dlopen)."""
    with open(mysend.path, "rb") as program:
        found = re.search(rb'"soname":\["(%s[^"]*)"\]' % library.encode(), program.read())
    return found and found.group(1).decode()


def loaded(mysend, *args, **more):
    """The paths of all libraries that were loaded for a run of mysend, and of what it has started; or the test is skipped."""
    said = os.path.join(mysend.tmp, "loaded")
    mysend(*args, **{**more, "env": {**more.get("env", {}), "LD_DEBUG": "files", "LD_DEBUG_OUTPUT": said}})
    found = []
    for path in glob.glob(said + ".*"):
        with open(path, encoding="utf-8", errors="replace") as text:
            found += re.findall(r"calling init: (/\S+)", text.read())
        os.unlink(path)
    if not found:
        pytest.skip("this dynamic linker does not tell what it loads")
    return found


def libcurl(mysend, name):
    """The environment in which the functions of NAME.c stand before those of libcurl; or the test is skipped."""
    own = soname(mysend)
    if own is None:
        return {"LD_PRELOAD": library(mysend, name)}
    config = "account default\nhost 127.0.0.1\nport 1\nfrom me@example.net\nqueue off\n"
    real = [path for path in loaded(mysend, "bob@example.org", stdin=b"\n", config=config) if os.path.basename(path).startswith("libcurl")]
    folder = os.path.join(mysend.tmp, name)
    os.makedirs(folder, exist_ok=True)
    # What it needs is asked for by a path: the real one's own name is what it has itself.
    behind = compiled(mysend, "/dev/null", os.path.join(folder, "real.so"))
    compiled(mysend, os.path.join(HERE, name + ".c"), os.path.join(folder, own), "-Wl,-soname," + own, behind)
    os.unlink(behind)
    os.symlink(real[0], behind)
    return {"LD_LIBRARY_PATH": folder}
