"""After the call: durable runs. The row is the truth; the broker only wakes a worker.

    queued --claim--> running --> succeeded | skipped
      ^                  |------> dead       permanent error, or the last attempt failed
      '---- retry, deferral, or the worker died (nobody renewed its lease: ``sweep``)

Kill any process at any instant: a row stays that the next sweep finds. What may happen twice carries the
run's id as idempotency key.

The runs of one call go in the order of their ``position``. Only a run with a ``due_at`` may be claimed: the first
one gets it when the call ends (or once its analysis is there), each further one in the transaction in which the one
before it ended its first attempt.
"""

from calls.after.claiming import claim_next
from calls.after.queueing import complete_call, queue_runs, release_held
from calls.after.settling import backoff_s, settle
from calls.after.sweeping import sweep

__all__ = [
    "backoff_s",
    "claim_next",
    "complete_call",
    "queue_runs",
    "release_held",
    "settle",
    "sweep",
]
