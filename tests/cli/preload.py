"""Libraries that stand before the C library, compiled when they are needed."""
import os
import shutil
import subprocess

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))


def library(mysend, name):
    """The path of NAME.c as a library to preload; or the test is skipped."""
    if mysend.sanitized:
        pytest.skip("sanitizers and LD_PRELOAD do not go together")
    cc = shutil.which("cc") or shutil.which("gcc")
    if cc is None:
        pytest.skip("a C compiler is missing")
    path = os.path.join(mysend.tmp, name + ".so")
    subprocess.run([cc, "-O1", "-shared", "-fPIC", "-o", path, os.path.join(HERE, name + ".c"), "-ldl"], check=True, timeout=60)
    return path
