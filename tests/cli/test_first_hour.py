"""The first hour: whatever is set up wrongly, what is printed names the fix, in every way of calling."""
import pytest

from first_hour import DOWN, LOGIN, WAYS, Caller, Fault

FAULTS = [
    Fault("4", "login refused", ["ehlo auth=plain", 'auth "535 5.7.8 bad credentials"'], LOGIN, 77, "login to HOST: 535 5.7.8 bad credentials",
          "check user and the password; some providers want an app password here"),
    Fault("14a", "relay down", None, "", 75, "connect to HOST: Connection refused", "is a mail server there? check relay and its port", DOWN),
]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
@pytest.mark.parametrize("fault", FAULTS, ids=repr)
def test_what_is_said_names_the_fix_however_mysend_is_called(mysend, relay, request, fault, way):
    way(Caller(fault, mysend, relay, request.getfixturevalue("certs") if fault.tls else None))
