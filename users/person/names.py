"""Names for codes that people's pages show; the apps above know them and register them when they start."""

from collections.abc import Callable, Mapping

_stream_names: list[Callable[[], Mapping[str, str]]] = []


def register_stream_names(names: Callable[[], Mapping[str, str]]) -> None:
    """Let ``names()`` say what the streams are called: code to name, in the order of the school."""
    _stream_names.append(names)


def stream_names() -> dict[str, str]:
    """Every described stream: code to name."""
    return {code: name for names in _stream_names for code, name in names().items()}
