"""The records of calls and runs, for people: read-only, but a run that was given up may be tried again."""

from calls.admin import calls, runs

__all__ = ["calls", "runs"]
