"""Checks how the TOML files are written, so that every list has one order and diffs stay small.

Dependencies and the items of lists are sorted, block by block: an empty line or a comment starts a new block.
"""

import pathlib
import re
import sys

MAX_WIDTH = 120
DEPENDENCIES = re.compile(r"^\[(.+\.)?(dev-|build-)?dependencies\]$")
ASSIGNMENT = re.compile(r"^[\w.\"-]+\s*=")
TIDY_ASSIGNMENT = re.compile(r"^[\w.\"-]+ = \S")
LIST = re.compile(r"^[\w-]+ = \[$")


def toml_files() -> list[pathlib.Path]:
    skipped = {"target", ".git"}
    return sorted(path for path in pathlib.Path(".").rglob("*.toml") if not skipped.intersection(path.parts))


def sortable(line: str, table: str, in_list: bool) -> str | None:
    """What the line is sorted by, None if its place is free."""
    if in_list:
        return line.strip() if line.startswith('    "') else None
    if DEPENDENCIES.match(table) and not line.startswith((" ", "#", "[", "]")):
        return line.split(" = ")[0] or None
    return None


def problems(text: str) -> list[tuple[int, str]]:
    found = []
    table, in_list, previous = "", False, None
    for number, line in enumerate(text.splitlines(), 1):
        if line != line.rstrip() or "\t" in line:
            found.append((number, "tab or trailing space"))
        if len(line) > MAX_WIDTH:
            found.append((number, f"wider than {MAX_WIDTH}"))
        if ASSIGNMENT.match(line) and not TIDY_ASSIGNMENT.match(line):
            found.append((number, "one space on each side of ="))
        if line.startswith("["):
            table, previous = line, None
        in_list = line != "]" and (in_list or bool(LIST.match(line)))
        key = sortable(line, table, in_list)
        if key and previous and key < previous:
            found.append((number, f"{key} belongs before {previous}"))
        previous = key
    if not text.endswith("\n") or text.endswith("\n\n"):
        found.append((text.count("\n"), "ends with one line break"))
    return found


def main() -> int:
    failed = False
    for path in toml_files():
        for number, problem in problems(path.read_text()):
            failed = True
            print(f"{path}:{number}: {problem}", file=sys.stderr)
    return int(failed)


sys.exit(main())
