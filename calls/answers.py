"""The answers that runtimes get, as plain JSON; kept with the record so that a repeat gets the same one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from actions.contract import JSON
from actions.releases import Plan, ToolDefinition
from calls.models import Call, CallState, Event, Run


def begin_answer(
    call: Call,
    plan: Plan,
    runs: Iterable[Run],
    *,
    parameters: Mapping[str, JSON],
    agent_configuration: Mapping[str, JSON],
    fail_over: str,
) -> dict[str, JSON]:
    return {
        "id": str(call.pk),
        "state": CallState.IN_PROGRESS.value,
        "agent": plan.agent.slug,
        "release": {"number": plan.number},
        "parameters": dict(parameters),
        "agent_configuration": dict(agent_configuration),
        "fail_over": {"reason": fail_over} if fail_over else None,
        "tools": [tool_json(tool) for tool in plan.tools],
        "runs": [run_json(run) for run in runs],
    }


def invoke_answer(run: Run) -> dict[str, JSON]:
    return {"run": run_json(run), "result": run.result, "directives": run.directives}


def event_answer(event: Event) -> dict[str, JSON]:
    return {
        "id": str(event.pk),
        "type": event.type,
        "run_id": str(event.run_id) if event.run_id else None,
        "result": event.result,
        "directives": event.directives,
    }


def finish_answer(call: Call) -> dict[str, JSON]:
    return {"id": str(call.pk), "state": CallState.COMPLETED.value}


def tool_json(tool: ToolDefinition) -> dict[str, JSON]:
    """``messages`` is there only for a tool before which the agent says something."""
    shown: dict[str, JSON] = {"name": tool.name, "description": tool.description, "parameters": dict(tool.parameters)}
    if tool.message_before is not None:
        shown["messages"] = {"before": dict(tool.message_before)}
    return shown


def run_json(run: Run) -> dict[str, JSON]:
    """Outcome and timing of one run, as every answer shows it."""
    return {
        "id": str(run.pk),
        "action": run.action_name,
        "kind": run.kind,
        "moment": str(run.moment),
        "state": str(run.state),
        "attempt": run.attempt,
        "duration_ms": run.duration_ms,
        "error": {"code": run.error_code, "message": run.error_message} if run.error_code else None,
        "skipped_reason": run.skipped_reason,
        "warnings": run.warnings,
    }
