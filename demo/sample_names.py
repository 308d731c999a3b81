"""Names that the sample data and the demonstration call share; nothing here imports Django."""

from __future__ import annotations

AGENT_SLUG = "accueil"
AGENT_NUMBER = "+33199000001"

QUALIFY = "qualifier_appelant"
TRANSFER = "transfer_to_advisor"
TEAM_TRANSFER = "transfer_to_team"
HANG_UP = "hang_up"
EMAIL = "prevenir_fidelisation"
NOTE = "compte_rendu_crm"

VIP_ADVISOR = "Conseillère dédiée aux clients privilégiés"
VIP_ADVISOR_PHONE = "+33199000051"
SERVICE = "Service clients"
SERVICE_PHONE = "+33199000050"
ON_CALL = "Responsable d’astreinte"
ON_CALL_PHONE = "+33199000052"
RING_TIME_S = 20
TEAM_RING_TIME_S = 10
HANG_UP_ATTEMPTS = 2

CLASSIFIER = "motif"
CANCELLATION = "résiliation"
RETENTION_TEAM = "fidelisation@demo.example"
