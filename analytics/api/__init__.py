"""The JSON routes of what is derived: events, growth, free lessons."""

from analytics.api import daily

ROUTERS = (daily.router,)

__all__ = ["ROUTERS"]
