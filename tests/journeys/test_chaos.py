"""A small storm: workers die again and again while a mail server refuses and hangs up; nothing is lost.

``make chaos`` is the large one, with the broker and the database among the victims.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys.test_inbound_call import REPORT, configure
from tests.journeys.test_kills_and_races import begin
from tests.support.stack import Stack, answers, free_port, running_stack, wait_until

pytestmark = [pytest.mark.processes, pytest.mark.timeout(400)]

CALLS = 10
KILLS = 2
DONE = {"succeeded", "skipped", "dead"}


@pytest.fixture
def storm(tmp_path: Path) -> Iterator[Stack]:
    """The product with a mail server that refuses one message in four and drops one connection in six."""
    mail, http = free_port(), free_port()
    environment = {
        "EMAIL_URL": f"smtp://127.0.0.1:{mail}",
        "OUTBOUND_ALLOWED_PRIVATE_HOSTS": f"127.0.0.1:{http}",
        "AFTER_RUN_BACKOFF_BASE_S": "1",
        "AFTER_RUN_MAX_ATTEMPTS": "20",
    }
    with running_stack(tmp_path, **environment) as stack:
        stack.start("mail", "bench.after.sinks", "mail", str(mail), str(tmp_path / "mails"), "4", "6")
        stack.start("crm", "demo.crm", "--port", str(http), "--state", str(tmp_path / "crm.json"))
        for port in (mail, http):
            wait_until(lambda port=port: answers(port), within_s=20, what="a sample system answers")
        stack.environment["TEST_CRM"] = f"http://127.0.0.1:{http}"
        yield stack


def test_workers_that_die_again_and_again_lose_nothing(storm: Stack) -> None:
    key = storm.create_account()
    storm.start_web()
    storm.start_worker()
    storm.start_beat()
    with storm.client(key) as api:
        configure(api, storm.environment["TEST_CRM"])
        call_ids = [begin(api, f"CA-{number}") for number in range(CALLS)]
        for number, call_id in enumerate(call_ids):
            api.post(f"calls/{call_id}/complete", json=REPORT).raise_for_status()
            if number % (CALLS // KILLS) == 1:
                storm.kill("worker")
                storm.start_worker()

        def runs() -> list[dict[str, object]]:
            found = [api.get(f"calls/{call_id}").json()["runs"] for call_id in call_ids]
            return [run for each in found for run in each if run["moment"] == "after"]

        def settled() -> bool:
            time.sleep(0.5)
            return {run["state"] for run in runs()} <= DONE

        wait_until(settled, within_s=200, what="all is settled")
        ended = runs()
    assert len(ended) == 3 * CALLS
    assert all(run["error"] for run in ended if run["state"] == "dead")
    sent = sum(run["action"] == "warn_retention" and run["state"] == "succeeded" for run in ended)
    arrived = Counter((storm.data_dir / "mails").read_text().split())
    assert len(arrived) >= sent > 0, "an email that came twice has the same Message-ID, and counts once"
    assert len(arrived) <= CALLS
