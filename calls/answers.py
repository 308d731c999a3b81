"""The answers that runtimes get, as plain JSON; kept with the record so that a repeat gets the same one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from actions.contract import JSON, KeyMenu
from actions.manifests.own import tool_json
from actions.releases import Plan
from calls import results
from calls.models import Call, CallState, Event, Run


def begin_answer(
    call: Call,
    plan: Plan,
    runs: Iterable[Run],
    *,
    parameters: Mapping[str, JSON],
    agent_configuration: Mapping[str, JSON],
    fail_over: str,
    directives: Iterable[JSON] = (),
    opening: JSON = None,
) -> dict[str, JSON]:
    """``directives``: what to do in place of letting the agent answer.

    ``opening``: the name ``open``, where the agent has opening hours.
    """
    return {
        "id": str(call.id),
        "state": CallState.IN_PROGRESS.value,
        "agent": plan.agent.slug,
        "release": {"number": plan.number},
        "parameters": dict(parameters),
        "agent_configuration": dict(agent_configuration),
        "fail_over": {"reason": fail_over} if fail_over else None,
        "directives": list(directives),
        "open": opening,
        "tools": [tool_json(tool) for tool in plan.tools],
        "menus": [menu_json(menu) for menu in plan.menus],
        "runs": [run_json(run) for run in runs],
    }


def invoke_answer(run: Run) -> dict[str, JSON]:
    """Models read this whole, some aloud: in it, a failure is what may be said of it. The run keeps the details."""
    shown = {**run_json(run), "warnings": []}
    if run.error_code:
        shown["error"] = {"code": run.error_code, "message": _spoken(run.result)}
    result = results.for_runtime(run.result, run.call.runtime)
    return {"run": shown, "result": result, "directives": run.directives}


def _spoken(result: JSON) -> str:
    """What the model may say of a run that failed."""
    return str(result.get("message") or "") if isinstance(result, dict) else ""


def event_answer(event: Event, runtime: str) -> dict[str, JSON]:
    return {
        "id": str(event.pk),
        "type": event.type,
        "run_id": str(event.run_id) if event.run_id else None,
        "result": results.for_runtime(event.result, runtime),
        "directives": event.directives,
    }


def finish_answer(call: Call) -> dict[str, JSON]:
    return {"id": str(call.id), "state": CallState.COMPLETED.value}


def menu_json(menu: KeyMenu) -> dict[str, JSON]:
    """Keys that the runtime reports as ``keypad.pressed``, and what it says of them, by language."""
    return {"keys": list(menu.keys), "announcement": dict(menu.announcement)}


def run_json(run: Run) -> dict[str, JSON]:
    """Outcome and timing of one run, as every answer shows it."""
    return {
        "id": str(run.id),
        "action": run.action_name,
        "kind": run.kind,
        "moment": str(run.moment),
        "state": str(run.state),
        "source": str(run.source),
        "attempt": run.attempt,
        "duration_ms": run.duration_ms,
        "error": {"code": run.error_code, "message": run.error_message} if run.error_code else None,
        "skipped_reason": run.skipped_reason,
        "warnings": run.warnings,
    }
