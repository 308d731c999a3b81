"""A directory of 350,000 destinations beside one of 1,000: list page, search in the admin, search of a tool call.

Each step is measured on both in turns; what counts is how many times longer the large one takes. Runs on
``DATABASE_URL``, on SQLite without it, and leaves its database empty. ROWS, ROUNDS.
"""

from __future__ import annotations

import json
import os
import random
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

SMALL = 1_000
LARGE = int(os.environ.get("ROWS", "350000"))
ROUNDS = int(os.environ.get("ROUNDS", "5"))
MOST_TIMES = 3.0

TRADES = """
Agence Facturation Comptabilité Support Accueil Pharmacie Garage Mairie École Clinique Boutique Atelier
Boulangerie Notaire Cabinet Dépôt Entrepôt Bureau Résidence Hôtel
""".split()  # noqa: SIM905
CITIES = """
Lyon Paris Marseille Lille Nantes Bordeaux Toulouse Nice Rennes Grenoble Dijon Angers Nîmes Brest Tours Metz
Orléans Rouen Caen Mulhouse Annecy Pau Bayonne Chambéry Mâcon Beaune Valence Avignon Perpignan Reims
""".split()  # noqa: SIM905
QUESTIONS = {
    "rare words": "martin delacroix",
    "typo": "farmacie de grenobel",
    "common word": "agence",
    "common words": "agence de lyon",
    "a name not there": "zanzibar",
    "end of a number": "00 04 21",
}


def descriptions(count: int) -> Iterator[str]:
    chance = random.Random(4)
    syllables = "ba be bi bo du du fa gar len mar mon ner pel ro sa tel tin val ver vin".split()  # noqa: SIM905
    yield from ("Martin Delacroix", "Delacroix Martin – Lyon")
    for number in range(count - 2):
        name = "".join(chance.choices(syllables, k=3)).capitalize()
        yield f"{chance.choice(TRADES)} {name} – {chance.choice(CITIES)} {number % 97}"


def main() -> None:
    django.setup()
    from django.conf import settings
    from django.test.utils import get_runner, setup_test_environment

    setup_test_environment()
    settings.DEBUG = False
    runner = get_runner(settings)(verbosity=0, interactive=False)
    databases = runner.setup_databases()
    try:
        measure()
    finally:
        runner.teardown_databases(databases)


def measure() -> None:
    from django.db import connection
    from django.test import Client
    from django_scopes import scope

    from accounts.models import Account, Membership, Role, User
    from actions.models import Agent
    from transfers.action import TransferAction
    from transfers.directory import after_bulk_change, search

    account = Account.objects.create(name="Annuaire", slug="annuaire")
    user = User.objects.create(email="annuaire@example.com")
    Membership.objects.create(user=user, account=account, role=Role.EDITOR)
    browser = Client()
    browser.force_login(user)
    figures: dict[str, Any] = {"database": connection.vendor, "rows": LARGE}
    actions = {}
    with scope(account=account):
        agent = Agent.objects.create(account=account, name="A", slug="a")
        for count in (SMALL, LARGE):
            action = TransferAction.objects.create(agent=agent, moment="during", name=f"of_{count}")
            fill(action, count)
            actions[count] = action.pk
            began = time.perf_counter()
            after_bulk_change(action.pk)
            figures[f"brought in step, {count}, rows/s"] = round(count / (time.perf_counter() - began))
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("ANALYZE")
        steps: dict[str, Callable[[int], Any]] = {
            f"tool: {title}": lambda pk, query=query: search(pk, query, language="fr")
            for title, query in QUESTIONS.items()
        }
        base = "/admin/transfers/transferdestination/?action="
        steps["list page"] = lambda pk: opened(browser, f"{base}{pk}")
        steps["list page: only disabled"] = lambda pk: opened(browser, f"{base}{pk}&enabled__exact=0")
        steps["admin search"] = lambda pk: opened(browser, f"{base}{pk}&q=agence+de+lyon")
        report(connection.vendor, figures, {title: timed(step, actions) for title, step in steps.items()})


def fill(action: Any, count: int) -> None:
    from transfers.models import TransferDestination

    rows = (
        TransferDestination(action=action, phone=f"+3363998{number:06d}", description=text)
        for number, text in enumerate(descriptions(count))
    )
    TransferDestination.objects.bulk_create(rows, batch_size=5_000)


def opened(browser: Any, url: str) -> None:
    with unscoped():
        response = browser.get(url)
    assert response.status_code == 200, (url, response.status_code)


@contextmanager
def unscoped() -> Iterator[None]:
    """A request enters its scope itself."""
    from django_scopes import scopes_disabled

    with scopes_disabled():
        yield


def timed(step: Callable[[int], Any], actions: dict[int, int]) -> dict[int, float]:
    """Median milliseconds by size, measured in turns."""
    for pk in actions.values():
        step(pk)
    taken: dict[int, list[float]] = {count: [] for count in actions}
    for _round in range(ROUNDS):
        for count, pk in actions.items():
            began = time.perf_counter()
            step(pk)
            taken[count].append((time.perf_counter() - began) * 1000)
    return {count: statistics.median(values) for count, values in taken.items()}


def report(vendor: str, figures: dict[str, Any], times: dict[str, dict[int, float]]) -> None:
    ratios, missed = {}, []
    print(f"{vendor:<28}{SMALL:>12,}{LARGE:>12,}   times")
    for title, by_size in times.items():
        ratio = by_size[LARGE] / by_size[SMALL]
        print(f"{title:<28}{by_size[SMALL]:>9.1f} ms{by_size[LARGE]:>9.1f} ms{ratio:>8.2f}")
        figures[title] = {str(count): round(value, 2) for count, value in by_size.items()}
        ratios[title] = round(ratio, 2)
        if ratio > MOST_TIMES:
            missed.append(title)
    targets = dict.fromkeys(ratios, MOST_TIMES)
    print(
        json.dumps({"bench": "directory", "figures": figures, "ratios": ratios, "targets": targets, "missed": missed})
    )


if __name__ == "__main__":
    main()
