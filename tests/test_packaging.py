"""The wheel and a tree without demo/: the whole product, and nothing of the demo, the tests and the benchmarks."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.hsl_dashboard.production import environment_of
from tests.test_repository import NOT_OURS, OUR_PACKAGES, ROOT

MADE_HERE = shutil.ignore_patterns(*NOT_OURS, ".env", "*_cache", "*.egg-info", "__pycache__", "*.mo", ".hypothesis")


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project, as it would be in a fresh clone."""
    return Path(shutil.copytree(ROOT, tmp_path_factory.mktemp("packaging") / "tree", ignore=MADE_HERE))


@pytest.fixture(scope="module")
def product(tree: Path) -> set[str]:
    """Every file of the product's packages."""
    return {
        str(path.relative_to(tree))
        for package in OUR_PACKAGES
        for path in (tree / package).rglob("*")
        if path.is_file()
    }


@pytest.mark.timeout(180)
def test_the_wheel_holds_the_product_and_nothing_else(tree: Path, product: set[str], tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pip", "wheel", "--no-build-isolation", "--no-deps", "--no-index", "--quiet"]
    # A copy of its own: building leaves folders behind.
    source = shutil.copytree(tree, tmp_path / "source")
    done = subprocess.run(
        [*command, "--wheel-dir", tmp_path, source], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr

    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        inside = {name for name in wheel.namelist() if ".dist-info/" not in name}

    assert {f"{package}/__init__.py" for package in OUR_PACKAGES} <= product
    assert any(name.endswith("/django.po") for name in product)
    assert inside == product


def check_without_demo(tree: Path, folder: Path, **changes: str) -> "subprocess.CompletedProcess[str]":
    place = shutil.copytree(tree, folder / "tree", ignore=shutil.ignore_patterns("demo", "tests", "benchmarks"))
    command = [sys.executable, "manage.py", "check"]
    return subprocess.run(
        command, cwd=place, env=environment_of(**changes), capture_output=True, text=True, check=False
    )


def test_production_is_whole_without_the_demo(tree: Path, tmp_path: Path) -> None:
    done = check_without_demo(tree, tmp_path)

    assert (done.returncode, done.stderr) == (0, "")


def test_development_is_whole_without_the_demo(tree: Path, tmp_path: Path) -> None:
    done = check_without_demo(tree, tmp_path, DEBUG="true")

    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("debug", ["true", "false"])
def test_without_the_demo_the_start_asks_for_servers(debug: str, tree: Path, tmp_path: Path) -> None:
    done = check_without_demo(tree, tmp_path, DEBUG=debug, DATABASE_URL="", REDIS_URL="")

    database, redis = done.stderr.splitlines()
    assert done.returncode == 1
    assert database.startswith("DATABASE_URL is not set. Set it to ")
    assert redis.startswith("REDIS_URL is not set. Set it to ")
    assert "Or run from a checkout" in database and "Or run from a checkout" in redis


@pytest.mark.parametrize("folder", ["demo", "tests", "benchmarks"])
def test_the_image_does_not_copy_what_is_no_product(folder: str) -> None:
    assert folder in (ROOT / ".dockerignore").read_text().splitlines()
