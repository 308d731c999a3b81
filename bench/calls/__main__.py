"""What a call costs: throughput, latency and processor time of *call begins* and *tool call*, beside their floors.

begin:   POST in, one templated request to an upstream, mapping, decision, JSON out, records committed before the answer
cached:  the same of callers whose results are kept (memory, or Redis where CACHE_URL names one)
tool:    a transfer among 50 destinations, no network, each in a call of its own

The floors do the same by hand (bench/calls/floors.py). Each server has one core, load and upstream the other; rounds
are interleaved, the answers checked before they are timed. Then the memory of a process with 1,000 agents. On
DATABASE_URL (PostgreSQL), or SQLite without the floors that insert. Prints a table and, last, one line of JSON.

    make bench-calls             ANSWERS=2000 ROUNDS=3 AGENTS=1000 by default
"""

from __future__ import annotations

import json
import os
import statistics
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import uvloop

from bench.calls.load import Job, Measured, ask_all, measure, median
from bench.calls.product import Product
from bench.calls.servers import Server, cores, free_port, start, uvicorn

ANSWERS = int(os.environ.get("ANSWERS", "2000"))
ROUNDS = int(os.environ.get("ROUNDS", "3"))
AGENTS = int(os.environ.get("AGENTS", "1000"))
PRODUCT, BARE, INSERT, DJANGO = "product", "bare", "bare, one INSERT", "Django view"
SHAPES = (
    *(("begin", many, delay) for delay in (0, 50) for many in (1, 32, 200)),
    *(("cached", many, 0) for many in (1, 32)),
    *(("tool", many, 0) for many in (1, 32)),
)
"""(job, connections, delay of the upstream in ms)."""

TARGETS = {
    "begin_32_to_bare_insert": 0.55,
    "begin_200_50ms_to_bare": 0.85,
    "begin_1_added_ms": 1.0,
    "begin_cpu_ms": 0.6,
    "cached_32_to_bare_cached": 0.5,
    "tool_1_added_ms": 2.0,
    "tool_cpu_ms": 0.6,
    "memory_mib": 180.0,
}
AT_LEAST = {"begin_32_to_bare_insert", "begin_200_50ms_to_bare", "cached_32_to_bare_cached"}

Key = tuple[str, str, int, int]
"""(server, job, connections, delay)."""


@dataclass(slots=True)
class Figures:
    """Medians over rounds; ``cpu_ms`` is processor time for each answer."""

    speed: dict[Key, Measured] = field(default_factory=dict)
    cpu_ms: dict[Key, float] = field(default_factory=dict)
    memory_mib: float = 0.0


# --- servers --------------------------------------------------------------------------------------


def start_all(stack: ExitStack, directory: Path) -> tuple[dict[str, Server], Product]:
    """The product and its floors."""
    server_core, rest = cores()
    if rest:
        os.sched_setaffinity(0, rest)

    def begin(name: str, command: list[str], port: int, environment: dict[str, str], core: set[int]) -> Server:
        server = start(name, command, port, environment, core=core, log=directory / "log")
        stack.callback(server.stop)
        return server

    upstream = begin("upstream", ["bench.calls.upstream", str(port := free_port())], port, {}, rest).port
    product = Product.create(directory, upstream)
    stack.callback(product.drop)
    url = f"http://127.0.0.1:{upstream}"
    product.furnish(url, sorted({delay for _job, _many, delay in SHAPES}))
    applications = {PRODUCT: "config.asgi:application", BARE: "bench.calls.floors:bare"}
    applications[DJANGO] = "bench.calls.floors:django_view"
    if "FLOOR_DSN" in os.environ:
        applications[INSERT] = "bench.calls.floors:bare_insert"
    servers = {}
    for name, application in applications.items():
        environment = product.environment if name == PRODUCT else {"FLOOR_URL": url}
        port = free_port()
        servers[name] = begin(name, uvicorn(application, port), port, environment, server_core)
    return servers, product


# --- jobs -----------------------------------------------------------------------------------------


def _bodies(agent: str) -> list[bytes]:
    common = {"agent": agent, "to": "+33199000001"}
    return [
        json.dumps({**common, "from": f"+336123400{number:02d}", "context": {"n": number}}).encode()
        for number in range(100)
    ]


def begin_job(agent: str, product: Product | None) -> Job:
    """``product`` None: of a floor."""
    path, status = ("/api/v1/calls", 201) if product else ("/calls", 200)
    headers = product.headers if product else ""
    requests = [(path, body) for body in _bodies(agent)]
    return Job(requests, status, lambda answer: answer["parameters"]["vip"] is True, headers)


def cached_job(product: Product | None) -> Job:
    if product:
        return begin_job("cached", product)
    requests = [("/cached", body) for body in _bodies("upstream-0")]
    return Job(requests, 200, lambda answer: answer["parameters"]["vip"] is True)


async def tool_job(server: Server, product: Product | None, count: int) -> Job:
    """For the product, each tool call in a call of its own that has begun."""
    body = json.dumps({"arguments": {"destination": "Team 7", "reason": "billing"}}).encode()
    if product is None:
        return Job([("/tool", body)], 200, lambda answer: "arguments" in answer)
    begin = json.dumps({"agent": "tools", "from": "+33612340000"}).encode()
    begins = Job([("/api/v1/calls", begin)] * count, 201, lambda answer: True, product.headers)
    calls = [answer["id"] for answer in await ask_all(server.port, begins, connections=16)]
    requests = [(f"/api/v1/calls/{call_id}/actions/transfer", body) for call_id in calls]
    return Job(requests, 200, lambda answer: answer["result"]["status"] == "requested", product.headers)


async def job_of(name: str, delay: int, server: Server, product: Product | None, count: int) -> Job:
    if name == "tool":
        return await tool_job(server, product, count)
    return cached_job(product) if name == "cached" else begin_job(f"upstream-{delay}", product)


# --- measuring ------------------------------------------------------------------------------------


async def measure_all(servers: dict[str, Server], product: Product, agents: list[str]) -> Figures:
    speed: dict[Key, list[Measured]] = {}
    cpu: dict[Key, list[float]] = {}
    for _round in range(ROUNDS):
        for job_name, many, delay in SHAPES:
            for name, server in servers.items():
                own = product if name == PRODUCT else None
                answers = ANSWERS if many > 1 else min(ANSWERS, 20_000 // (delay or 20))
                warm = max(many, answers // 10)
                job = await job_of(job_name, delay, server, own, warm + many)
                await measure(server.port, job, connections=many, answers=warm)
                job = await job_of(job_name, delay, server, own, answers + many)
                began_s = server.cpu_s()
                measured = await measure(server.port, job, connections=many, answers=answers)
                key = (name, job_name, many, delay)
                speed.setdefault(key, []).append(measured)
                cpu.setdefault(key, []).append((server.cpu_s() - began_s) / answers * 1000)
    return Figures(
        {key: median(rounds) for key, rounds in speed.items()},
        {key: round(statistics.median(rounds), 3) for key, rounds in cpu.items()},
        round(await memory_with_agents(servers[PRODUCT], product, agents), 1),
    )


async def memory_with_agents(server: Server, product: Product, agents: list[str]) -> float:
    """MiB of the web process that has answered a call of each of these agents."""
    requests = [("/api/v1/calls", json.dumps({"agent": slug, "from": "+33612340000"}).encode()) for slug in agents]
    await ask_all(server.port, Job(requests, 201, lambda answer: True, product.headers), connections=8)
    return server.memory_mib()


def ratios_of(figures: Figures) -> dict[str, float]:
    def per_s(name: str, job: str, many: int, delay: int) -> float:
        return figures.speed[name, job, many, delay].per_s

    def added_ms(job: str) -> float:
        own, floor = (figures.speed[name, job, 1, 0].p50_ms for name in (PRODUCT, BARE))
        return own - floor

    found = {
        "begin_200_50ms_to_bare": per_s(PRODUCT, "begin", 200, 50) / per_s(BARE, "begin", 200, 50),
        "begin_32_to_bare": per_s(PRODUCT, "begin", 32, 0) / per_s(BARE, "begin", 32, 0),
        "begin_32_to_django_view": per_s(PRODUCT, "begin", 32, 0) / per_s(DJANGO, "begin", 32, 0),
        "begin_1_added_ms": added_ms("begin"),
        "begin_cpu_ms": figures.cpu_ms[PRODUCT, "begin", 32, 0],
        "tool_1_added_ms": added_ms("tool"),
        "tool_cpu_ms": figures.cpu_ms[PRODUCT, "tool", 32, 0],
        "cached_32_to_bare_cached": per_s(PRODUCT, "cached", 32, 0) / per_s(BARE, "cached", 32, 0),
        "memory_mib": figures.memory_mib,
    }
    if (INSERT, "begin", 32, 0) in figures.speed:
        found["begin_32_to_bare_insert"] = per_s(PRODUCT, "begin", 32, 0) / per_s(INSERT, "begin", 32, 0)
        found["tool_32_to_bare_insert"] = per_s(PRODUCT, "tool", 32, 0) / per_s(INSERT, "tool", 32, 0)
    return {name: round(value, 3) for name, value in found.items()}


def show(figures: Figures) -> None:
    print(f"{'job':<26}{'server':<20}{'per s':>9}{'p50 ms':>9}{'p95 ms':>9}{'p99 ms':>9}{'cpu ms':>9}")
    for (name, job, many, delay), measured in figures.speed.items():
        label = f"{job}, {many} conn., {delay} ms"
        times = f"{measured.p50_ms:>9.2f}{measured.p95_ms:>9.2f}{measured.p99_ms:>9.2f}"
        print(f"{label:<26}{name:<20}{measured.per_s:>9.0f}{times}{figures.cpu_ms[name, job, many, delay]:>9.3f}")
    print(f"memory of the web process with {AGENTS} agents: {figures.memory_mib} MiB\n")


def main() -> None:
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        servers, product = start_all(stack, directory)
        figures = uvloop.run(measure_all(servers, product, product.multiply("upstream-0", AGENTS)))
    ratios = ratios_of(figures)
    show(figures)
    targets = {name: value for name, value in TARGETS.items() if name in ratios}
    missed = [name for name, value in targets.items() if (ratios[name] < value) == (name in AT_LEAST)]
    shown = {" ".join(map(str, key)): round(measured.per_s, 1) for key, measured in figures.speed.items()}
    print(json.dumps({"bench": "calls", "figures": shown, "ratios": ratios, "targets": targets, "missed": missed}))


if __name__ == "__main__":
    main()
