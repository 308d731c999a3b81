"""The two workflows of the sample data, as the JSON that the editor would store."""

from __future__ import annotations

from typing import Any

Graph = dict[str, Any]

_CUSTOMER = {"customerId": "id", "firstName": "first_name", "lastName": "last_name", "tier": "tier"}
_KNOWN = {name: "{{ " + name + " }}" for name in _CUSTOMER}


def _node(id_: str, kind: str, title: str, x: int, y: int, **config: Any) -> dict[str, Any]:
    return {"id": id_, "kind": kind, "title": title, "config": config, "position": {"x": x, "y": y}}


def _edge(source: str, target: str, output: str = "next") -> dict[str, str]:
    return {"source": source, "target": target, "output": output}


def qualify_caller(crm_url: str) -> Graph:
    """Look the caller up, map the CRM's fields, tell privileged customers from others."""
    return {
        "nodes": [
            _node("start", "start", "", 0, 120),
            _node(
                "lookup",
                "api_request",
                "Chercher l’appelant dans le CRM",
                320,
                120,
                method="GET",
                url=f"{crm_url}/customers",
                query={"phone": "{{ system.phoneE164 }}"},
                timeout_s=2,
                expected_status=[200],
                mapping=[
                    {"path": f"$.customer.{field}", "variable": name, "type": "string"}
                    for name, field in _CUSTOMER.items()
                ],
            ),
            _node(
                "tier",
                "decision",
                "Client privilégié ?",
                640,
                60,
                cases=[{"id": "vip", "title": "Privilégié", "when": 'tier == "gold"'}],
            ),
            _node(
                "vip",
                "return",
                "Accueil privilégié",
                960,
                0,
                parameters={**_KNOWN, "vip": True},
                agent_configuration={
                    "first_message": "Bonjour {{ firstName }}, ravi de vous entendre. Que puis-je faire pour vous ?"
                },
            ),
            _node("known", "return", "Accueil d’un client", 960, 120, parameters={**_KNOWN, "vip": False}),
            _node("unknown", "return", "Appelant inconnu", 640, 240, parameters={"vip": False}),
        ],
        "edges": [
            _edge("start", "lookup"),
            _edge("lookup", "tier"),
            _edge("lookup", "unknown", "error"),
            _edge("tier", "vip", "vip"),
            _edge("tier", "known", "else"),
        ],
    }


def note_in_crm(crm_url: str) -> Graph:
    """Post the summary of the call to the customer's file; a caller without one has nothing to note."""
    return {
        "nodes": [
            _node("start", "start", "", 0, 120),
            _node(
                "customer",
                "decision",
                "L’appelant est-il client ?",
                320,
                120,
                cases=[{"id": "yes", "title": "Oui", "when": "params.customerId"}],
            ),
            _node(
                "note",
                "api_request",
                "Noter le résumé dans le CRM",
                640,
                60,
                method="POST",
                url=f"{crm_url}/customers/{{{{ params.customerId }}}}/notes",
                body={
                    "text": "{{ interaction.SUMMARY }}",
                    "call_id": "{{ system.callId }}",
                    "classification": "{{ interaction.DISPOSITION }}",
                },
                mapping=[{"path": "$.note.id", "variable": "noteId", "type": "integer"}],
            ),
            _node("noted", "return", "", 960, 60, parameters={"noteId": "{{ noteId }}"}),
            _node("nothing", "return", "Rien à noter", 640, 240),
        ],
        "edges": [
            _edge("start", "customer"),
            _edge("customer", "note", "yes"),
            _edge("customer", "nothing", "else"),
            _edge("note", "noted"),
        ],
    }
