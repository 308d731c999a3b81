"""What a summary says of a period: counted once per account and period, in the account's scope."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from django.db.models import Avg, Count, Q

from actions.contract import Moment
from actions.models import Classifier
from calls.digests.periods import Period
from calls.models import Call, CallState, Run, RunState

MOST_LABELS = 12
AT_ONCE = 2000


@dataclass(frozen=True, slots=True)
class Figures:
    """``labels`` are those of the main classifications, the most frequent first."""

    calls: int
    completed: int
    average_s: float | None
    agents: list[tuple[str, int]]
    labels: list[tuple[str, int]]
    failed: int
    dead: int


def figures_of(period: Period) -> Figures:
    calls = Call.objects.filter(begun_at__gte=period.begins_at, begun_at__lt=period.ends_at).order_by()
    totals = calls.aggregate(
        calls=Count("pk"), completed=Count("pk", filter=Q(state=CallState.COMPLETED)), average_s=Avg("duration_s")
    )
    agents = calls.values_list("agent__name").annotate(n=Count("pk")).order_by("-n", "agent__name")
    runs = Run.objects.filter(created_at__gte=period.begins_at, created_at__lt=period.ends_at).order_by()
    return Figures(
        **totals,
        agents=list(agents[:MOST_LABELS]),
        labels=_labels(period),
        failed=runs.filter(state=RunState.FAILED).count(),
        dead=runs.filter(state=RunState.DEAD, moment=Moment.AFTER).count(),
    )


def _labels(period: Period) -> list[tuple[str, int]]:
    main = dict(Classifier.objects.filter(is_main=True).values_list("agent_id", "name"))
    counts: Counter[str] = Counter()
    calls = Call.objects.filter(begun_at__gte=period.begins_at, begun_at__lt=period.ends_at, agent__in=main)
    rows = calls.order_by().values_list("agent_id", "classifications")
    for agent_id, classifications in rows.iterator(chunk_size=AT_ONCE):
        if label := str(classifications.get(main[agent_id]) or ""):
            counts[label] += 1
    return counts.most_common(MOST_LABELS)
