"""The records of calls and runs, for people: read-only, but a run that was given up may be tried again."""

from calls.admin import cache, calls, dead, runs

__all__ = ["cache", "calls", "dead", "runs"]
