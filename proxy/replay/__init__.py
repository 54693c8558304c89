"""Replay: recorded days walked again through the decision code and the rules of Claude's prompt cache.

`replay(calls, policy, prices, begins)` says what a day would have come to under a policy. Routes are chosen by the
router that serves requests, from what the classes that serve them remember; only the wire, the ledger's file and the
words of prompts are not there.
"""

from proxy.replay.call import Call, call_of
from proxy.replay.engine import Step, Walk
from proxy.replay.outcome import Outcome, outcome_of, replay
from proxy.replay.policy import Policy
from proxy.replay.taking import Confusion, as_labelled

__all__ = [
    "Call",
    "Confusion",
    "Outcome",
    "Policy",
    "Step",
    "Walk",
    "as_labelled",
    "call_of",
    "outcome_of",
    "replay",
]
