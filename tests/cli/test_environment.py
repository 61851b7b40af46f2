"""Variables that would have a library load code or read a file: they are not obeyed."""
import os
import shutil
import subprocess

import pytest

from given import PLAIN as TEXT
from waiting import PATIENCE

CODE = '#include <fcntl.h>\n__attribute__((constructor)) static void loaded(void) { open("%s", O_CREAT | O_WRONLY, 0600); }\n'


@pytest.mark.parametrize("how", ["provider", "modules", "policy", "iconv"])
def test_no_code_and_no_policy_comes_from_a_variable(mysend, relay, certs, tmp_path, how):
    one, done, library = relay("ehlo pipelining starttls"), tmp_path / "loaded", tmp_path / "evil.so"
    cc = shutil.which("cc") or shutil.which("gcc")
    if cc is None or mysend.sanitized:
        pytest.skip("a C compiler is missing, or sanitizers are there")
    subprocess.run([cc, "-shared", "-fPIC", "-o", str(library), mysend.file(CODE % done, name="evil.c")], check=True, timeout=PATIENCE)
    section = "openssl_conf = o\n[o]\nproviders = p\nssl_conf = s\n[p]\ndefault = d\nevil = e\n[d]\nactivate = 1\n[e]\n%sactivate = 1\n[s]\n" % (
        "module = %s\n" % library if how == "provider" else "")
    if how == "policy":
        section = "openssl_conf = o\n[o]\nssl_conf = s\n[s]\nsystem_default = x\n[x]\nOptions = -MiddleboxCompat\nCipherString = NONE-SUCH\nCiphersuites = TLS_AES_128_CCM_SHA256\n"
    env = {"OPENSSL_CONF": mysend.file(section), "OPENSSL_MODULES": str(tmp_path), "OPENSSL_ENGINES": str(tmp_path)}
    text = TEXT
    if how == "iconv":
        mysend.file("module FROMEVIL// INTERNAL evil 1\nmodule INTERNAL TOEVIL// evil 1\nalias EVIL// TOEVIL//\nmodule EVIL// INTERNAL evil 1\n", name="gconv-modules")
        env = {"GCONV_PATH": str(tmp_path)}
    config = "account default\nhost %s\nport %d\ntls_trust_file %s\nfrom me@example.net\n" % (one.host, one.port, os.path.join(certs, "ca.pem"))
    result = mysend("--charset", "EVIL" if how == "iconv" else "utf-8", "-s", "x", "bob@example.org", stdin=text + b"\xe9\n" * (how == "iconv"), config=config, env=env)
    assert not done.exists(), result
    assert how == "iconv" or result.ok() and one.message.tls


@pytest.mark.parametrize("spelled", ["%s/fifo", ":%s/fifo", "../../../../../../../..%s/fifo", ":../../../../../../../..%s/fifo", "TZDIR", "HOSTALIASES"])
def test_fifo_as_a_time_zone_keeps_nobody_waiting(mysend, relay, tmp_path, spelled):
    one = relay()
    os.mkfifo(tmp_path / "fifo")
    env = {"TZ": spelled % tmp_path} if "%" in spelled else {"TZ": "fifo", "TZDIR": str(tmp_path)} if spelled == "TZDIR" else {"HOSTALIASES": str(tmp_path / "fifo")}
    mysend("bob@example.org", stdin=TEXT, relay=one, env=env).ok()
    assert one.message


@pytest.mark.parametrize("zone, shift", [("UTC-3", "+0300"), ("Asia/Tokyo", "+0900"), (":Asia/Tokyo", "+0900"), ("/usr/share/zoneinfo/Asia/Tokyo", "+0900"), ("<+0530>-5:30", "+0530")])
def test_time_zone_of_the_system_is_obeyed(mysend, zone, shift):
    if "Tokyo" in zone and not os.path.exists("/usr/share/zoneinfo/Asia/Tokyo"):
        pytest.skip("no time zones are installed")
    assert mysend.dry(stdin=TEXT, env={"TZ": zone}).get("Date").endswith(shift)
