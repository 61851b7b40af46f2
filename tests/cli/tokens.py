"""States of tokens, as mysend keeps them (mysend.conf(5), TOKENS), written and read by tests; and relays that take a provider's tokens only."""
import os
import time

# In the order in which they stand in the file.
NAMES = ["Token-URL", "Client", "Scope", "User", "Obtained", "Expires", "Logged-In", "Access", "Refresh"]
OFFER = "ehlo auth=xoauth2,oauthbearer"


def write(one, access="", refresh="", account="default", obtained=0, lasts=3600, folder=None, **more):
    """The state of an account of provider.account("login"): obtained so many seconds ago. more: other values, by name (client="x"), or all
    of them, with a folder, where there is no such provider. Its path."""
    now = int(time.time())
    folder = folder or one.state
    os.makedirs(folder, 0o700, exist_ok=True)
    os.chmod(folder, 0o700)
    values = dict(obtained=now - obtained, expires=now - obtained + lasts if access else 0, logged_in=now - obtained, access=access, refresh=refresh)
    if one:
        values.update(token_url=one.url + "/token", client=(one.script.client or ("app",))[0], scope=one.script.scope or "", user=one.script.login)
    values.update(more)
    path = os.path.join(folder, account)
    with open(path, "w", encoding="utf-8") as out:
        out.write("mysend-token 1\n" + "".join("%s: %s\n" % (name, values[name.lower().replace("-", "_")]) for name in NAMES))
    os.chmod(path, 0o600)
    return path


def logged_in(one, account="default", obtained=7200, **more):
    """The state of a login of two hours ago: its access token is over, its refresh token, which is given back, is good."""
    access, refresh = one.user_token(scope=one.script.scope or "")
    write(one, access, refresh, account, obtained, **more)
    return refresh


def read(one, account="default", folder=None):
    """The state, as a dict by the names in the file; {} if there is none."""
    path = os.path.join(folder or one.state, account)
    if not os.path.exists(path):
        return {}
    with open(path, encoding="utf-8") as text:
        lines = text.read().splitlines()
    assert lines[0] == "mysend-token 1", lines[0]
    return dict(line.split(": ", 1) if ": " in line else (line.rstrip(":"), "") for line in lines[1:])


def relay_of(relay, *providers, parts=()):
    """A relay that takes the good tokens of these providers, and nothing else."""
    return relay(OFFER, "require-auth", *parts, who=lambda user, token: any(one.who(user, token) for one in providers))


def pass_time(one, seconds=7200, account="default", folder=None):
    """As if the state had been written so much earlier: by default, so that its token's hour is over."""
    values = {name.lower().replace("-", "_"): value for name, value in read(one, account, folder).items()}
    for name in ("obtained", "expires"):
        values[name] = max(0, int(values[name]) - seconds)
    write(one, account=account, folder=folder, **values)
