"""What an import of numbers costs, end to end: open, check every line, confirm, write, with every bad line reported.

Beside it in the same run, round by round: django-import-export with its bulk options, bare COPY (PostgreSQL) or
executemany (SQLite) of the clean rows into the same indexed table; and once, django-import-export's defaults on 2,000
rows, extrapolated. The list and the report are checked before anything is timed. Runs on SQLite in a directory of its
own, or on DATABASE_URL. Prints a table and, last, one line of JSON.

    make bench-import            ROUNDS=3 by default
"""

from __future__ import annotations

import gc
import json
import os
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from typing import Any

from bench.product import set_up

ROUNDS = int(os.environ.get("ROUNDS", "3"))
SIZE = 5 * 1000 * 1000
DEFAULTS_ROWS = 2_000
COUNTRIES = ("FR", "GB", "DE", "US", "ES", "IT", "BE", "CH", "CA", "MA", "TN", "PL", "NL", "PT", "IN", "JP", "SE", "RO")
BAD_SHARE, DUPLICATE_SHARE = 0.02, 0.03


def prefixes(rng: random.Random) -> list[str]:
    """Starts of good numbers, five digits short of them."""
    import phonenumbers

    from transfers.numbers import verdict

    found = []
    for region in COUNTRIES:
        for kind in (phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE):
            example = phonenumbers.example_number_for_type(region, kind)
            if example:
                start = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)[:-5]
                if all(verdict(f"{start}{rng.randrange(100_000):05}") is None for _try in range(200)):
                    found.append(start)
    return found


def table(rng: random.Random) -> tuple[bytes, list[tuple[str, str]], int]:
    """The file, its clean rows in order, and how many bad lines it has."""
    starts = prefixes(rng)
    lines, clean, bad = ["phone,description"], [], 0
    seen: set[str] = set()
    size = len(lines[0]) + 1
    while True:
        share, text = rng.random(), f"Agence {rng.randrange(10_000)} Lyon"
        phone = f"{rng.choice(starts)}{rng.randrange(100_000):05}"
        if share < BAD_SHARE:
            phone = f"+336{rng.randrange(100_000):05}" if rng.random() < 0.5 else f"06 {rng.randrange(10**8):08}"
        elif share < BAD_SHARE + DUPLICATE_SHARE and clean:
            phone = rng.choice(clean)[0]
        line = f"{phone},{text}"
        size += len(line) + 1
        if size > SIZE:
            return ("\n".join(lines) + "\n").encode(), clean, bad
        lines.append(line)
        bad += share < BAD_SHARE
        if share >= BAD_SHARE and phone not in seen:
            seen.add(phone)
            clean.append((phone, text))


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    gc.collect()
    began_s = time.perf_counter()
    result = work()
    return time.perf_counter() - began_s, result


def product(action: Any, content: bytes) -> Any:
    from transfers import imports

    row = imports.open_import(action, file_name="bench.csv", content=content, mode="add")
    imports.work(row.pk)
    row.refresh_from_db()
    imports.confirm(row, skip_bad_lines=True)
    imports.work(row.pk)
    row.refresh_from_db()
    return row


def floor(action: Any, clean: list[tuple[str, str]]) -> None:
    """Nothing but the rows: the same table, indexes and constraints."""
    from django.db import connection, transaction

    columns = "action_id, type, phone, description, enabled, time_slots, position"
    table_name = "transfers_transferdestination"
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {table_name} ({columns}) FROM STDIN") as copy:
                text = [
                    f"{action.pk}\tnumber\t{phone}\t{text}\tt\t[]\t{at}\n" for at, (phone, text) in enumerate(clean)
                ]
                copy.write("".join(text))
        else:
            rows = [(action.pk, phone, text, at) for at, (phone, text) in enumerate(clean)]
            cursor.executemany(f"INSERT INTO {table_name} ({columns}) VALUES (%s, 'number', %s, %s, 1, '[]', %s)", rows)


def stock(action: Any, content: bytes, *, bulk: bool) -> Any:
    import tablib
    from import_export.resources import ModelResource

    from transfers.models import TransferDestination

    options: dict[str, Any] = {"model": TransferDestination, "fields": ("phone", "description")}
    options |= {"import_id_fields": ("phone",), "clean_model_instances": True}
    if bulk:
        options |= {"use_bulk": True, "batch_size": 1000, "skip_diff": True, "force_init_instance": True}
        options |= {"clean_model_instances": False}

    class Stock(ModelResource):
        Meta = type("Meta", (), options)

        def init_instance(self, row: Any = None) -> Any:
            return TransferDestination(action_id=action.pk)

    data = tablib.Dataset().load(content.decode(), format="csv")
    return Stock().import_data(data, use_transactions=True)


def csv_of(rows: list[tuple[str, str]]) -> bytes:
    return ("phone,description\n" + "".join(f"{phone},{text}\n" for phone, text in rows)).encode()


def main() -> None:
    with tempfile.TemporaryDirectory() as data_dir:
        set_up(data_dir)
        from django.db import connection
        from django_scopes import scope

        from accounts.models import Account
        from actions.contract import Moment
        from actions.models import Agent
        from transfers.action import TransferAction
        from transfers.imports import flow, working

        flow.wake_worker = lambda *_given: None
        working._after = lambda _action_id: None
        content, clean, bad = table(random.Random(7))
        lines = content.count(b"\n") - 1
        account = Account.objects.create(name="Bench", slug=f"bench-{time.time_ns()}")
        with scope(account=account):
            agent = Agent.objects.create(account=account, name="Bench", slug="bench")
            number = iter(range(1_000_000))

            def action() -> Any:
                return TransferAction.objects.create(agent=agent, moment=Moment.DURING, name=f"t{next(number)}")

            check(action(), content, clean, bad)
            samples: dict[str, list[float]] = {"product": [], "floor": [], "stock_bulk": []}
            for _round in range(ROUNDS):
                target = action()
                samples["product"].append(lines / timed(lambda target=target: product(target, content))[0])
                target = action()
                samples["floor"].append(len(clean) / timed(lambda target=target: floor(target, clean))[0])
                target = action()
                took_s = timed(lambda target=target: stock(target, csv_of(clean), bulk=True))[0]
                samples["stock_bulk"].append(len(clean) / took_s)
            few = clean[:DEFAULTS_ROWS]
            target = action()
            defaults = len(few) / timed(lambda: stock(target, csv_of(few), bulk=False))[0]
            TransferAction.objects.filter(agent=agent).delete()
        account.delete()
        report(connection.vendor, lines, bad, samples, defaults)


def check(action: Any, content: bytes, clean: list[tuple[str, str]], bad: int) -> None:
    """The list is the clean rows in their order, and every bad line is reported."""
    from transfers import imports

    row = product(action, content)
    assert row.state == "done", (row.state, row.error)
    assert list(action.destinations.values_list("phone", "description")) == clean
    assert row.counts["bad"] == bad == sum(not problem.is_notice for problem in imports.problems(row))


def report(database: str, lines: int, bad: int, samples: dict[str, list[float]], defaults: float) -> None:
    rates = {name: statistics.median(found) for name, found in samples.items()} | {"stock_defaults": defaults}
    print(f"{lines:,} lines, {bad:,} of them bad, {SIZE / 1e6:.1f} MB, {database}; medians of {ROUNDS} rounds")
    for name, rate in rates.items():
        print(f"{name:16}{rate:12,.0f} rows/s")
    figures = {"lines": lines, "bad": bad} | {f"{name}_rows_s": round(rate) for name, rate in rates.items()}
    ratios = {f"over_{name}": round(rates["product"] / rates[name], 2) for name in rates if name != "product"}
    targets = {"over_stock_bulk": 6, "over_stock_defaults": 70}
    least = 90_000 if database == "postgresql" else 60_000
    if database == "postgresql":
        targets["over_floor"] = 0.4
    missed = [name for name, target in targets.items() if ratios[name] < target]
    missed += ["product_rows_s"] if rates["product"] < least else []
    targets["product_rows_s"] = least
    print(
        json.dumps(
            {
                "bench": f"import-{database}",
                "figures": figures,
                "ratios": ratios,
                "targets": targets,
                "missed": missed,
            }
        )
    )


if __name__ == "__main__":
    main()
