"""What tests of metrics share: the check that prints them, and the programs that read them."""
import os
import shutil

import pytest

CHECK = ("--queue-check", "--format", "prometheus")


def unpacked(name, package):
    """The program of a package that is only unpacked, since it would start a daemon if it were installed; or one that is installed."""
    path = os.path.join(os.environ.get("MYSEND_PROGRAMS", "/nowhere"), "usr/bin", name)
    path = path if os.access(path, os.X_OK) else shutil.which(name)
    return path or pytest.skip("%s (package %s) is missing" % (name, package))
