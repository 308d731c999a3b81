"""What an MCP client may do with a call: list its tools and call them. Nothing else is served.

``mcp`` takes a second to import: only ``calls.mcp.edge`` imports this, once somebody asks.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import mcp_types as types
from django.core.serializers.json import DjangoJSONEncoder
from django_scopes import scope
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.shared.exceptions import MCPError

from accounts.database import database_threads, in_database
from accounts.json_values import UnstorableJSONError, check_json
from accounts.problems import Problem
from actions import manifests
from actions.contract import JSON
from actions.releases import load_plan
from calls import errors, lifecycle
from calls.mcp.tokens import STATE_KEY, OpenCall
from calls.requests import InvokeAction

TOOL_CALL_ID_META = "triptyque/tool_call_id"
DIRECTIVES_META = "triptyque/directives"
LONGEST_ID = 200

INSTRUCTIONS = (
    "Tools of one phone call. “result” is for the model. “directives” are orders for whoever runs the call, "
    "to be carried out in their order: transfer, hang up, send digits, wait, say."
)

Context = ServerRequestContext[Any, Any]


def build() -> Server[Any]:
    return Server("triptyque", title="Triptyque", instructions=INSTRUCTIONS, on_list_tools=_list, on_call_tool=_call)


async def _list(context: Context, params: types.PaginatedRequestParams | None) -> types.ListToolsResult:
    async with _inside(context) as call:
        plan = await in_database(load_plan)(call.release_id)
    place = manifests.Place(api_url="", language=plan.agent.language)
    tools = manifests.render(manifests.find("mcp"), plan.tools, place).tools
    return types.ListToolsResult(tools=[types.Tool.model_validate(tool) for tool in tools])


async def _call(context: Context, params: types.CallToolRequestParams) -> types.CallToolResult:
    request = _request(params, context)
    async with _inside(context) as call:
        try:
            answer = await lifecycle.invoke(call.call_id, request)
        except errors.UnknownAction as error:
            raise MCPError(types.INVALID_PARAMS, f"Unknown tool: {params.name[:100]}") from error
        except Problem as problem:
            return _refused(problem)
    return _answered(answer)


def _request(params: types.CallToolRequestParams, context: Context) -> InvokeAction:
    arguments = params.arguments or {}
    try:
        check_json([params.name, arguments])
    except UnstorableJSONError as error:
        raise MCPError(types.INVALID_PARAMS, str(error.sentence)) from error
    return InvokeAction(name=params.name, arguments=arguments, tool_call_id=_tool_call_id(context.meta))


def _tool_call_id(meta: Mapping[str, Any] | None) -> str | None:
    """The client's own id of this tool call. A request's id will not do: every client counts from nought."""
    given = (meta or {}).get(TOOL_CALL_ID_META)
    if given is None:
        return None
    if not isinstance(given, str) or not 0 < len(given) <= LONGEST_ID or not given.isprintable():
        raise MCPError(types.INVALID_PARAMS, f"_meta {TOOL_CALL_ID_META}: 1 to {LONGEST_ID} printable characters.")
    return given


def _answered(answer: Mapping[str, JSON]) -> types.CallToolResult:
    return _result(answer["result"], answer["directives"], failed=answer["run"]["state"] == "failed")


def _refused(problem: Problem) -> types.CallToolResult:
    """For the model, which can do better: what it sent does not fit, or the call is over."""
    told: dict[str, JSON] = {"status": "refused", "code": problem.code, "message": str(problem.detail or problem.title)}
    if fields := [{"field": field, "message": str(message)} for field, message in problem.fields]:
        told["errors"] = fields
    return _result(told, [], failed=True)


def _result(result: JSON, directives: JSON, *, failed: bool) -> types.CallToolResult:
    text = result if isinstance(result, str) else _written(result)
    return types.CallToolResult(
        content=[types.TextContent(text=text)],
        structured_content={"result": result, "directives": directives},
        is_error=failed,
        _meta={DIRECTIVES_META: directives},
    )


def _written(result: JSON) -> str:
    """In one order: PostgreSQL gives members back in its own, and a repeat is to get the same text."""
    return json.dumps(result, ensure_ascii=False, sort_keys=True, cls=DjangoJSONEncoder)


@asynccontextmanager
async def _inside(context: Context) -> AsyncIterator[OpenCall]:
    """Inside the account's scope, with a thread of its own for the database, as Django gives each request."""
    assert context.request is not None, "the edge hands on HTTP requests only"
    call: OpenCall = context.request.scope[STATE_KEY]
    async with database_threads():
        with scope(account=call.account):
            yield call
