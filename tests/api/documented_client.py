"""A client as a newcomer writes it, out of docs/api.md and /api/docs alone: no import of ours, the standard library."""

import json
import re
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from typing import Any


class Refused(Exception):
    def __init__(self, status: int, body: dict[str, Any]) -> None:
        super().__init__(f"{status}: {body['error']}")
        self.status, self.body = status, body


class Dashboard:
    def __init__(self, address: str, token: str) -> None:
        self.address, self.token = address.rstrip("/"), token
        self.kept: dict[str, tuple[str, Any]] = {}  # ETag and answer by path

    def get(self, path: str) -> Any:
        """Ask again only for what has changed."""
        headers = {"If-None-Match": self.kept[path][0]} if path in self.kept else {}
        status, answer, headers = self._ask("GET", path, None, headers)
        if status == 304:
            return self.kept[path][1]
        self.kept[path] = headers["ETag"], answer
        return answer

    def all(self, path: str) -> Iterator[Any]:
        """Every row of a long list: the header Link leads to the next piece."""
        following: str | None = path
        while following:
            _status, rows, headers = self._ask("GET", following, None, {})
            yield from rows
            found = re.match(r'<([^>]+)>; rel="next"', headers.get("Link", ""))
            following = found[1] if found else None

    def send(self, method: str, path: str, body: Any = None) -> Any:
        """The same key with each try: the work is done once."""
        key = {"Idempotency-Key": str(uuid.uuid4())}
        for _try in range(3):
            try:
                return self._ask(method, path, body, key)[1]
            except Refused as refused:
                if refused.status not in {429, 503}:
                    raise
                time.sleep(1)
        raise TimeoutError(path)

    def _ask(self, method: str, path: str, body: Any, headers: dict[str, str]) -> tuple[int, Any, Any]:
        request = urllib.request.Request(
            self.address + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self.token}", "Content-Type": "application/json", **headers},
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                return response.status, json.load(response), response.headers
        except urllib.error.HTTPError as error:
            if error.code == 304:
                return 304, None, error.headers
            raise Refused(error.code, json.load(error)) from None
