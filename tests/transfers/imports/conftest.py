"""A transfer whose list is imported into, inside its account's scope."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from django_scopes import scope

from actions.contract import Moment
from actions.models import Agent
from transfers import imports
from transfers.action import TransferAction
from transfers.models import NumberImport, TransferDestination

GOOD = ["+33199000010", "+33612345678", "+442079460000", "+14155552671"]


@pytest.fixture
def listed(agent: Agent) -> Iterator[TransferAction]:
    """A transfer with no number yet."""
    with scope(account=agent.account):
        yield TransferAction.objects.create(agent=agent, moment=Moment.DURING, name="transfer")


@pytest.fixture
def upload(listed: TransferAction) -> Callable[..., NumberImport]:
    """An import of a file, checked."""

    def check(content: bytes | str, mode: str = "add", file_name: str = "numbers.csv") -> NumberImport:
        data = content.encode() if isinstance(content, str) else content
        row = imports.open_import(listed, file_name=file_name, content=data, mode=mode)
        imports.start_check(row)
        return row

    return check


def rows_of(action: TransferAction) -> list[tuple[str | None, str]]:
    """What the list holds, in its order."""
    return list(TransferDestination.objects.filter(action=action).values_list("phone", "description"))


def problems_of(row: NumberImport) -> list[tuple[int, str]]:
    return [(problem.line, problem.code) for problem in imports.problems(row)]
