"""One call, from ring to report, as a runtime and its users live it. Read this first.

Everything is real: the product's web, worker and beat processes on the database and broker that the suite
runs on, a CRM in a process of its own, mail over SMTP. The test talks HTTP only.
"""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from demo.crm_data import VIP_ID, VIP_PHONE
from tests.journeys.conftest import World
from tests.support.stack import wait_until

pytestmark = pytest.mark.processes

DIALLED = "+33199000001"
ADVISOR, SECOND_ADVISOR = "+33199000050", "+33199000051"


def test_one_call_from_ring_to_report(world: World) -> None:
    key = world.stack.create_account()
    world.stack.start_web()
    world.stack.start_worker()
    world.stack.start_beat()
    with world.stack.client(key) as api:
        configure(api, world.crm_url)

        # The phone rings. The caller is looked up in the CRM while it does.
        call = api.post("calls", json=RINGING).raise_for_status().json()
        assert call["parameters"] == {
            "campaign": "autumn",
            "customerId": VIP_ID,
            "firstName": "Hélène",
            "vip": True,
        }
        assert [(run["action"], run["state"]) for run in call["runs"]] == [("qualify", "succeeded")]
        assert [tool["name"] for tool in call["tools"]] == ["transfer_to_advisor", "end_call"]
        # The runtime lost the answer and asks again: the same answer, nothing done twice.
        assert api.post("calls", json=RINGING).json() == call

        # During the call the agent asks for a transfer. It is requested, not done.
        tools = f"calls/{call['id']}/actions"
        transfer = {"tool_call_id": "t1", "arguments": {"reason": "Wants to cancel"}}
        asked = api.post(f"{tools}/transfer_to_advisor", json=transfer).raise_for_status().json()
        assert asked["result"]["status"] == "requested"
        assert asked["directives"] == [
            {
                "type": "transfer",
                "destinations": [{"type": "number", "value": ADVISOR, "description": "Advisors"}],
                "ring_time_s": 20,
                "mode": "cold",
                "attempt": 1,
                "caller_id": "",
                "sip_connection": None,
                "sip_headers": {"X-Customer": VIP_ID, "X-Line": "gold-line"},
                "briefing": None,
            }
        ]

        # Nobody answers within 20 s: the runtime says so, and the answer is to ring the next one.
        events = f"calls/{call['id']}/events"

        def report(outcome: str, attempt: int, **data: Any) -> dict[str, Any]:
            body = {"type": f"transfer.{outcome}", "data": {"tool_call_id": "t1", "attempt": attempt, **data}}
            answer: dict[str, Any] = api.post(events, json=body).raise_for_status().json()
            return answer

        report("ringing", 1)
        missed = report("no_answer", 1)
        assert missed["result"]["status"] == "requested"
        (following,) = missed["directives"]
        assert (following["attempt"], following["destinations"][0]["value"]) == (2, SECOND_ADVISOR)
        assert following["sip_headers"] == {"X-Customer": VIP_ID, "X-Line": "gold-line"}
        # She does not answer either: the agent has the call back and is told the truth.
        busy = report("failed", 2, sip_code=486)
        assert (busy["result"]["status"], busy["directives"]) == ("busy", [])
        assert busy["result"]["say"] == "Je suis désolé, personne n’est libre."

        # It may hang up only at the second attempt.
        ending = [
            api.post(f"{tools}/end_call", json={"tool_call_id": name, "arguments": {"reason": "goal_reached"}}).json()
            for name in ("h1", "h2")
        ]
        assert ending[0]["result"]["status"] == "refused"
        assert ending[0]["directives"] == []
        assert ending[1]["directives"] == [{"type": "hang_up", "reason": "goal_reached", "after_speech": True}]

        # The call ends with a report. After it, mail and CRM note go out on their own.
        ended = api.post(f"calls/{call['id']}/complete", json=REPORT)
        assert ended.status_code == 202
        done = wait_until(lambda: finished(api, call["id"]), within_s=30, what="the after-runs end")

    assert {run["action"]: run["state"] for run in done["runs"] if run["moment"] == "after"} == {
        "warn_retention": "succeeded",
        "praise_team": "skipped",
        "note": "succeeded",
    }
    assert done["parameters"]["noteId"] == 1
    (mail,) = world.mails()
    assert mail["subject"] == "Hélène wants to cancel"
    assert mail["to"] == "retention@lac.example"
    assert "gave notice" in mail.get_body(("plain",)).get_content()  # type: ignore[attr-defined]
    (note,) = world.notes()
    assert (note["customer_id"], note["text"]) == (VIP_ID, REPORT["summary"])
    assert note["call_id"] == call["id"]


RINGING = {
    "direction": "inbound",
    "from": VIP_PHONE,
    "to": DIALLED,
    "external_id": "CA-2026-1",
    "sip_headers": {"X-Line": "gold-line"},
    "context": {"campaign": "autumn"},
    "budget_ms": 5000,
}

REPORT = {
    "ended_reason": "agent_hung_up",
    "duration_s": 84,
    "summary": "Hélène Marchand gave notice for the end of the year.",
    "transcript": [
        {"role": "agent", "text": "Bonjour Hélène !", "time_ms": 0},
        {"role": "caller", "text": "Je veux résilier mon contrat.", "time_ms": 2500},
    ],
    "classifications": {"motif": "résiliation"},
}


def finished(api: httpx.Client, call_id: str) -> dict[str, Any] | None:
    call: dict[str, Any] = api.get(f"calls/{call_id}").raise_for_status().json()
    states = {run["state"] for run in call["runs"]}
    return None if states & {"queued", "running"} else call


# --- what an operations manager configured beforehand ---------------------------------------------


def configure(api: httpx.Client, crm_url: str) -> None:
    """An agent with actions before, during and after the call, published."""
    for graph in (lookup(crm_url), note(crm_url)):
        post(api, "workflows", graph)
    post(
        api,
        "agents",
        {
            "name": "Accueil",
            "slug": "accueil",
            "language": "fr",
            "numbers": [DIALLED],
            "classifiers": [
                {"name": "motif", "labels": [{"name": "résiliation"}, {"name": "compliment"}], "is_main": True}
            ],
        },
    )
    for action in ACTIONS:
        post(api, "agents/accueil/actions", action)
    post(api, "agents/accueil/releases", {})


def post(api: httpx.Client, path: str, body: dict[str, Any]) -> None:
    answer = api.post(path, json=body)
    assert answer.status_code == 201, (path, answer.text)


def lookup(crm_url: str) -> dict[str, Any]:
    """Ask the CRM who is calling, decide whether it is a VIP, return what the agent should know."""
    nodes = [
        node("start", "start"),
        node(
            "crm",
            "api_request",
            method="GET",
            url=f"{crm_url}/customers",
            query={"phone": "{{ system.phoneE164 }}"},
            mapping=[
                {"path": "$.customer.id", "variable": "customerId"},
                {"path": "customer.first_name", "variable": "firstName"},
                {"path": "customer.tier", "variable": "tier"},
            ],
        ),
        node("vip", "decision", cases=[{"id": "gold", "when": 'tier == "gold"'}]),
        node(
            "yes", "return", parameters={"customerId": "{{ customerId }}", "firstName": "{{ firstName }}", "vip": True}
        ),
        node("no", "return", parameters={"vip": False}),
    ]
    edges = [edge("start", "crm"), edge("crm", "vip"), edge("vip", "yes", "gold"), edge("vip", "no", "else")]
    return {"name": "Look the caller up", "graph": {"nodes": nodes, "edges": edges}}


def note(crm_url: str, name: str = "Note in the CRM", text: str = "{{ interaction.SUMMARY }}") -> dict[str, Any]:
    """Post the summary, or another text, to the customer's file."""
    nodes = [
        node("start", "start"),
        node(
            "post",
            "api_request",
            method="POST",
            url=f"{crm_url}/customers/{{{{ params.customerId }}}}/notes",
            body={
                "text": text,
                "call_id": "{{ system.callId }}",
            },
            mapping=[{"path": "note.id", "variable": "noteId"}],
        ),
        node("done", "return", parameters={"noteId": "{{ noteId }}"}),
    ]
    return {
        "name": name,
        "graph": {"nodes": nodes, "edges": [edge("start", "post"), edge("post", "done")]},
    }


def node(id: str, kind: str, **config: Any) -> dict[str, Any]:
    return {"id": id, "kind": kind, "config": config}


def edge(source: str, target: str, output: str | None = None) -> dict[str, str]:
    return {"source": source, "target": target, **({"output": output} if output else {})}


ACTIONS: list[dict[str, Any]] = [
    {"moment": "before", "kind": "workflow", "name": "qualify", "workflow": "Look the caller up", "timeout_s": 5},
    {
        "moment": "during",
        "kind": "transfer",
        "name": "transfer_to_advisor",
        "description": "Hand the caller to an advisor.",
        "strategy": "in_order",
        "destinations": [
            {"phone": ADVISOR, "description": "Advisors"},
            {"phone": SECOND_ADVISOR, "description": "Their manager"},
        ],
        "failure_texts": {"fr": "Je suis désolé, personne n’est libre."},
        "sip_headers": [
            {"name": "X-Customer", "value": "{{ customerId }}"},
            {"name": "X-Line", "value": "{{ sip['x-line'] }}"},
        ],
    },
    {"moment": "during", "kind": "hang_up", "name": "end_call", "attempts": 2},
    {
        "moment": "after",
        "kind": "email",
        "name": "warn_retention",
        "subject": "{{ firstName }} wants to cancel",
        "to": "retention@lac.example",
        "body": "{{ interaction.SUMMARY }}",
        "labels": [{"classifier": "motif", "label": "résiliation"}],
    },
    {
        "moment": "after",
        "kind": "email",
        "name": "praise_team",
        "subject": "Well done",
        "to": "team@lac.example",
        "labels": [{"classifier": "motif", "label": "compliment"}],
    },
    {"moment": "after", "kind": "workflow", "name": "note", "workflow": "Note in the CRM"},
]
