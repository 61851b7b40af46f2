"""The person before a scripted provider: opens its pages, presses their button, types a device's code."""
import html
import http.client
import re
import ssl
import urllib.parse

from waiting import PATIENCE


class Visit:
    """Where a browser has come to."""

    def __init__(self, url, status, location, body):
        self.url, self.status, self.location, self.body = url, status, location, body

    def __repr__(self):
        return "%s %s %s\n%s" % (self.url, self.status, self.location or "", self.body[:500])


def visit(url, form=None):
    """One page, without following anything."""
    where = urllib.parse.urlsplit(url)
    if where.scheme == "https":
        line = http.client.HTTPSConnection(where.hostname, where.port, timeout=PATIENCE, context=ssl._create_unverified_context())
    else:
        line = http.client.HTTPConnection(where.hostname, where.port, timeout=PATIENCE)
    target = (where.path or "/") + ("?" + where.query if where.query else "")
    try:
        if form is None:
            line.request("GET", target)
        else:
            line.request("POST", target, urllib.parse.urlencode(form), {"Content-Type": "application/x-www-form-urlencoded"})
        got = line.getresponse()
        return Visit(url, got.status, got.getheader("Location"), got.read().decode("utf-8", "replace"))
    finally:
        line.close()


def press(page, **typed):
    """The only button of a page."""
    form = re.search(r'<form method="post" action="([^"]*)">(.*?)</form>', page.body, re.S)
    assert form, "no form: %r" % page
    fields = {}
    for name, value in re.findall(r'<input name="([^"]*)"(?: type="hidden" value="([^"]*)")?>', form.group(2)):
        fields[name] = typed.get(name, html.unescape(value))
    return visit(urllib.parse.urljoin(page.url, html.unescape(form.group(1))), fields)


class Browser:
    """Of a Provider: what a person does."""

    def browse(self, url, follow=True, no=None):
        """Opens the login's address and allows it (or says no, e.g. "access_denied"). follow: goes where it is sent, too; the page at which
        that ends. Without: its .location is what a person would paste."""
        page = visit(url)
        if no:
            query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(url).query))
            page.location = query["redirect_uri"] + "?" + urllib.parse.urlencode({"error": no, "state": query["state"]})
        else:
            assert page.status == 200, page
            page = press(page)
        assert page.location, page
        return visit(page.location) if follow else page

    def approve(self, user_code=None, state="approved"):
        """Somebody types the code of a device, or of the newest, and allows it; or no: state="access_denied". None if there is none."""
        with self.grants.lock:
            code = self.grants.device_of(user_code)
            if code:
                code.state = state
            return code

    def deny(self, user_code=None, error="access_denied"):
        return self.approve(user_code, error)

    def type_code(self, url, user_code):
        """The same by the page that the device names."""
        return press(visit(url), user_code=user_code)
