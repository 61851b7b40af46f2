"""A certificate authority and certificates, good and bad, made with the openssl command.

make(DIR) leaves there: ca.pem, ca/ (hashed), good.pem/.key (localhost, 127.0.0.1), near-end (9 days), expired, wrong-name,
mail (mail.example.com), providers (those of the manuals), large (beyond the 100 KB that OpenSSL takes), self-signed, other-ca (signed by a CA nobody
trusts), client.pem/.key. Call it from as many processes as you like.
"""
import fcntl
import os
import shutil
import subprocess

NAMES = "DNS:localhost,IP:127.0.0.1,IP:0:0:0:0:0:0:0:1"
PROVIDERS = ("smtp.office365.com", "smtp-mail.outlook.com", "smtp.gmail.com", "smtp.fastmail.com", "login.microsoftonline.com", "accounts.google.com",
             "oauth2.googleapis.com", "api.fastmail.com", "mail.example.com", "id.example.com")
CONFIG = """\
[ca]
default_ca = d
[d]
dir = %(dir)s
database = $dir/index.txt
new_certs_dir = $dir/issued
serial = $dir/serial
default_md = sha256
policy = p
unique_subject = no
copy_extensions = copy
[p]
commonName = supplied
[req]
distinguished_name = dn
prompt = no
[dn]
CN = localhost
[v3_ca]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
"""


def openssl(*words):
    done = subprocess.run(("openssl",) + words, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    if done.returncode:
        raise RuntimeError("openssl %s: %s" % (words[0], done.stderr.decode(errors="replace")))
    return done.stdout


def make(where):
    """Makes all of it once; returns where."""
    if shutil.which("openssl") is None:
        raise FileNotFoundError("openssl")
    os.makedirs(where, exist_ok=True)
    with open(os.path.join(where, ".lock"), "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.exists(os.path.join(where, ".done")):
            build(where)
            with open(os.path.join(where, ".done"), "w", encoding="ascii"):
                pass
    return where


def build(where):
    def path(name):
        return os.path.join(where, name)

    for authority in ("ca", "other"):
        os.makedirs(path(authority + ".d/issued"), exist_ok=True)
        for name, text in (("index.txt", ""), ("serial", "1000\n"), ("cnf", CONFIG % {"dir": path(authority + ".d")})):
            with open(path(authority + ".d/" + name), "w", encoding="ascii") as out:
                out.write(text)
        key(path(authority + ".key"))
        openssl("req", "-x509", "-new", "-key", path(authority + ".key"), "-out", path(authority + ".pem"), "-days", "30",
                "-subj", "/CN=mysend test %s" % authority, "-config", path("ca.d/cnf"), "-extensions", "v3_ca")
    issue(path, "good", "localhost", NAMES)
    issue(path, "expired", "localhost", NAMES, dates=("20200101000000Z", "20200201000000Z"))
    issue(path, "near-end", "localhost", NAMES, days=9)
    issue(path, "wrong-name", "other.example", "DNS:other.example")
    issue(path, "mail", "mail.example.com", "DNS:mail.example.com")
    issue(path, "providers", "providers", ",".join("DNS:" + name for name in PROVIDERS))
    issue(path, "large", "localhost", ",".join([NAMES] + ["DNS:%d.%s" % (i, "x" * 200) for i in range(590)]))
    issue(path, "other-ca", "localhost", NAMES, authority="other")
    issue(path, "client", "alice", "email:alice@example.net")
    key(path("self-signed.key"))
    openssl("req", "-x509", "-new", "-key", path("self-signed.key"), "-out", path("self-signed.pem"), "-days", "30",
            "-subj", "/CN=localhost", "-addext", "subjectAltName=" + NAMES, "-config", path("ca.d/cnf"))
    os.makedirs(path("ca"), exist_ok=True)
    shutil.copy(path("ca.pem"), path("ca/ca.pem"))
    openssl("rehash", path("ca"))
    public = openssl("x509", "-in", path("good.pem"), "-noout", "-pubkey")
    with open(path("good.pub"), "wb") as out:
        out.write(public)


def key(path):
    openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", path)
    os.chmod(path, 0o600)


def issue(path, name, subject, names, authority="ca", dates=None, days=30):
    key(path(name + ".key"))
    openssl("req", "-new", "-key", path(name + ".key"), "-out", path(name + ".csr"), "-subj", "/CN=" + subject,
            "-addext", "subjectAltName=" + names, "-config", path("ca.d/cnf"))
    when = ("-startdate", dates[0], "-enddate", dates[1]) if dates else ("-days", str(days))
    openssl("ca", "-batch", "-notext", "-config", path(authority + ".d/cnf"), "-cert", path(authority + ".pem"), "-keyfile",
            path(authority + ".key"), "-in", path(name + ".csr"), "-out", path(name + ".pem"), *when)


def pin(where, name="good"):
    """sha256//BASE64 of the public key, as libcurl and tls_pinned_key want it."""
    import base64
    import hashlib
    public = openssl("x509", "-in", os.path.join(where, name + ".pem"), "-noout", "-pubkey")
    der = base64.b64decode(b"".join(line for line in public.splitlines() if not line.startswith(b"-")))
    return "sha256//" + base64.b64encode(hashlib.sha256(der).digest()).decode()


def fingerprint(where, name="good"):
    """SHA-256 of the certificate, AA:BB:..., as msmtp's tls_fingerprint wants it."""
    return openssl("x509", "-in", os.path.join(where, name + ".pem"), "-noout", "-fingerprint", "-sha256").decode().strip().split("=")[1]
