"""The environment of a production, read."""

import pytest

from hsl_dashboard.environment.variables import Environment
from tests.hsl_dashboard.production import environment_of


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch):
    """Read the variables of a production that differs."""

    def read_with(**changes: str) -> Environment:
        for name, value in environment_of(**changes).items():
            monkeypatch.setenv(name, value)
        return Environment.read()

    return read_with
