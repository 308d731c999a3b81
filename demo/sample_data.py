"""The sample account: people, an agent with an action of every kind, published.

It is made once, in an installation that has no account yet; afterwards it belongs to whoever changes it.
"""

from __future__ import annotations

import secrets
from typing import Any, TypeVar
from urllib.parse import urlsplit

from django.contrib.auth.hashers import make_password
from django.db import transaction
from django_scopes import scope, scopes_disabled

from accounts import keys
from accounts.models import Account, ApiKey, KeyScope, Membership, Role, User
from actions.contract import Moment
from actions.kinds.collect_digits import CollectDigitsAction
from actions.kinds.hang_up import HangUpAction
from actions.kinds.keypad import KeypadAction
from actions.kinds.menu import MenuAction, MenuKey
from actions.kinds.wait import WaitAction
from actions.models import Action, Agent, AgentNumber, Classifier, Label
from actions.releases import publish
from demo import sample_names as names
from demo.sample_schedule import create_schedule
from demo.sample_workflows import note_in_crm, qualify_caller
from knowledge.kinds.knowledge import KnowledgeAction
from knowledge.models import Document, Source
from notifications.kinds.email import EmailAction
from notifications.kinds.sms import SmsAction
from notifications.kinds.webhook import WebhookAction
from notifications.models import SmsConnection
from outbound.models import AllowedHost
from transfers.kinds.transfer import TransferAction
from transfers.models import TransferDestination
from workflows.kinds.workflow import WorkflowAction
from workflows.models import Workflow

ActionT = TypeVar("ActionT", bound=Action)

ACCOUNT_SLUG = "demo"
ADMIN_EMAIL = "camille@demo.example"
EDITOR_EMAIL = "alex@demo.example"
PEOPLE = (
    (ADMIN_EMAIL, "Camille Renaud", "fr", Role.ADMIN),
    (EDITOR_EMAIL, "Alex Reed", "en", Role.EDITOR),
    ("victor@demo.example", "Victor Lambert", "fr", Role.VIEWER),
)
LABELS = {
    names.CANCELLATION: "L’appelant veut mettre fin à son contrat.",
    "information": "L’appelant demande un renseignement.",
    "réclamation": "L’appelant se plaint d’un service ou d’une facture.",
    "autre": "Tout le reste.",
}
EMAIL_SUBJECT = "Résiliation demandée par {{ params.firstName }} {{ params.lastName }}"
EMAIL_BODY = """{{ interaction.SUMMARY }}

Client : {{ params.firstName }} {{ params.lastName }} ({{ params.customerId }}), {{ system.phone }}
Durée : {{ interaction.DURATION }} s
Appel : {{ system.callId }}

{{ interaction.TRANSCRIPT }}
"""

CONTRACT_NUMBER = {
    "variable": "contractNumber",
    "least": 6,
    "most": 10,
    "message_mode": "example",
    "message_texts": {
        "fr": "Tapez votre numéro de contrat, puis dièse.",
        "en": "Please type your contract number, then the hash key.",
    },
}

QUESTIONS = """# Résilier son contrat

La résiliation prend effet un mois après la demande. Elle se demande par téléphone, par courrier ou dans l’espace
client ; aucun motif n’est exigé.

# Recevoir ses factures

Les factures arrivent par e-mail le 5 de chaque mois. Elles restent dix ans dans l’espace client.

# Changer de moyen de paiement

Le prélèvement et la carte bancaire sont possibles. Un changement demandé avant le 25 vaut pour le mois suivant.
"""


def load(crm_url: str, known: dict[str, str]) -> dict[str, str]:
    """What ``demo.env`` must hold about the sample account, which is made if there is no account at all.

    ``known`` is what the file holds: a key and a password that are still good stay.
    """
    with transaction.atomic(), scopes_disabled():
        if not Account.objects.exists():
            return _create(crm_url)
        account = Account.objects.filter(slug=ACCOUNT_SLUG).first()
        return {} if account is None else _credentials(account, known)


def _create(crm_url: str) -> dict[str, str]:
    account = Account.objects.create(name="Démo", slug=ACCOUNT_SLUG)
    password = "-".join(secrets.token_hex(2) for _ in range(3))
    hashed = make_password(password)
    for email, full_name, language, role in PEOPLE:
        user = User.objects.create(email=email, full_name=full_name, language=language, password=hashed)
        Membership.objects.create(account=account, user=user, role=role)
    with scope(account=account):
        agent = _create_agent(account, crm_url)
        publish(agent, by=User.objects.get(email=ADMIN_EMAIL), note="Données d’exemple")
    return {
        "TRIPTYQUE_API_KEY": _issue_key(account),
        "TRIPTYQUE_ADMIN_EMAIL": ADMIN_EMAIL,
        "TRIPTYQUE_EDITOR_EMAIL": EDITOR_EMAIL,
        "TRIPTYQUE_PASSWORD": password,
    }


def _credentials(account: Account, known: dict[str, str]) -> dict[str, str]:
    """What of ``known`` still opens the sample account; a new key in place of one that does not."""
    values = {"TRIPTYQUE_ADMIN_EMAIL": ADMIN_EMAIL, "TRIPTYQUE_EDITOR_EMAIL": EDITOR_EMAIL}
    plain_text = known.get("TRIPTYQUE_API_KEY", "")
    values["TRIPTYQUE_API_KEY"] = plain_text if _is_good(account, plain_text) else _issue_key(account)
    user = User.objects.filter(email=ADMIN_EMAIL).first()
    password = known.get("TRIPTYQUE_PASSWORD", "")
    if user is not None and user.check_password(password):
        values["TRIPTYQUE_PASSWORD"] = password
    return values


def _is_good(account: Account, plain_text: str) -> bool:
    key = ApiKey.objects.filter(account=account, prefix=keys.prefix_of(plain_text)).first()
    return key is not None and key.is_usable and keys.matches(plain_text, key.secret_hash)


def _issue_key(account: Account) -> str:
    _key, plain_text = ApiKey.objects.issue(account=account, name="make run", scopes=list(KeyScope.values))
    return str(plain_text)


def _create_agent(account: Account, crm_url: str) -> Agent:
    crm = urlsplit(crm_url)
    AllowedHost.objects.create(
        account=account, host=crm.hostname or "", port=crm.port, reason="CRM d’exemple (make run)"
    )
    agent = Agent.objects.create(
        account=account,
        name="Accueil",
        slug=names.AGENT_SLUG,
        language="fr",
        time_zone="Europe/Paris",
        opening_hours=create_schedule(account),
    )
    AgentNumber.objects.create(agent=agent, number=names.AGENT_NUMBER)
    cancellation = _create_classifier(agent)
    _create_before(agent, crm_url)
    _create_during(agent)
    _create_after(agent, crm_url, cancellation)
    return agent


def _create_classifier(agent: Agent) -> Label:
    """The main classifier; returns the label that the email waits for."""
    classifier = Classifier.objects.create(
        agent=agent, name=names.CLASSIFIER, description="Pourquoi la personne appelle-t-elle ?", is_main=True
    )
    labels = [Label.objects.create(classifier=classifier, name=name, description=text) for name, text in LABELS.items()]
    return labels[0]


def _add(model: type[ActionT], agent: Agent, moment: Moment, name: str, **columns: Any) -> ActionT:
    """A row that the admin would have accepted."""
    action = model(agent=agent, moment=moment, name=name, **columns)
    action.full_clean()
    action.save()
    return action


def _create_before(agent: Agent, crm_url: str) -> None:
    workflow = Workflow.objects.create(
        account=agent.account,
        name="Qualifier l’appelant",
        description="Cherche l’appelant dans le CRM et dit s’il est privilégié.",
        graph=qualify_caller(crm_url),
    )
    _add(
        WorkflowAction,
        agent,
        Moment.BEFORE,
        names.QUALIFY,
        workflow=workflow,
        timeout_s=3,
        default_parameters={"vip": False},
    )


TEAM_TRANSFER: dict[str, Any] = {
    "description": (
        "Appelle l’équipe, une personne après l’autre, quand le conseiller demandé ne répond pas et que l’appelant ne "
        "veut pas être rappelé."
    ),
    "strategy": "in_order",
    "ring_time_s": names.TEAM_RING_TIME_S,
    "total_ring_time_s": 40,
    "mode": "warm_spoken",
    "summary": '{{ params.firstName | default("Inconnu") }}, dossier {{ params.customerId | default("inconnu") }}.',
    "message_mode": "exact",
    "message_texts": {"fr": "Je cherche quelqu’un de l’équipe.", "en": "Let me find somebody of the team."},
    "failure_texts": {
        "fr": "Toute l’équipe est en ligne. Puis-je vous faire rappeler aujourd’hui ?",
        "en": "The whole team is on the phone. May somebody call you back today?",
    },
}


def _create_during(agent: Agent) -> None:
    transfer = _add(
        TransferAction,
        agent,
        Moment.DURING,
        names.TRANSFER,
        ring_time_s=names.RING_TIME_S,
        sip_headers=[
            {"name": "X-Customer-Id", "value": "{{ params.customerId }}"},
            {"name": "X-Customer-Ref", "value": '{{ sip["X-Customer-Ref"] }}'},
            {"name": "X-Call-Id", "value": "{{ system.callId }}"},
        ],
    )
    destinations = ((names.SERVICE, names.SERVICE_PHONE), (names.VIP_ADVISOR, names.VIP_ADVISOR_PHONE))
    for position, (description, phone) in enumerate(destinations):
        TransferDestination.objects.create(action=transfer, description=description, phone=phone, position=position)
    team = _add(TransferAction, agent, Moment.DURING, names.TEAM_TRANSFER, position=7, **TEAM_TRANSFER)
    hunted = ((names.SERVICE, names.SERVICE_PHONE), (names.ON_CALL, names.ON_CALL_PHONE))
    for position, (description, phone) in enumerate(hunted):
        TransferDestination.objects.create(action=team, description=description, phone=phone, position=position)
    _add(HangUpAction, agent, Moment.DURING, names.HANG_UP, position=1, attempts=names.HANG_UP_ATTEMPTS)
    _add(KeypadAction, agent, Moment.DURING, "press_keys", position=2)
    _add(WaitAction, agent, Moment.DURING, "wait", position=3)
    _add(CollectDigitsAction, agent, Moment.DURING, "ask_contract_number", position=5, **CONTRACT_NUMBER)
    _create_menu(agent)
    source = Source.objects.create(account=agent.account, name="Questions fréquentes", language="fr")
    Document.objects.create(source=source, title="Contrats et factures", text=QUESTIONS)
    _add(
        KnowledgeAction,
        agent,
        Moment.DURING,
        "search_questions",
        position=4,
        description=(
            "Cherche la réponse dans les questions fréquentes quand l’appelant demande quelque chose sur son contrat, "
            "ses factures ou nos horaires. Réponds seulement d’après ce qui est trouvé."
        ),
        source=source,
        message_mode="example",
        message_texts={"fr": "Un instant, je regarde."},
    )


def _create_menu(agent: Agent) -> None:
    menu = _add(
        MenuAction,
        agent,
        Moment.DURING,
        "keypad_menu",
        position=6,
        announcement_texts={"fr": "Pour un conseiller, tapez 1 à tout moment.", "en": "For an adviser, press 1."},
    )
    by_name = {action.name: action for action in Action.objects.filter(agent=agent)}
    reason = {"destination": names.SERVICE}
    MenuKey.objects.create(menu=menu, key="1", target=by_name[names.TRANSFER], arguments=reason)
    MenuKey.objects.create(menu=menu, key="9", target=by_name[names.HANG_UP], arguments={"reason": "caller_asked"})


def _create_after(agent: Agent, crm_url: str, cancellation: Label) -> None:
    email = _add(
        EmailAction,
        agent,
        Moment.AFTER,
        names.EMAIL,
        subject=EMAIL_SUBJECT,
        to=names.RETENTION_TEAM,
        body=EMAIL_BODY,
    )
    email.labels.add(cancellation)
    workflow = Workflow.objects.create(
        account=agent.account,
        name="Compte rendu dans le CRM",
        description="Note le résumé de l’appel sur la fiche du client.",
        graph=note_in_crm(crm_url),
    )
    _add(WorkflowAction, agent, Moment.AFTER, names.NOTE, position=1, workflow=workflow, timeout_s=10)
    _create_to_be_completed(agent)


def _create_to_be_completed(agent: Agent) -> None:
    """What needs an operator and a receiver of one's own: drafted, switched off."""
    operator = SmsConnection.objects.create(
        account=agent.account, name="Opérateur", provider="http", settings={"url": "https://sms.demo.example/messages"}
    )
    text = "Merci de votre appel. Votre dossier : {{ params.customerId }}"
    _add(
        SmsAction,
        agent,
        Moment.AFTER,
        "remercier_par_sms",
        position=2,
        enabled=False,
        description="À activer quand la connexion SMS « Opérateur » est la vôtre.",
        connection=operator,
        text=text,
    )
    _add(
        WebhookAction,
        agent,
        Moment.AFTER,
        "envoyer_l_appel",
        position=3,
        enabled=False,
        description="À activer quand l’adresse est celle de votre système.",
        url="https://hooks.demo.example/calls",
    )
