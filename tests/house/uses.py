"""Compiles what the contracts show. In the paragraph `Use:` of a header, a call, a declaration of a variable (`struct x y = {...};`)
and `x = call`, `call == VALUE` are code, and all else is prose. A name that is not declared there has the type of the argument that
it stands for. `f()` and `f(...)` only name f. What looks like a function of ours (a_b(c)) and is declared nowhere is an error."""
import concurrent.futures
import os
import re
import subprocess
import sys
import tempfile

KEYWORDS = "Owns|Units|Bounds|Errors|Threads|Source|BUGS"
SPECIFIERS = r"(?:MUST_CHECK|static|inline|extern)\s+|PRINTF\([^)]*\)\s*|__attribute__\(\(.*?\)\)\s*"


def without_comments(text):
    return re.sub(r"/\*.*?\*/|//[^\n]*", " ", text, flags=re.S)


def balanced(text, start):
    """Where the bracket closes that opens at start; text may hold strings."""
    depth, at = 0, start
    while at < len(text):
        if text[at] in "\"'":
            quote, at = text[at], at + 1
            while at < len(text) and text[at] != quote:
                at += 2 if text[at] == "\\" else 1
        elif text[at] in "([{":
            depth += 1
        elif text[at] in ")]}":
            depth -= 1
            if depth == 0:
                return at + 1
        at += 1
    return -1


def split(text):
    """At the commas that stand in no bracket and no string."""
    parts, last, at = [], 0, 0
    while at < len(text):
        if text[at] in "([{\"'":
            end = balanced(text, at) if text[at] in "([{" else re.compile(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'|.').match(text, at).end()
            at = end if end > 0 else len(text)
            continue
        if text[at] == ",":
            parts.append(text[last:at])
            last = at + 1
        at += 1
    return [part.strip() for part in parts + [text[last:]] if part.strip()]


class Function:
    def __init__(self, header, kind, params):
        self.header, self.kind, self.params = header, kind, params


def functions(header, text):
    """{name: Function} of what a header declares or defines."""
    found, code = {}, re.sub(r"(?m)^#.*(?:\\\n.*)*", "", without_comments(text))
    for match in re.finditer(r"(?m)^((?:[\w]+[ *]+)+?|[\w ]+\*+)(\w+)\(", re.sub(SPECIFIERS, "", code)):
        plain = re.sub(SPECIFIERS, "", code)
        end = balanced(plain, match.end() - 1)
        if end > 0 and match[2] not in ("if", "while", "for", "switch", "return", "sizeof"):
            found[match[2]] = Function(header, " ".join(match[1].split()), split(plain[match.end():end - 1]))
    return found


def declared(param, name, address):
    """What declares `name`, whose value (or address) goes where the parameter stands."""
    pointer = re.search(r"\(\*(\w+)\)", param)
    if pointer:
        return param[:pointer.start(1)] + name + param[pointer.end(1):]
    match = re.match(r"(.*?)(\w+)?((?:\[[^\]]*\])*)$", " ".join(param.split()))
    kind, array = match[1], match[3]
    if not kind.strip() or (match[2] in ("int", "char", "long", "bool", "unsigned") and not kind.strip().endswith("*")):
        kind = kind + (match[2] or "")
    kind = kind.strip()
    if array and not address:
        return "%s %s%s" % (kind, name, re.sub(r"\[(?:static )?([^\]]*)\]", lambda size: "[%s]" % (size[1] or 1), array))
    if address and array:
        return "%s %s" % (re.sub(r"^const ", "", kind), name)
    if address:
        if not kind.endswith("*"):
            return None
        return "%s %s" % (re.sub(r"^const (?!.*\*)", "", kind[:-1].strip()), name)
    return "%s %s" % (kind, name)


class Use:
    def __init__(self, header, text, known, words):
        self.header, self.text, self.known, self.words = header, text, known, words
        self.variables, self.code, self.wrong, self.headers = {}, [], [], [header]
        self.read()

    def put(self, name, declaration):
        declaration = re.sub(r"(\*+) (?=\w)", r"\1", declaration)
        old = self.variables.get(name)
        if old is None or old == "const " + declaration:
            self.variables[name] = declaration
        elif old != declaration and declaration != "const " + old:
            self.wrong.append("%s is `%s` and `%s`" % (name, old, declaration))

    def argument(self, param, value):
        value = re.sub(r"^(\w+) \? (.*) : NULL$", lambda m: self.put(m[1], "bool " + m[1]) or m[2], value)
        match = re.fullmatch(r"(&?)([a-z_]\w*)", value)
        if match and match[2] not in ("sizeof", "true", "false", "stdin", "stdout", "stderr", "errno") and match[2] not in self.known:
            declaration = declared(param, match[2], bool(match[1]))
            if declaration is None:
                self.wrong.append("%s stands for `%s`, which is no pointer" % (value, param))
            else:
                self.put(match[2], declaration)

    def read(self):
        text = self.text
        # Variables that the contract declares itself. Their values are compiled, but for `...`.
        kinds = r"(?:const )?(?:struct \w+|enum \w+|unsigned|int|char|bool|size_t|time_t|int64_t|long|CURL)"
        for match in re.finditer(r"\b(%s) (\**)(\w+)((?:\[\w+\])?)(?= = |;|,)" % kinds, text):
            value, at = "", match.end()
            if text.startswith(" = {", at):
                value = text[at:balanced(text, at + 3)]
                value = re.sub(r"(, )?\.\w+ = \.\.\.|, \.\.\.", "", value)
                for name in re.findall(r"\.(\w+) = ([a-z_]\w*)\b(?!\()", value):
                    self.code.append("(void)((%s *)0)->%s;" % (match[1], name[0]))
                value = re.sub(r"(, )?\.\w+ = [a-z_]\w*\b(?!\()(?<!true)(?<!false)", "", value).replace("{, ", "{")
                self.code.append("{ %s %s%s%s%s; (void)%s; }" % (match[1], match[2], match[3], match[4], value.replace("{}", "{0}"), match[3]))
            self.put(match[3], "%s %s%s%s" % (match[1], match[2], match[3], match[4]))
        # Calls, with what they are assigned to or compared with.
        at = 0
        for match in re.finditer(r"(?:\b([a-z]\w*) = )?(?<![\w.>])([a-z_]\w*)\(", text):
            end = balanced(text, match.end() - 1)
            if end < 0 or match.start() < at:
                continue
            name, inside = match[2], text[match.end():end - 1]
            if name not in self.known:
                if "_" in name.strip("_") and not re.fullmatch(r"\d\w?", inside) and not name.startswith("curl_"):
                    self.wrong.append("%s is declared in no header" % name)
                continue
            function = self.known[name]
            self.headers.append(function.header)
            if inside.strip() in ("", "...") and (inside.strip() or [p for p in function.params if p != "void"]):
                self.code.append("(void)%s;" % name)
                continue
            values = split(inside)
            params = [param for param in function.params if param != "void"]
            for param, value in zip(params, values):
                if param != "...":
                    self.argument(param, value)
            if params[-1:] == ["..."]:      # as printf has them
                formats = re.findall(r"%[-0-9.*]*([a-z]+)", values[len(params) - 2])
                for kind, value in zip(formats, values[len(params) - 1:]):
                    if re.fullmatch(r"[a-z]\w*", value):
                        self.put(value, {"s": "const char *", "zu": "size_t ", "u": "unsigned "}.get(kind, "int ") + value)
            call = "%s(%s)" % (name, inside)
            compared = re.match(r" (==|!=|<|>|<=|>=) (-?\w+)", text[end:])
            if match[1]:
                self.put(match[1], "%s %s" % (function.kind, match[1])) if match[1] not in self.variables else None
                self.code.append("%s = %s;" % (match[1], call))
            elif compared:
                self.code.append("(void)(%s %s %s);" % (call, compared[1], compared[2]))
            elif function.kind == "void":
                self.code.append(call + ";")
            else:
                self.code.append("{ __auto_type result_ = %s; (void)result_; }" % call)
        module = self.header.split("/")[1][:-2]
        for word in re.findall(r"\b%s_\w+" % module, text):
            if word not in self.words:
                self.wrong.append("%s stands in no header" % word)
        if not self.code:
            self.wrong.append("no call and no declaration is shown")

    def program(self):
        lines = ["#include <stdbool.h>", "#include <stdint.h>", "#include <stdio.h>", "#include <sys/types.h>", "#include <sysexits.h>",
                 "#include <time.h>", "#include <unistd.h>"]
        lines += ['#include "%s"' % header for header in dict.fromkeys(self.headers)]
        lines += ["void use(void);", "void use(void)", "{"]
        lines += ["\tstatic %s; (void)%s;" % (declaration, name) for name, declaration in self.variables.items()]
        return "\n".join(lines + ["\t" + line for line in self.code] + ["}", ""])


def contract(text):
    """The paragraph `Use:` of a header, on one line; None if there is none."""
    first = re.match(r"/\*\n(.*?)\*/", text, re.S)
    if not first:
        return None
    lines = re.sub(r"(?m)^ \*[ \t]?", "", first[1])
    match = re.search(r"\bUse:(.*?)(?=\n\s*\n|\b(?:%s):|\Z)" % KEYWORDS, lines, re.S)
    return " ".join(match[1].split()) if match else None


def main():
    top, words = sys.argv[1], sys.argv[2:]
    shown = [word[7:] for word in words if word.startswith("--show=")]
    command = [word for word in words if not word.startswith("--show=")]
    src, texts, known, words = os.path.join(top, "src"), {}, {}, set()
    for folder, _, names in sorted(os.walk(src)):
        for name in sorted(names):
            if name.endswith((".h", ".def")):
                header = os.path.relpath(os.path.join(folder, name), src)
                with open(os.path.join(folder, name), encoding="utf-8") as source:
                    text = source.read()
                words.update(re.findall(r"\w+", without_comments(text)))
                if name.endswith(".h"):
                    texts[header] = text
                    known.update(functions(header, text))
    if "-DWITHOUT_LIBMAGIC=1" in command:     # there is no header of that library
        del texts["mail/libmagic.h"]
    uses = [Use(header, contract(text), known, words) for header, text in texts.items() if contract(text)]
    bad = 0
    with tempfile.TemporaryDirectory() as work, concurrent.futures.ThreadPoolExecutor(2) as pool:
        def compiles(use):
            path = os.path.join(work, use.header.replace("/", "_")[:-2] + ".c")
            with open(path, "w", encoding="utf-8") as out:
                out.write(use.program())
            done = subprocess.run([*command, "-I" + src, "-fsyntax-only", "-Wall", "-Werror", path], capture_output=True, text=True, check=False)
            return done.stderr.replace(path, "as C") if done.returncode else ""
        for use, said in zip(uses, pool.map(compiles, uses)):
            if use.header[:-2] in shown:
                print(use.program())
            for line in use.wrong:
                print("src/%s: Use: %s" % (use.header, line))
            if said:
                print("src/%s: Use: does not compile:\n%s\n%s" % (use.header, said, use.program()))
            bad += bool(use.wrong or said)
    if not uses:
        print("no contract was found")
    sys.exit(bool(bad or not uses))


main()
