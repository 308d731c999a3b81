"""The product in a benchmark's own process: Django set up, the database migrated."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def set_up(data_dir: str) -> None:
    """On DATABASE_URL, or on SQLite in ``data_dir``; pinned to one core where the system lets us."""
    sys.path[:0] = [str(ROOT), str(ROOT / "platform")]
    os.environ["DATA_DIR"] = data_dir
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django
    from django.core.management import call_command

    django.setup()
    logging.disable(logging.INFO)
    call_command("migrate", verbosity=0)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
