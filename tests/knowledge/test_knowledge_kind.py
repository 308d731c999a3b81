"""Kind ``knowledge``: what the model is offered and told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from asgiref.sync import async_to_sync
from django_scopes import scope

from accounts.models import Account
from actions.contract import AgentFacts, CallContext, Deadline, FreezeError, Moment
from actions.messages import MessageBefore
from actions.models import Agent
from actions.registry import kinds
from actions.releases import PublishError, load_plan, publish
from knowledge.kinds.knowledge import KnowledgeAction, KnowledgeParams
from knowledge.models import Document, DocumentState, Source
from knowledge.texts import MOST_TOKENS, tokens

kind = kinds.get("knowledge")


@pytest.fixture
def action(agent: Agent, filled: Source) -> KnowledgeAction:
    return KnowledgeAction.objects.create(
        agent=agent, moment="during", name="look_up", description="Pour toute question.", source=filled
    )


def ask(
    source: Source, question: str, language: str = "fr", account_id: int = 0, **columns: Any
) -> tuple[dict[str, Any], CallContext]:
    context = CallContext(
        call_id=uuid4(),
        run_id=uuid4(),
        account_id=account_id or source.account_id,
        agent=AgentFacts(1, "accueil", "Accueil", language, "Europe/Paris"),
        moment=Moment.DURING,
        action_name="look_up",
        scope={},
        deadline=Deadline.after(5),
        attempt=1,
        idempotency_key="k",
    )
    params = KnowledgeParams(source_id=source.pk, source_name=source.name, **columns)
    outcome = async_to_sync(kind.run)(params, context, {"question": question})
    return outcome.result, context


def test_an_answer_comes_with_where_it_is_from(filled: Source) -> None:
    result, _context = ask(filled, "Comment résilier ?")

    assert result["status"] == "found"
    assert result["passages"][0]["document"] == "Contrat"
    assert result["passages"][0]["heading"] == "Contrat › Résiliation"
    assert "préavis est de deux mois" in result["passages"][0]["text"]
    assert "Répondez" in result["message"]


def test_nothing_found_is_said_in_the_agents_language(filled: Source) -> None:
    french, _context = ask(filled, "La recette du cassoulet ?")
    english, _context = ask(filled, "The recipe for apple pie?", "en")

    assert (french["status"], english["status"]) == ("nothing_found", "nothing_found")
    assert french["passages"] == english["passages"] == []
    assert english["message"] == "Nothing was found about this. Say so, and do not answer from memory."
    assert french["message"] != english["message"]


def test_a_source_that_is_not_ready_says_so_in_words_that_can_be_spoken(source: Source) -> None:
    result, context = ask(source, "Comment résilier ?", "en")
    assert (result["status"], result["reason"]) == ("not_ready", "empty")
    assert "cannot be looked up" in result["message"]
    assert context.warnings == ["Mutuelle: The source holds no document yet."]

    source.documents.create(title="Contrat", text="Le préavis est de deux mois.")
    assert ask(source, "Comment résilier ?")[0]["reason"] == "indexing"
    Document.objects.update(state=DocumentState.FAILED)
    assert ask(source, "Comment résilier ?")[0]["reason"] == "failed"


def test_another_account_finds_nothing_there(filled: Source, other_account: Account) -> None:
    assert ask(filled, "Comment résilier ?", account_id=other_account.pk)[0]["reason"] == "unknown"


def test_the_answer_fits_a_budget_of_tokens(source: Source, write: Callable[..., None]) -> None:
    write(source, **{f"D{number}": "Le préavis est de deux mois. " * 150 for number in range(4)})
    result, _context = ask(source, "préavis")
    short, _context = ask(source, "préavis", most_tokens=100)

    assert len(result["passages"]) > 1
    assert sum(tokens(each["text"]) for each in result["passages"]) <= MOST_TOKENS
    assert len(short["passages"]) == 1
    assert tokens(short["passages"][0]["text"]) <= 100
    assert short["passages"][0]["text"].endswith("…")


def test_an_action_decides_how_many_passages_it_gets_and_from_which_score_on(
    source: Source, write: Callable[..., None]
) -> None:
    write(source, **{f"D{number}": f"Le préavis est de {number} mois." for number in range(4)})

    assert len(ask(source, "préavis", most_passages=2)[0]["passages"]) == 2
    question = "Quel préavis pour la cornemuse écossaise du voisin ?"
    assert ask(source, question, minimum_score=0.05)[0]["status"] == "found"
    assert ask(source, question, minimum_score=0.9)[0]["status"] == "nothing_found"


def test_it_is_published_and_offered_as_a_tool(agent: Agent, action: KnowledgeAction) -> None:
    action.message_mode, action.message_texts = "exact", {"fr": " Un instant, je cherche. "}
    action.most_passages, action.minimum_score, action.most_tokens = 3, 0.4, 800
    action.save()
    release = publish(agent)
    planned = load_plan(release.pk).find(Moment.DURING, "look_up")

    assert planned is not None
    assert planned.params.message_before == MessageBefore(mode="exact", texts={"fr": "Un instant, je cherche."})
    assert (planned.params.most_passages, planned.params.minimum_score, planned.params.most_tokens) == (3, 0.4, 800)
    assert planned.description == "Pour toute question."
    schema = kind.arguments_schema(planned.params, "fr")
    assert schema["required"] == ["question"]
    assert schema["additionalProperties"] is False


def test_a_description_is_demanded(agent: Agent, action: KnowledgeAction) -> None:
    KnowledgeAction.objects.update(description=" ")

    with pytest.raises(PublishError) as caught:
        publish(agent)
    assert [(str(problem.action), problem.field) for problem in caught.value.problems] == [("look_up", "description")]
    assert kind.proposed_description("fr") != kind.proposed_description("en")


@pytest.mark.parametrize("texts", [{}, {"en": "One moment."}, {"fr": "  "}])
def test_a_message_needs_a_sentence_in_the_agents_language(action: KnowledgeAction, texts: dict[str, str]) -> None:
    action.message_mode, action.message_texts = "example", texts

    with pytest.raises(FreezeError) as caught:
        kind.freeze(action)
    assert set(caught.value.errors) == {"message_texts"}


def test_no_message_before_unless_it_is_switched_on(action: KnowledgeAction) -> None:
    action.message_texts = {"fr": "Un instant."}
    assert kind.freeze(action).message_before is None
    action.message_mode = "example"
    assert kind.freeze(action).message_before == MessageBefore(mode="example", texts={"fr": "Un instant."})


def test_a_source_of_another_account_cannot_be_published(action: KnowledgeAction, other_account: Account) -> None:
    with scope(account=other_account):
        foreign = Source.objects.create(account=other_account, name="Garage")
    action.source = foreign

    with pytest.raises(FreezeError) as caught:
        kind.freeze(action)
    assert set(caught.value.errors) == {"source"}


def test_a_source_in_use_cannot_be_deleted(action: KnowledgeAction) -> None:
    from django.db.models import RestrictedError

    with pytest.raises(RestrictedError):
        action.source.delete()
