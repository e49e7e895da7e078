"""Every list of paths and modules in pyproject.toml names what exists: a rule for a file that moved holds nothing."""

import importlib.util
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.test_repository import FLOORS, OUR_PACKAGES, ROOT, files, modules, name_of

PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
TOOLS: dict[str, Any] = PROJECT["tool"]
LINTER: dict[str, Any] = TOOLS["importlinter"]


def dotted(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


OURS = {dotted(path) for path in modules()}
MADE = (ROOT / ".gitignore").read_text().splitlines()


def exists(module: str) -> bool:
    """Whether a module of ours, or of a library, has the name; ``x.*`` and ``x.**`` mean what is inside x."""
    if module in {"*", "**"}:
        return True
    if module.startswith("*."):
        return any(name.endswith(module[1:]) for name in OURS)
    outer = re.sub(r"\.\*+$", "", module)
    return outer in OURS or importlib.util.find_spec(outer) is not None


def paths_of_ruff() -> Iterator[str]:
    yield from TOOLS["ruff"]["extend-exclude"]
    yield from TOOLS["ruff"]["lint"]["per-file-ignores"]


@pytest.mark.parametrize("pattern", list(paths_of_ruff()))
def test_ruff_names_files_that_exist(pattern: str) -> None:
    assert any(ROOT.glob(pattern))


@pytest.mark.parametrize("name", TOOLS["ruff"]["lint"]["isort"]["known-first-party"])
def test_isort_names_packages_that_exist(name: str) -> None:
    assert (ROOT / name).is_dir()


def test_isort_knows_all_our_packages() -> None:
    packages = {path.relative_to(ROOT).parts[0] for path in modules() if len(path.relative_to(ROOT).parts) > 1}

    assert set(TOOLS["ruff"]["lint"]["isort"]["known-first-party"]) == packages


@pytest.mark.parametrize("name", TOOLS["ruff"]["lint"]["flake8-tidy-imports"]["banned-api"])
def test_banned_modules_exist(name: str) -> None:
    assert exists(name)


def modules_of_mypy() -> Iterator[str]:
    for rule in TOOLS["mypy"]["overrides"]:
        yield from [rule["module"]] if isinstance(rule["module"], str) else rule["module"]


@pytest.mark.parametrize("name", list(modules_of_mypy()))
def test_mypy_names_modules_that_exist(name: str) -> None:
    assert exists(name)


@pytest.mark.parametrize("pattern", TOOLS["mypy"]["exclude"])
def test_mypy_leaves_out_what_exists_or_what_tools_make(pattern: str) -> None:
    made = [line for line in MADE if re.search(pattern, line)]

    assert made or any(re.search(pattern, name_of(path)) for path in files("*.py"))


@pytest.mark.parametrize("name", [*TOOLS["mypy"]["untyped_calls_exclude"]])
def test_mypy_names_libraries_that_exist(name: str) -> None:
    assert exists(name)


@pytest.mark.parametrize("pattern", TOOLS["setuptools"]["packages"]["find"]["include"])
def test_packages_exist(pattern: str) -> None:
    assert [path for path in ROOT.glob(pattern) if (path / "__init__.py").exists()]


@pytest.mark.parametrize("folder", TOOLS["pytest"]["ini_options"]["testpaths"])
def test_folders_of_tests_exist(folder: str) -> None:
    assert (ROOT / folder).is_dir()


def modules_of_the_layers() -> Iterator[str]:
    yield from LINTER["root_packages"]
    for contract in LINTER["contracts"]:
        yield from contract.get("source_modules", ())
        yield from contract.get("forbidden_modules", ())
        containers = contract.get("containers", [""])
        yield from filter(None, containers)
        for layer in contract.get("layers", ()):
            for name in re.split(r"\s*[|:]\s*", layer):
                yield from (f"{container}.{name}".lstrip(".") for container in containers)
        for imports in contract.get("ignore_imports", ()):
            yield from imports.split(" -> ")


@pytest.mark.parametrize("name", sorted(set(modules_of_the_layers())))
def test_import_linter_names_modules_that_exist(name: str) -> None:
    assert exists(name)


def test_what_the_layers_leave_out_exists() -> None:
    left_out = {
        f"{container}/{name}"
        for contract in LINTER["contracts"]
        for container in contract.get("containers", ())
        for name in contract.get("exhaustive_ignores", ())
    }

    assert left_out
    assert {name for name in left_out if not (ROOT / name).is_dir()} == set()


def test_every_package_of_ours_stands_in_the_layers() -> None:
    not_linted = {"tests", "benchmarks"}
    packages = set(TOOLS["ruff"]["lint"]["isort"]["known-first-party"])

    assert set(LINTER["root_packages"]) == packages - not_linted


# Our own lists --------------------------------------------------------------------------------------------------------


def test_floors_of_the_templates_are_the_folders_of_ours() -> None:
    folders = {name for name in ("_shared", *OUR_PACKAGES) if (ROOT / "templates" / name).is_dir()}

    assert folders == set(FLOORS)


def test_packages_of_the_product_are_those_of_the_wheel() -> None:
    assert {f"{name}*" for name in OUR_PACKAGES} == set(TOOLS["setuptools"]["packages"]["find"]["include"])


def test_what_make_quick_leaves_out_exists() -> None:
    slow = re.search(r"^SLOW := .*,(.*)\)$", (ROOT / "Makefile").read_text(), re.MULTILINE)

    assert slow
    assert [path for path in slow[1].split() if not (ROOT / path).exists()] == []
