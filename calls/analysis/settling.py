"""The end of an analysis: on the call stands what was found, and who said it."""

from __future__ import annotations

from actions.announcements import Announced, announce
from calls.analysis.findings import ANALYSED_COLUMNS, Findings
from calls.models import Call


def settle(call: Call, findings: Findings) -> None:
    """In the caller's transaction. What the runtime gave stays; the rest is added, with defaults in the end."""
    findings.apply_defaults()
    call.classifications = findings.labels
    call.summary = findings.summary or call.summary
    call.parameters = {**call.parameters, **findings.fields}
    call.analysis = findings.record()
    call.save(update_fields=ANALYSED_COLUMNS)
    announce(Announced.CALL_ANALYZED, call)
