"""Steps of imports in processes of their own: ``prepare``, ``die``, ``recover``, ``cancel``, ``race``.

Every line that is printed is read by ``test_workers.py``.
"""

from __future__ import annotations

import datetime as dt
import os
import signal
import sys
import threading
import time
from typing import Any

LINES = 15_000
CONTENT = "phone,description\n" + "".join(f"+3361{number:07},Ligne {number}\n" for number in range(LINES))


def prepare() -> None:
    from django.core.management import call_command

    from accounts.models import Account
    from actions.contract import Moment
    from actions.models import Agent
    from transfers import imports
    from transfers.action import TransferAction

    call_command("migrate", verbosity=0)
    account = Account.objects.create(name="Mutuelle", slug=f"mutuelle-{time.time_ns()}")
    agent = Agent.objects.create(account=account, name="Accueil", slug="accueil")
    action = TransferAction.objects.create(agent=agent, moment=Moment.DURING, name="transfer")
    action.destinations.create(phone="+33199000010", description="Known")
    row = imports.open_import(action, file_name="numbers.csv", content=CONTENT.encode(), mode="replace")
    imports.work(row.pk)
    row.refresh_from_db()
    # As `confirm` does, without waking anybody.
    type(row).objects.filter(pk=row.pk).update(state="confirmed")
    tell(row)


def tell(row: Any) -> None:
    from transfers.models import TransferDestination

    row.refresh_from_db()
    print(row.state, TransferDestination.objects.filter(action=row.action_id).count(), flush=True)


def die(row: Any) -> None:
    """Killed by the system when half of the rows are written."""
    from transfers import imports
    from transfers.imports import working

    def kill(_pulse: Any, _rows: int) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    working._Pulse.wrote = kill  # type: ignore[method-assign]
    imports.work(row.pk)


def recover(row: Any) -> None:
    """The state that is found, then the state after the sweep and another worker."""
    from django.utils import timezone

    from transfers import imports
    from transfers.imports import flow

    woken: list[Any] = []
    flow.wake_worker = lambda import_id, _account_id: woken.append(import_id)
    tell(row)
    type(row).objects.update(lease_until=timezone.now() - dt.timedelta(seconds=1))
    assert imports.sweep()["released"] == 1
    assert woken == [row.pk]
    tell(row)
    imports.work(row.pk)
    tell(row)


def cancel(row: Any) -> None:
    """Cancelled by somebody else when half of the rows are written; on SQLite, with one writer, before the first."""
    from django.db import connection

    from transfers import imports
    from transfers.imports import working

    step = "wrote" if connection.vendor == "postgresql" else "beat"
    original = getattr(working._Pulse, step)
    cancelled: list[bool] = []

    def slow(pulse: Any, rows: int) -> None:
        if not cancelled:
            thread = threading.Thread(target=lambda: cancelled.append(_cancel(row.pk)))
            thread.start()
            thread.join()
            pulse.last_s = 0.0
        original(pulse, rows)

    setattr(working._Pulse, step, slow)
    imports.work(row.pk)
    print(cancelled)
    tell(row)


def _cancel(pk: Any) -> bool:
    from django.db import connection
    from django_scopes import scopes_disabled

    from transfers import imports
    from transfers.models import NumberImport

    with scopes_disabled():
        try:
            return imports.cancel(NumberImport.objects.get(pk=pk))
        finally:
            connection.close()


def race(row: Any) -> None:
    """Two imports into the same action at once, one of which knows numbers that the other has, too."""
    from django.db import connection
    from django_scopes import scopes_disabled

    from transfers import imports
    from transfers.models import NumberImport

    other = imports.open_import(row.action, file_name="other.csv", content=CONTENT.encode(), mode="add")
    imports.work(other.pk)
    NumberImport.objects.filter(pk__in=[row.pk, other.pk]).update(state="confirmed", mode="add")

    def work(pk: Any) -> None:
        with scopes_disabled():
            imports.work(pk)
        connection.close()

    threads = [threading.Thread(target=work, args=[each.pk]) for each in (row, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for each in (row, other):
        each.refresh_from_db()
    print(sorted((each.state, each.counts["new"], each.counts["same"]) for each in (row, other)))
    tell(row)


def main(step: str) -> None:
    import django

    django.setup()

    from django_scopes import scopes_disabled

    from transfers.models import NumberImport

    with scopes_disabled():
        if step == "prepare":
            prepare()
        else:
            steps = {"die": die, "recover": recover, "cancel": cancel, "race": race}
            steps[step](NumberImport.objects.get())


if __name__ == "__main__":
    main(sys.argv[1])
