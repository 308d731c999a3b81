"""Files of numbers through the API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django_scopes import scope

from actions.contract import Moment
from actions.models import Agent
from tests.api.conftest import Api, assert_problem
from transfers import imports
from transfers.action import TransferAction
from transfers.models import NumberImport

AT = "agents/accueil/actions/transfer"
FILE = b"phone;description;city\n+33612345678;Paul;Lyon\n06 12 34 56 79;Lea;Brest\n"


@pytest.fixture
def listed(agent: Agent) -> TransferAction:
    with scope(account=agent.account):
        return TransferAction.objects.create(agent=agent, moment=Moment.DURING, name="transfer")


@pytest.fixture
def upload(listed: TransferAction, api: Api) -> Callable[..., Any]:
    def send(content: bytes, by: Api = api, **fields: str) -> Any:
        headers = {"Authorization": f"Bearer {by.key}"} if by.key else {}
        form = {"file": SimpleUploadedFile("numbers.csv", content), **fields}
        return by.client.post(f"/api/v1/{AT}/imports", form, headers={"Accept-Language": "en", **headers})

    return send


def test_a_file_is_uploaded_looked_at_confirmed_and_exported(upload: Callable[..., Any], api: Api) -> None:
    answer = upload(FILE)
    assert answer.status_code == 201, answer.content
    body = answer.json()
    assert (body["state"], body["counts"]["bad"], body["ignored_columns"]) == ("checked", 1, ["city"])
    assert body["preview"] == [[2, "+33612345678", "Paul"]]
    (problem,) = body["problems"]
    assert (problem["line"], problem["suggestion"]) == (3, "+33612345679")

    one = f"{AT}/imports/{body['id']}"
    assert api.get(one).json() == body
    assert [row["id"] for row in api.get(f"{AT}/imports").json()["results"]] == [body["id"]]
    refused = api.post(f"{one}/confirm", {})
    assert (refused.status_code, refused.json()["reason"]) == (422, "bad_lines")
    report = api.get(f"{one}/report")
    assert b"3;06 12 34 56 79;" in report.content

    done = api.post(f"{one}/confirm", {"take_suggestions": True}).json()
    assert (done["state"], done["counts"]["new"], done["takes_suggestions"]) == ("done", 2, True)
    assert api.post(f"{one}/confirm", {}).status_code == 409
    assert api.post(f"{one}/cancel").status_code == 409
    exported = api.get(f"{AT}/export")
    assert exported.getvalue().decode("utf-8-sig").splitlines()[1:] == ["+33612345678,Paul", "+33612345679,Lea"]
    assert api.get(f"{AT}/export?as=xlsx").getvalue().startswith(b"PK")
    assert api.get(f"{AT}/export?as=pdf").status_code == 422


def test_an_import_is_cancelled(upload: Callable[..., Any], api: Api) -> None:
    one = f"{AT}/imports/{upload(FILE).json()['id']}"
    assert api.post(f"{one}/cancel").json()["state"] == "cancelled"
    assert api.post(f"{one}/confirm", {"skip_bad_lines": True}).status_code == 409


@pytest.mark.parametrize(
    ("content", "status", "reason"),
    [
        (b"", 422, "empty"),
        (b"name\nPaul\n", 422, "missing_column"),
        (b"phone\n".ljust(imports.LARGEST_FILE + 1), 413, "too_large"),
    ],
)
def test_a_file_that_cannot_be_imported_is_refused(
    content: bytes, status: int, reason: str, upload: Callable[..., Any]
) -> None:
    answer = upload(content)
    assert answer.status_code == status
    assert assert_problem(answer)["reason"] == reason
    assert assert_problem(answer)["detail"]


def test_5_mb_and_no_more_come_through_a_server(upload: Callable[..., Any]) -> None:
    assert upload(b"phone\n+33612345678\n".ljust(imports.LARGEST_FILE, b"\n")).status_code == 201
    assert assert_problem(upload(b"x" * 2 * imports.LARGEST_FILE))["code"] == "too_large"


@pytest.mark.parametrize("fields", [{"mode": "sometimes"}, {"modes": "add"}])
def test_unknown_fields_and_modes_are_refused(fields: dict[str, str], upload: Callable[..., Any]) -> None:
    assert upload(FILE, **fields).status_code == 422


def test_viewers_look_and_editors_import(upload: Callable[..., Any], member_api: Callable[..., Api], cast: Any) -> None:
    assert upload(FILE, by=member_api(cast.viewer)).status_code == 403
    assert upload(FILE, by=member_api(cast.editor)).status_code == 201
    assert member_api(cast.viewer).get(f"{AT}/imports").json()["count"] == 1
    assert b"phone,description" in member_api(cast.viewer).get(f"{AT}/export").getvalue()


def test_another_account_s_imports_do_not_exist(
    upload: Callable[..., Any], stranger_api: Api, listed: TransferAction
) -> None:
    one = upload(FILE).json()["id"]
    assert upload(FILE, by=stranger_api).status_code == 404
    for path in (f"imports/{one}", f"imports/{one}/report", "imports", "export"):
        assert stranger_api.get(f"{AT}/{path}").status_code == 404
    assert stranger_api.post(f"{AT}/imports/{one}/confirm", {}).status_code == 404
    with scope(account=listed.agent.account):
        assert NumberImport.objects.get().state == "checked"


def test_nobody_imports_without_a_key(listed: TransferAction) -> None:
    answer = Client().post(f"/api/v1/{AT}/imports", {"file": SimpleUploadedFile("n.csv", FILE)})
    assert answer.status_code == 401
