"""Searching and choosing among the live destinations of a transfer."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core.management import call_command
from django.db import connection
from django_scopes import scope

from accounts.models import Account
from actions.models import Agent
from transfers.action import TransferAction
from transfers.directory import after_bulk_change, announce_bulk_change, find, search, sweep
from transfers.directory.upkeep import LEFT_AFTER_S
from transfers.directory.words import fold, numbers_of, stem, terms_of
from transfers.models import TransferDestination


@pytest.fixture
def directory(agent: Agent) -> Iterator[TransferAction]:
    """An empty one, inside its account's scope."""
    with scope(account=agent.account):
        yield TransferAction.objects.create(agent=agent, moment="during", name="annuaire")


def names(directory: TransferAction, query: str, language: str = "fr", **options: int) -> list[str]:
    return [match.name for match in search(directory.pk, query, language=language, **options)]


def add(directory: TransferAction, *descriptions: str) -> list[TransferDestination]:
    taken = directory.destinations.count()
    return [
        directory.destinations.create(phone=f"+33639980{taken + at:03d}", description=text)
        for at, text in enumerate(descriptions)
    ]


def test_a_row_is_found_as_soon_as_it_is_saved_and_no_longer_once_deleted(directory: TransferAction) -> None:
    [row] = add(directory, "Facturation – Lyon")
    assert names(directory, "le service facturation") == ["Facturation – Lyon"]
    row.description = "Comptabilité"
    row.save()
    assert names(directory, "facturation lyon") == []
    assert names(directory, "compta") == ["Comptabilité"]
    row.delete()
    assert names(directory, "compta") == []


def test_rows_written_in_bulk_are_found_after_it(directory: TransferAction) -> None:
    TransferDestination.objects.bulk_create(
        TransferDestination(action=directory, phone=f"+33639980{number:03d}", description=f"Agence {number}")
        for number in range(60)
    )
    after_bulk_change(directory.pk)
    assert names(directory, "agence 42")[0] == "Agence 42"
    directory.destinations.filter(description="Agence 42").update(description="Boutique")
    directory.destinations.filter(description="Agence 41").delete()
    after_bulk_change(directory.pk)
    assert names(directory, "boutique") == ["Boutique"]
    assert "Agence 41" not in names(directory, "agence 41")


def test_what_a_dead_worker_left_behind_is_made_up_for(
    directory: TransferAction, monkeypatch: pytest.MonkeyPatch
) -> None:
    TransferDestination.objects.bulk_create(
        [TransferDestination(action=directory, phone="+33639980001", description="Astreinte")]
    )
    announce_bulk_change(directory.pk)
    assert sweep() == 0, f"less than {LEFT_AFTER_S} s ago: somebody may be at it"
    monkeypatch.setattr("transfers.directory.upkeep.LEFT_AFTER_S", -1)
    assert sweep() == 1
    assert names(directory, "astreinte") == ["Astreinte"]
    assert sweep() == 0


def test_disabled_rows_are_not_offered(directory: TransferAction) -> None:
    rows = add(directory, "Accueil Lyon", "Accueil Paris")
    directory.destinations.filter(pk=rows[0].pk).update(enabled=False)
    assert names(directory, "accueil") == ["Accueil Paris"]
    assert find(directory.pk, "Accueil Lyon") is None


def test_the_best_match_is_first_and_the_number_of_answers_is_bounded(directory: TransferAction) -> None:
    add(directory, *(f"Accueil {city}" for city in ("Lyon", "Paris", "Lille", "Nantes")), "Accueil")
    assert names(directory, "accueil", limit=2)[0] == "Accueil"
    assert len(names(directory, "accueil", limit=2)) == 2
    assert names(directory, "acueil de nante")[0] == "Accueil Nantes"


@pytest.mark.parametrize("query", ["01 99 00 00 10", "+33 1 99 00 00 10", "0033199000010", "000 010", "00 10 10"])
def test_a_number_is_found_by_its_digits(directory: TransferAction, query: str) -> None:
    directory.destinations.create(phone="+33199000010", description="Accueil")
    directory.destinations.create(phone="+33199001010", description="Annexe")
    assert names(directory, query)[0] == ("Annexe" if query == "00 10 10" else "Accueil")


def test_each_answer_can_be_chosen_by_its_name_also_where_two_are_called_the_same(directory: TransferAction) -> None:
    add(directory, "Support", "Support", "Support technique", "")
    found = search(directory.pk, "support", language="fr")
    assert [match.name for match in found] == ["Support (+33639980000)", "Support (+33639980001)", "Support technique"]
    for match in found:
        chosen = find(directory.pk, match.name)
        assert chosen is not None
        assert chosen.destination_id == match.destination_id
        assert chosen.name == match.name
    assert find(directory.pk, "Support") is None, "two are called so"
    assert find(directory.pk, "+33639980003") is not None
    assert find(directory.pk, "Nobody") is None


def test_a_name_does_not_depend_on_what_else_is_in_the_answer(directory: TransferAction) -> None:
    add(directory, *["Support"] * 12)
    assert names(directory, "support", limit=1) == ["Support (+33639980000)"]


def test_sip_addresses_and_agents_are_found(directory: TransferAction, account: Account) -> None:
    garage = Agent.objects.create(account=account, name="Garage Dupont", slug="garage")
    directory.destinations.create(type="agent", agent=garage)
    directory.destinations.create(type="sip_uri", sip_uri="sip:astreinte@pbx.example", description="Nuit")
    [match] = search(directory.pk, "le garage", language="fr")
    assert (match.type, match.value) == ("agent", "garage")
    assert names(directory, "astreinte") == ["Nuit"]


@pytest.mark.parametrize(
    "query",
    [
        "",
        " ",
        "x",
        "\x00",
        "' OR 1=1 --",
        '"',
        "()&|!:*<->",
        "a" * 5000,
        "🙂",
        "%",
        "_",
        "\\",
        "+",
        "00",
        "م",
        "NEAR(a b)",
    ],
)
def test_any_question_gets_an_answer(directory: TransferAction, query: str) -> None:
    add(directory, "Accueil")
    assert names(directory, query) == []


def test_any_description_can_be_found_again(directory: TransferAction) -> None:
    texts = ["<script>alert('x')</script>", "O'Brien & fils", 'Dit "Le Chef"', "日本語 窓口", "Крым", "İstanbul", "ﬁn"]
    add(directory, *texts)
    for text in texts:
        assert text in names(directory, text), text
        assert find(directory.pk, text) is not None, text


def test_another_accounts_rows_do_not_exist(directory: TransferAction, other_account: Account) -> None:
    add(directory, "Accueil")
    with scope(account=other_account):
        assert search(directory.pk, "accueil", language="fr") == []
        assert find(directory.pk, "Accueil") is None
        other = TransferAction.objects.create(
            agent=Agent.objects.create(account=other_account, name="B", slug="b"), moment="during", name="b"
        )
        assert search(other.pk, "accueil", language="fr") == []


def test_nothing_is_left_of_a_deleted_action(directory: TransferAction) -> None:
    add(directory, "Accueil Lyon")
    announce_bulk_change(directory.pk)
    directory.delete()
    with connection.cursor() as cursor:
        for table in ("transfers_directory", "transfers_directory_word", "transfers_directory_due"):
            cursor.execute(f"SELECT count(*) FROM {table}")
            assert cursor.fetchone() == (0,), table


@pytest.mark.parametrize(
    ("word", "stemmed"),
    [
        ("commerciaux", "commercial"),
        ("commerciale", "commercial"),
        ("bureaux", "bureau"),
        ("factures", "factur"),
        ("pharmacies", "pharmacy"),
        ("accounts", "account"),
        ("express", "express"),
        ("as", "as"),
    ],
)
def test_plurals_and_feminines_are_the_same_word(word: str, stemmed: str) -> None:
    assert stem(word) == stemmed


def test_words_of_a_question_are_those_that_tell() -> None:
    assert fold("Crêpes & Cœur") == "crepes & coeur"
    assert terms_of("je voudrais parler à quelqu’un de la facturation", "fr") == ["facturation"]
    assert terms_of("please put me through to the billing department", "en") == ["billing", "department"]
    assert terms_of("de la", "fr") == ["de", "la"], "nothing else is left"
    assert numbers_of("au 01 99 00 00 10 ou au 12") == ["199000010"]


@pytest.mark.django_db(transaction=True)
def test_its_tables_can_be_taken_back_and_made_again() -> None:
    try:
        call_command("migrate", "transfers", "0001", verbosity=0)
        assert not {"transfers_directory", "transfers_directory_word"} & set(connection.introspection.table_names())
    finally:
        call_command("migrate", "transfers", verbosity=0)
    assert "transfers_directory_word" in connection.introspection.table_names()
