"""The examples of a manual page, as steps: each literal display has a comment in front of it that says what it is.

    .\\" @file NAME         it is written to a file of that name
    .\\" @run [STATUS]      a shell runs it
    .\\" @says              what the last one printed; "..." at the end of a line stands for its rest, [...] for any lines
    .\\" @WORD [ARGUMENT]   what the test knows; without a display behind it, something is to be made ready
"""
import re

ESCAPES = {r"\e": "\\", r"\&": "", r"\(dq": '"', r"\ ": " ", r"\(ti": "~"}


class Step:
    def __init__(self, what, argument, section):
        self.what, self.argument, self.section, self.text = what, argument, section, None

    def __repr__(self):
        return "%s %s (%s):\n%s" % (self.what, self.argument, self.section, self.text)


def unescape(line):
    return re.sub(r"\\(?:e|&| |\(..)", lambda match: ESCAPES[match[0]], line)


def steps(path):
    """The steps of a page's source. A literal display that no comment tells of is an error."""
    found, section, inside, told = [], "", None, False
    with open(path, encoding="utf-8") as page:
        for number, line in enumerate(page, 1):
            mark = re.match(r'\.\\" @(\w+) ?(.*)$', line)
            if line.startswith(".Sh "):
                section = line[4:].strip()
            elif mark:
                found.append(Step(mark[1], mark[2], section))
                told = True
            elif line.startswith(".Bd -literal"):
                assert told, "%s:%d: no comment says what is to be done with this" % (path, number)
                inside, told = [], False
            elif line.startswith(".Ed"):
                found[-1].text, inside = "".join(inside), None
            elif inside is not None:
                inside.append(unescape(line))
    return found


def matches(wanted, said):
    """Whether what was said is what the page says; how wide columns are does not count."""
    pattern, said = "", re.sub(" +", " ", said)
    for line in re.sub(" +", " ", wanted).splitlines():
        if line.strip() == "[...]":
            pattern += r"(?:.*\n)*?"
        elif line.endswith("..."):
            pattern += re.escape(line[:-3]) + ".*\n"
        else:
            pattern += re.escape(line) + "\n"
    return re.fullmatch(pattern, said) is not None
