"""Libraries that stand before the C library or in the place of libcurl, each compiled once a run of the tests, whichever worker wants it first."""
import fcntl
import glob
import os
import re
import shutil
import subprocess

import pytest

from waiting import PATIENCE

HERE = os.path.dirname(os.path.abspath(__file__))


@pytest.fixture(scope="session")
def libraries(tmp_path_factory):
    """Where they lie, for all workers."""
    base = tmp_path_factory.getbasetemp()
    if os.environ.get("PYTEST_XDIST_WORKER"):
        base = base.parent
    top = base / "libraries"
    top.mkdir(exist_ok=True)
    return str(top)


def once(path, make):
    """The path, at which there is what make(another path) has made, for all workers."""
    with open(path + ".lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.exists(path):
            make(path + ".new")
            os.rename(path + ".new", path)
    return path


def compiled(source, path, *flags):
    """A library out of source, at path; or the test is skipped."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("a C compiler is missing")
    subprocess.run([compiler, "-O1", "-shared", "-fPIC", "-o", path, "-xc", source, "-xnone", "-Wl,--no-as-needed", *flags, "-ldl"],
                   check=True, timeout=PATIENCE)
    return path


@pytest.fixture
def library(mysend, libraries):
    """library(NAME) -> the path of NAME.c as a library to preload; or the test is skipped."""
    def find(name):
        if mysend.sanitized:
            pytest.skip("sanitizers and LD_PRELOAD do not go together")
        return once(os.path.join(libraries, name + ".so"), lambda path: compiled(os.path.join(HERE, name + ".c"), path))
    return find


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


def loaded_by_session(mysend):
    """The same of one that opens a session, or would if anybody were at the other end."""
    return loaded(mysend, "bob@example.org", stdin=b"\n", config="account default\nhost 127.0.0.1\nport 1\nfrom me@example.net\nqueue off\n")


@pytest.fixture
def libcurl_with(mysend, libraries, library):
    """libcurl_with(NAME) -> the environment in which the functions of NAME.c stand before those of libcurl; or the test is skipped."""
    def find(name):
        own = soname(mysend)
        if own is None:
            return {"LD_PRELOAD": library(name)}

        folder = os.path.join(libraries, name)
        os.makedirs(folder, exist_ok=True)

        def make(path):
            real = [path for path in loaded_by_session(mysend) if os.path.basename(path).startswith("libcurl")]
            # What it needs is asked for by a path: the real one's own name is what it has itself.
            behind = os.path.join(folder, "real.so")
            if os.path.lexists(behind):     # of one that was cut short: nothing is to be written through that link
                os.unlink(behind)
            compiled("/dev/null", behind)
            compiled(os.path.join(HERE, name + ".c"), path, "-Wl,-soname," + own, behind)
            os.unlink(behind)
            os.symlink(real[0], behind)
        once(os.path.join(folder, own), make)
        return {"LD_LIBRARY_PATH": folder}
    return find
