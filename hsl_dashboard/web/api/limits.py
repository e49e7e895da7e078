"""How often somebody may call: counted in Redis for all processes together.

Without Redis each process counts for itself (availability/cache.py): the limit is then as many times higher as there
are processes, and still there. Nobody is refused because Redis is away.
"""

import time
from dataclasses import dataclass

from django.core.cache import cache

from hsl_dashboard.web.api.answers import ApiError

TOO_MANY = "Too many requests"


@dataclass(frozen=True)
class Rate:
    """At most so many calls in so many seconds."""

    name: str
    calls: int
    seconds: int = 60

    def count(self, who: str) -> None:
        """Count a call.

        Raises:
            ApiError: it was one too many; ``Retry-After`` says when the next one may come.
        """
        window, left = self._window()
        key = f"api-rate:{self.name}:{who}:{window}"
        cache.add(key, 0, self.seconds)
        try:
            number = cache.incr(key)
        except ValueError:  # it ended between the two calls
            return
        if number > self.calls:
            raise self._refusal(left)

    def require_room(self, who: str) -> None:
        """Refuse whoever has used up the limit, without counting this call.

        Raises:
            ApiError: as ``count`` does.
        """
        window, left = self._window()
        if cache.get(f"api-rate:{self.name}:{who}:{window}", 0) >= self.calls:
            raise self._refusal(left)

    def _window(self) -> tuple[int, int]:
        now = int(time.time())
        return now // self.seconds, self.seconds - now % self.seconds

    @staticmethod
    def _refusal(left: int) -> ApiError:
        return ApiError(429, TOO_MANY, headers={"Retry-After": str(left)})


CALLS = Rate("calls", 300)  # by one token or one member of staff
WRITES = Rate("writes", 60)
CALLS_FROM = Rate("from", 900)  # from one address
REFUSED = Rate("refused", 30)  # wrong tokens from one address
