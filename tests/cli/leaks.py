"""Whether a secret stands where it must not."""
import base64
import os
import urllib.parse


def spellings(secret):
    """As it is, escaped for a form, and in base64 wherever it may begin."""
    data = secret.encode("utf-8", "surrogateescape")
    yield data
    yield urllib.parse.quote(secret, safe="").encode()
    yield urllib.parse.quote_plus(secret, safe="~").encode()
    for ahead in range(3):
        # The first and the last letters depend on what stands beside it.
        yield base64.b64encode(b"\0" * ahead + data)[4:-4]


def look(secrets, mysend, top):
    """Fails where one of them is in what a run has said, or in a file below top: but for those that the test wrote, and states of tokens."""
    wanted = [(secret, spelling) for secret in secrets if len(secret) >= 6 for spelling in spellings(secret) if len(spelling) >= 6]
    if not wanted:
        return

    def within(data, where):
        for secret, spelling in wanted:
            assert spelling not in data, "%r stands in %s: %r" % (secret, where, data[max(0, data.find(spelling) - 200):][:600])
    for result in mysend.results:
        within(result.raw_out, "stdout")
        within(result.raw_err, "stderr")
    for folder, _, names in os.walk(top):
        if os.path.basename(folder) == "oauth":
            continue
        for name in names:
            path = os.path.join(folder, name)
            if path not in mysend.written and os.path.isfile(path):
                with open(path, "rb") as data:
                    within(data.read(1 << 24), path)
