"""docs/security.md: every file and every test that it names is there, and the test runs."""

import ast
import re
from collections import Counter

from tests.test_repository import ROOT, files

PAGE = (ROOT / "docs" / "security.md").read_text()
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE.splitlines()
    if line.startswith("| ") and not line.startswith("| item")
]
TESTS = Counter(
    node.name
    for path in files("tests/**/test_*.py")
    for node in ast.walk(ast.parse(path.read_text()))
    if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
)


def test_each_row_names_code_and_a_test_that_are_there():
    wrong = []
    for item, _how, code, test in ROWS:
        [path], [name] = re.findall(r"`([^`]+)`", code), re.findall(r"`([^`]+)`", test)
        if not (ROOT / path).exists():
            wrong.append(f"{item}: no {path}")
        if TESTS[name] != 1:
            wrong.append(f"{item}: {TESTS[name]} tests are named {name}")

    assert wrong == []
    assert len(ROWS) > 60


def test_every_chapter_of_the_standard_is_spoken_of():
    numbers = {int(number) for number in re.findall(r"\b(\d{1,2})\.\d+\.\d+", PAGE)}
    left = {int(number) for number in re.findall(r"\bV(\d+)", PAGE)}

    assert numbers | left == set(range(1, 15))
    assert numbers >= {1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 14}
