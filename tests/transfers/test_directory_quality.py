"""How well a directory is searched: questions as callers and models put them, each with the one right destination."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django_scopes import scope

from actions.models import Agent
from transfers.action import TransferAction
from transfers.directory import after_bulk_change, search
from transfers.models import TransferDestination

CITIES = ("Lyon", "Paris", "Marseille", "Lille", "Nantes", "Grenoble", "Saint-Étienne", "Mâcon")
TRADES = ("Facturation", "Service après-vente", "Accueil", "Comptabilité")
OTHERS = (
    "Direction générale",
    "Ressources humaines",
    "Support technique niveau 2",
    "Commercial grands comptes",
    "Sinistres automobile",
    "Sinistres habitation",
    "Résiliations et rétractations",
    "Réclamations clients",
    "Service juridique",
    "Dr Hélène Müller – cardiologie",
    "Dr Philippe Lefèvre – pédiatrie",
    "Maître Œuvrard, notaire",
    "Pharmacie de l’Hôtel-de-Ville",
    "Bureaux de l’entrepôt nord",
    "Standard téléphonique",
    "Astreinte informatique (nuit)",
    "Presse et communication",
    "Achats et fournisseurs",
    "Crèche Les Petits Cœurs",
    "Sales – United Kingdom",
    "Payroll department",
    "Quality control",
    "Claims handling",
    "IT helpdesk",
    "Meeting room booking",
    "John O’Brien",
    "François-Xavier Durand",
)

QUESTIONS = {
    # word for word, and in whole sentences
    "Facturation Lyon": "Facturation – Lyon",
    "la facturation de Marseille": "Facturation – Marseille",
    "je voudrais parler au service facturation à Lille": "Facturation – Lille",
    "le SAV… le service après vente de Nantes": "Service après-vente – Nantes",
    "passez-moi l'accueil de Paris s'il vous plaît": "Accueil – Paris",
    "les ressources humaines": "Ressources humaines",
    "la direction générale": "Direction générale",
    "le support technique de niveau 2": "Support technique niveau 2",
    "presse": "Presse et communication",
    "quelqu’un du juridique": "Service juridique",
    # accents, case, ligatures
    "COMPTABILITE GRENOBLE": "Comptabilité – Grenoble",
    "accueil macon": "Accueil – Mâcon",
    "saint etienne facturation": "Facturation – Saint-Étienne",
    "helene muller": "Dr Hélène Müller – cardiologie",
    "maitre oeuvrard": "Maître Œuvrard, notaire",
    "creche les petits coeurs": "Crèche Les Petits Cœurs",
    "lefevre": "Dr Philippe Lefèvre – pédiatrie",
    "francois xavier durand": "François-Xavier Durand",
    "resiliation": "Résiliations et rétractations",
    # plurals, articles, feminines
    "réclamation client": "Réclamations clients",
    "sinistre auto": "Sinistres automobile",
    "les sinistres habitations": "Sinistres habitation",
    "grand compte": "Commercial grands comptes",
    "les commerciaux": "Commercial grands comptes",
    "bureau de l'entrepôt": "Bureaux de l’entrepôt nord",
    "les pharmacies de l'hôtel de ville": "Pharmacie de l’Hôtel-de-Ville",
    "fournisseur": "Achats et fournisseurs",
    "astreintes informatiques": "Astreinte informatique (nuit)",
    "meeting rooms": "Meeting room booking",
    "claim": "Claims handling",
    # typing
    "facturtaion lyon": "Facturation – Lyon",
    "facuration nante": "Facturation – Nantes",
    "comptabilitée grenobel": "Comptabilité – Grenoble",
    "acueil marseile": "Accueil – Marseille",
    "resources humaine": "Ressources humaines",
    "helpdsek": "IT helpdesk",
    "payrol": "Payroll department",
    "qualtiy control": "Quality control",
    "juridqiue": "Service juridique",
    "cardiolgie": "Dr Hélène Müller – cardiologie",
    "dr mueller": "Dr Hélène Müller – cardiologie",
    "philipe lefebvre": "Dr Philippe Lefèvre – pédiatrie",
    "notair": "Maître Œuvrard, notaire",
    "farmacie": "Pharmacie de l’Hôtel-de-Ville",
    "o brien": "John O’Brien",
    "jon obrien": "John O’Brien",
    "informatqiue de nuit": "Astreinte informatique (nuit)",
    "direcion general": "Direction générale",
    "comunication": "Presse et communication",
    "niveau deux suport": "Support technique niveau 2",
    # beginnings
    "compta paris": "Comptabilité – Paris",
    "factu lille": "Facturation – Lille",
    "pédia": "Dr Philippe Lefèvre – pédiatrie",
    "rétract": "Résiliations et rétractations",
    # the other language
    "billing department in Lyon": "Facturation – Lyon",
    "accounting Marseille please": "Comptabilité – Marseille",
    "reception Paris": "Accueil – Paris",
    "legal": "Service juridique",
    "complaints": "Réclamations clients",
    "la paie": "Payroll department",
    "les ventes royaume uni": "Sales – United Kingdom",
    "HR": "Ressources humaines",
    "cancellation": "Résiliations et rétractations",
    "contrôle qualité": "Quality control",
    "purchasing": "Achats et fournisseurs",
    "switchboard": "Standard téléphonique",
    # digits
    "le 06 39 98 00 05": "Facturation – Grenoble",
    "+33639980031": "Comptabilité – Mâcon",
}
"""Their numbers are +33639980000 and up, in the order of the directory."""

LEAST_FIRST, LEAST_AMONG_FIVE = 0.92, 0.97


@pytest.fixture
def directory(agent: Agent) -> Iterator[TransferAction]:
    with scope(account=agent.account):
        directory = TransferAction.objects.create(agent=agent, moment="during", name="annuaire")
        texts = [f"{trade} – {city}" for trade in TRADES for city in CITIES] + list(OTHERS)
        TransferDestination.objects.bulk_create(
            TransferDestination(action=directory, phone=f"+33639980{at:03d}", description=text)
            for at, text in enumerate(texts)
        )
        after_bulk_change(directory.pk)
        yield directory


def test_nearly_every_question_finds_its_destination(directory: TransferAction) -> None:
    first, among_five, lost = 0, 0, {}
    for question, wanted in QUESTIONS.items():
        found = [match.description for match in search(directory.pk, question, limit=5, language="fr")]
        first += found[:1] == [wanted]
        among_five += wanted in found
        if found[:1] != [wanted]:
            lost[question] = found
    count = len(QUESTIONS)
    print(f"{count} questions: recall@1 {first / count:.3f}, recall@5 {among_five / count:.3f}")
    assert first / count >= LEAST_FIRST, lost
    assert among_five / count >= LEAST_AMONG_FIVE, lost


def test_what_nobody_is_called_is_not_found(directory: TransferAction) -> None:
    for question in ("zanzibar", "plomberie", "une pizza", "quantum physics"):
        assert search(directory.pk, question, language="fr") == [], question
