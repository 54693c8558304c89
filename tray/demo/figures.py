"""What the simulated day came to, as figures: the same for the same seed, budget and number of sessions."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

from budget.clock import resets_at
from proxy.asjson import usd
from tray.demo.play import Play
from tray.demo.stage import Stage

TIERS = ("L0", "L1", "L2", "L3")


def figures(play: Play, stage: Stage) -> dict[str, Any]:
    """Tell them; amounts are dollars as exact text, and none of them was ever paid."""
    ledger = stage.services.ledger
    today = ledger.today()
    saved = ledger.baselines.saved(today.day, today.day)
    begins = resets_at(today.day - timedelta(days=1), stage.services.zone())
    alerts = [sent.alert for sent in ledger.outbox.newest(100) if sent.alert.day == today.day]
    return {
        "day": today.day.isoformat(),
        "budget_usd": usd(today.limits.budget),
        "cutoff_usd": usd(today.limits.cutoff),
        "spent_usd": usd(today.settled),
        "billed_usd": usd(stage.claude.billed(begins)),
        "local_usd": usd(today.local.full) if today.local else "0",
        "saved_usd": usd(saved.likely),
        "saved_low_usd": usd(saved.low),
        "saved_high_usd": usd(saved.high),
        "band": today.band.value,
        "requests": len(play.sent),
        "turns": len({(sent.step.session, sent.step.agent, sent.step.turn) for sent in play.sent}),
        "sessions": len({sent.step.session for sent in play.sent}),
        "routes": dict(sorted(Counter(sent.fate for sent in play.sent).items())),
        "tiers": {tier: _routes(play, tier) for tier in TIERS},
        "escalated": sum(bool(sent.escalated) for sent in play.sent),
        "degraded": sum("degraded" in sent.reason for sent in play.sent),
        "alerts": sorted({f"{alert.kind.value} {alert.subject}".strip() for alert in alerts}),
    }


def _routes(play: Play, tier: str) -> dict[str, int]:
    return dict(sorted(Counter(sent.fate for sent in play.sent if sent.tier == tier).items()))
