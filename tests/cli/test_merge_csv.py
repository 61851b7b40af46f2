"""--merge: a table that Python's csv module writes is read as that module reads it, whatever the cells hold."""
import csv
import io
import random

import pytest

from merged import merge  # noqa: F401

COLUMNS = ["e", "a", "b", "c"]
PIECES = ["x", "Ann", "two words", " in front", "behind ", "\u00e9", "\u6f22\u5b57", "\U0001f600", "", '"', '""', 'a"b', ",", ";", "\t", "a\nb", "a\r\nb",
          "=1+1", "'q'", "\ufeff", "\u00a0", "{{a}}", "\\{{a}}", "long " * 40, "x" * 3000]
LETTER = "To: {{e}}\n\n" + "".join("<%s|{{%s}}>\n" % (name, name) for name in COLUMNS[1:])


def lines(text):
    return text.replace("\r\n", "\n")


@pytest.mark.parametrize("separator, mark", [(",", ""), (";", "\ufeff"), ("\t", "")], ids=["comma", "semicolon", "tab"])
@pytest.mark.parametrize("end, quoting", [                   # with CR alone Python leaves a cell with LF unquoted
    ("\n", csv.QUOTE_MINIMAL), ("\r\n", csv.QUOTE_MINIMAL), ("\n", csv.QUOTE_ALL), ("\r\n", csv.QUOTE_ALL), ("\r", csv.QUOTE_ALL)],
    ids=["lf", "crlf", "lf quoted", "crlf quoted", "cr quoted"])
def test_what_python_writes_is_read_as_python_reads_it(merge, separator, end, quoting, mark):  # noqa: F811
    some = random.Random("%r" % ((separator, end, quoting, mark),))
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=separator, lineterminator=end, quoting=quoting)
    writer.writerow(COLUMNS)
    for number in range(25):
        cells = ["".join(some.choice(PIECES) for _ in range(some.randint(0, 3))) for _ in COLUMNS[1:]]
        writer.writerow(["r%d@x.example" % number] + cells)
    table = out.getvalue()
    done = merge((mark + table).encode(), LETTER, status=0)
    rows = list(csv.DictReader(io.StringIO(table, newline=""), delimiter=separator))
    assert len(done.sent) == len(rows) == 25
    for row in rows:
        assert done.text(row["e"]) == "".join("<%s|%s>\n" % (name, lines(row[name])) for name in COLUMNS[1:])
