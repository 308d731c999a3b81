"""What is left when the dust has settled: every action's state, every email, every duplicate."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any


def verdict(agent: Any, calls: int, mails: Path, requests: Path) -> dict[str, int]:
    """Counts; those that must be 0 are in :data:`MUST_BE_NONE`."""
    from django_scopes import scope

    from calls.models import Run
    from notifications.models import Delivery

    with scope(account=agent.account_id):
        runs = list(Run.objects.filter(moment="after").only("action_name", "state", "error_code", "attempt"))
        ids = dict(Delivery.objects.filter(channel="email").values_list("run_id", "message_id"))
    states = Counter(run.state for run in runs)
    arrived = Counter(mails.read_text().split())
    keys = Counter(line.split()[1] for line in requests.read_text().splitlines())
    # A step's key begins with the run's.
    runs_heard = {key[:36] for key in keys}
    done = [run for run in runs if run.state == "succeeded"]
    return {
        "calls": calls,
        "actions": len(runs),
        "succeeded": states["succeeded"],
        "dead": states["dead"],
        "retried": sum(run.attempt > 1 for run in runs),
        "actions_missing": 3 * calls - len(runs),
        "unsettled": len(runs) - states["succeeded"] - states["dead"],
        "dead_without_reason": sum(run.state == "dead" and not run.error_code for run in runs),
        "mails": sum(arrived.values()),
        "mails_doubled": sum(arrived.values()) - len(arrived),
        "mails_lost": sum(run.action_name == "warn" and ids.get(run.pk) not in arrived for run in done),
        "mails_unknown": len(set(arrived) - set(ids.values())),
        "requests": sum(keys.values()),
        "requests_doubled": sum(keys.values()) - len(keys),
        "requests_lost": sum(run.action_name != "warn" and str(run.pk) not in runs_heard for run in done),
        "requests_without_key": keys["none"],
    }


MUST_BE_NONE = (
    *("actions_missing", "unsettled", "dead_without_reason", "mails_lost", "mails_unknown"),
    *("requests_lost", "requests_without_key"),
)
