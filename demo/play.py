"""Play one call against a running copy, over HTTP only, and check that it goes as the sample data says.

``python -m demo.play`` (``make demo-call``) reads DATA_DIR/demo.env. A customer of the sample CRM rings; she is
recognised, asks for a transfer, nobody answers, nor does the team, one after the other; the agent takes her back
and hangs up; then the report is written: an email to the retention team, a note in the CRM.
"""

from __future__ import annotations

import os
import sys
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from demo import env_file, evidence
from demo import sample_names as names
from demo.crm_data import VIP_ID, VIP_PHONE
from demo.evidence import expect, only_directive, run_of
from demo.runtime_client import RuntimeClient, Unexpected, request
from demo.timeline import Timeline

AFTER_LIMIT_S = 30.0
FINISHED = {"succeeded", "skipped", "failed", "dead"}
SUMMARY = "Hélène Marchand veut résilier son contrat ; personne n’a répondu à la demande de transfert."
TRANSCRIPT = [
    {"role": "agent", "text": "Bonjour Hélène, que puis-je faire pour vous ?", "time_ms": 900},
    {"role": "caller", "text": "Bonjour, je voudrais résilier. Passez-moi ma conseillère.", "time_ms": 4200},
    {"role": "agent", "text": "Je vous la passe.", "time_ms": 8100},
    {"role": "agent", "text": "Elle ne répond pas ; elle vous rappellera aujourd’hui.", "time_ms": 31500},
    {"role": "caller", "text": "Très bien, merci. Au revoir.", "time_ms": 36000},
]


HUNT = (
    (names.SERVICE_PHONE, "transfer.no_answer", 408),
    (names.ON_CALL_PHONE, "transfer.failed", 486),
)
"""Whom the team's transfer rings, and what the telephone system reports of each."""


@dataclass
class DemonstrationCall:
    """One call, step by step; raises Unexpected at the first step that is not as it should be.

    ``maildir`` is None where messages go to a mail server of the user's own.
    """

    runtime: RuntimeClient
    crm_url: str
    maildir: Path | None
    timeline: Timeline
    external_id: str = field(default_factory=lambda: f"demo-{uuid.uuid4()}")
    call_id: str = ""
    _tool_calls: int = 0

    def play(self) -> None:
        self.begin()
        self.transfer()
        self.transfer_to_team()
        self.hang_up()
        self.complete()
        call = self.wait_for_after_runs()
        self.check_email(run_of(call, names.EMAIL))
        self.check_note(run_of(call, names.NOTE))

    # --- before -----------------------------------------------------------------------------------

    def begin(self) -> None:
        body = {
            "agent": names.AGENT_SLUG,
            "direction": "inbound",
            "from": VIP_PHONE,
            "to": names.AGENT_NUMBER,
            "external_id": self.external_id,
            "sip_headers": {"X-Customer-Ref": "REF-2042"},
            "context": {"channel": "demonstration"},
            "budget_ms": 5000,
        }
        reply = self.runtime.post("calls", body)
        call = reply.expect(201, "The beginning of the call")
        self.call_id = call["id"]
        self.timeline.title(
            f"Demonstration call {self.call_id}: {VIP_PHONE} rings {names.AGENT_NUMBER}, "
            f"agent “{names.AGENT_SLUG}”, release {call['release']['number']}"
        )
        parameters = call["parameters"]
        told = ", ".join(f"{name}={_plain(value)}" for name, value in parameters.items())
        for run in call["runs"]:
            self.timeline.run(run, told)
        self.timeline.more("tools: " + ", ".join(tool["name"] for tool in call["tools"]))
        wanted = {"customerId": VIP_ID, "firstName": "Hélène", "vip": True}
        expect(
            parameters.items() >= wanted.items(),
            f"The CRM's customer did not come back as parameters: {wanted} expected, {parameters} given.",
        )
        offered = {tool["name"] for tool in call["tools"]}
        missing = {names.TRANSFER, names.HANG_UP} - offered
        expect(not missing, f"The agent is not offered {', '.join(sorted(missing))}.")
        self._same_again("calls", body, call)

    # --- during -----------------------------------------------------------------------------------

    def transfer(self) -> None:
        self._say(*TRANSCRIPT[:2])
        arguments = {"destination": names.VIP_ADVISOR, "reason": "Demande de résiliation"}
        answer = self._invoke(names.TRANSFER, arguments, repeat=True)
        directive = only_directive(answer, "transfer")
        headers = ", ".join(f"{name}: {value}" for name, value in directive["sip_headers"].items())
        self.timeline.run(
            answer["run"], f"→ {directive['destinations'][0]['value']}, ring {directive['ring_time_s']} s, {headers}"
        )
        expect(
            directive["destinations"][0]["value"] == names.VIP_ADVISOR_PHONE
            and directive["ring_time_s"] == names.RING_TIME_S,
            f"The transfer should ring {names.VIP_ADVISOR_PHONE} for {names.RING_TIME_S} s: {directive}",
        )
        wanted = {"X-Customer-Id": VIP_ID, "X-Customer-Ref": "REF-2042", "X-Call-Id": self.call_id}
        expect(directive["sip_headers"] == wanted, f"SIP headers {wanted} expected, {directive['sip_headers']} given.")
        for event_type in ("transfer.ringing", "transfer.no_answer"):
            result = self._report(event_type, {"tool_call_id": self._tool_call_id})["result"]
            expect(result is not None, f"The agent is not told what {event_type} means.")
            self.timeline.step("", event_type, "", None, result["message"])
            expect(f"transfer.{result['status']}" == event_type, f"{event_type} came back as {result['status']!r}.")

    def transfer_to_team(self) -> None:
        """One after the other: each answer to an event says whom to ring next, the last gives the caller back."""
        answer = self._invoke(names.TEAM_TRANSFER, {"reason": "Demande de résiliation"})
        directive = only_directive(answer, "transfer")
        for attempt, (phone, event_type, sip_code) in enumerate(HUNT, start=1):
            rung = [destination["value"] for destination in directive["destinations"]]
            expect(rung == [phone] and directive["attempt"] == attempt, f"Attempt {attempt}, {phone}: {directive}")
            self.timeline.step("", names.TEAM_TRANSFER, "", None, f"attempt {attempt} → {phone}, warm")
            report = self._report(
                event_type, {"tool_call_id": self._tool_call_id, "attempt": attempt, "sip_code": sip_code}
            )
            self.timeline.step("", event_type, "", None, report["result"]["message"])
            if attempt < len(HUNT):
                directive = only_directive(report, "transfer")
        expect(not report["directives"], f"Nobody is left to be rung: {report['directives']}")
        expect(report["result"]["status"] == "busy", f"Why the last did not answer: {report['result']}")

    def hang_up(self) -> None:
        self._say(*TRANSCRIPT[2:])
        for attempt in range(1, names.HANG_UP_ATTEMPTS + 1):
            answer = self._invoke(names.HANG_UP, {"reason": "goal_reached"})
            if attempt < names.HANG_UP_ATTEMPTS:
                result = answer["result"]
                self.timeline.run(answer["run"], f"refused: {result.get('message')}")
                expect(not answer["directives"], f"Attempt {attempt} to hang up should have been refused: {answer}")
            else:
                directive = only_directive(answer, "hang_up")
                self.timeline.run(answer["run"], f"hang up: {directive['reason']}")

    # --- after ------------------------------------------------------------------------------------

    def complete(self) -> None:
        body = {
            "ended_reason": "agent_hung_up",
            "duration_s": 41.5,
            "transcript": TRANSCRIPT,
            "summary": SUMMARY,
            "classifications": {names.CLASSIFIER: names.CANCELLATION},
        }
        path = f"calls/{self.call_id}/complete"
        reply = self.runtime.post(path, body)
        answer = reply.expect(202, "The end of the call")
        self.timeline.step(
            "after", "complete", answer["state"], reply.elapsed_ms, f"classified as {names.CANCELLATION}: {SUMMARY}"
        )
        self._same_again(path, body, answer)

    def wait_for_after_runs(self) -> dict[str, Any]:
        """The call, once every after-run has come to its end."""
        limit = time.monotonic() + AFTER_LIMIT_S
        while True:
            call: dict[str, Any] = self.runtime.get(f"calls/{self.call_id}").expect(200, "Reading the call")
            runs = [run for run in call["runs"] if run["moment"] == "after"]
            if runs and all(run["state"] in FINISHED for run in runs):
                return call
            expect(
                time.monotonic() < limit,
                f"After {AFTER_LIMIT_S:.0f} s, not every run was finished: "
                + (", ".join(f"{run['action']} is {run['state']}" for run in runs) or "there is none"),
            )
            time.sleep(0.1)

    def check_email(self, run: dict[str, Any]) -> None:
        essence = evidence.email_essence(run, self.call_id, self.maildir)
        self.timeline.run(run, essence)

    def check_note(self, run: dict[str, Any]) -> None:
        self.timeline.run(run, evidence.note_essence(run, self.call_id, self.crm_url, SUMMARY))

    # --- how a runtime speaks ---------------------------------------------------------------------

    def _invoke(self, action: str, arguments: dict[str, Any], *, repeat: bool = False) -> dict[str, Any]:
        self._tool_calls += 1
        path = f"calls/{self.call_id}/actions/{action}"
        body = {"arguments": arguments, "tool_call_id": self._tool_call_id}
        answer: dict[str, Any] = self.runtime.post(path, body).expect(200, f"The action {action}")
        if repeat:
            self._same_again(path, body, answer)
        return answer

    @property
    def _tool_call_id(self) -> str:
        return f"{self.external_id}-tool-{self._tool_calls}"

    def _report(self, event_type: str, data: dict[str, Any]) -> dict[str, Any]:
        body = {"event_id": f"{self.external_id}-{uuid.uuid4()}", "type": event_type, "data": data}
        answer: dict[str, Any] = self.runtime.post(f"calls/{self.call_id}/events", body).expect(201, event_type)
        return answer

    def _say(self, *pieces: dict[str, Any]) -> None:
        for piece in pieces:
            self._report("transcript", piece)

    def _same_again(self, path: str, body: dict[str, Any], first: dict[str, Any]) -> None:
        """Runtimes repeat a request whose answer they have lost; they must get the first answer."""
        again = self.runtime.post(path, body)
        expect(again.body == first, f"POST {path}, repeated, was answered otherwise ({again.status}): {again.body}")


def _plain(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def main(environment: Callable[[str], str | None] = os.environ.get) -> int:
    """Exit code 0 when all went as expected; 1 after a sentence that says what did not."""
    data_dir = Path(environment("DATA_DIR") or Path(__file__).resolve().parents[1] / "var").absolute()
    values = env_file.read(data_dir / "demo.env")
    if not values:
        print(f"{data_dir}/demo.env is not there: start a copy first, with `make run`.", file=sys.stderr)
        return 1
    if "TRIPTYQUE_API_KEY" not in values:
        print("There is no sample account to call: another DATA_DIR has one, for example var/second.", file=sys.stderr)
        return 1
    runtime = RuntimeClient(values["TRIPTYQUE_URL"], values["TRIPTYQUE_API_KEY"])
    box = values.get("TRIPTYQUE_MAILBOX")
    timeline = Timeline()
    call = DemonstrationCall(runtime, values.get("TRIPTYQUE_CRM_URL", ""), Path(box) if box else None, timeline)
    try:
        request("GET", f"{runtime.url}/healthz/live").expect(200, "The copy")
    except Unexpected as error:
        print(f"{error}. Nothing to call: start a copy with `make run`.", file=sys.stderr)
        return 1
    try:
        call.play()
    except Unexpected as error:
        timeline.end(f"Not as expected: {error}")
        return 1
    timeline.end("The call went as expected: looked up, transferred, taken back, ended, reported once each.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
