"""What was missed of Claude's cache as JSON; amounts are {"usd": "1.25", "picos": 1250000000000}."""

from __future__ import annotations

from collections.abc import Sequence

from budget.cachemisshistory import Past
from budget.cachemisslife import SETTING_1H, Lives, Pauses, worthwhile
from budget.cachemisssums import Cut, Missed, Session
from pricing.money import Money
from proxy.asjson import Json
from proxy.cachemisshints import Hint
from proxy.cachemisswords import where, words

NO_PAST = Past()


def missed_json(found: Missed, past: Past = NO_PAST) -> Json:
    """Tell some days, and what imported logs of them say of lifetimes."""
    return {
        "since": found.since.isoformat(),
        "until": found.until.isoformat(),
        "requests": found.requests,
        "bill": _money(found.bill),
        "judged": _money(found.judged),
        "listed": _money(found.listed),
        "after_local": _money(found.after_local),
        "missed": _money(found.amount),
        "avoidable": _money(found.avoidable),
        "avoidable_permille": found.permille(found.avoidable),
        "kinds": [{**_cut(cut), "permille": found.permille(cut.amount)} for cut in found.cuts],
        "sessions": [_session(one) for one in found.sessions],
        "lifetimes": [_lives(one) for one in found.lives],
        "kept_warm": found.kept_warm,
        "pauses": [_pauses(one) for one in found.pauses],
        "advice": _advice(found.lives),
        "imported": {
            "lifetimes": [_lives(one) for one in past.lives],
            "pauses": [_pauses(one) for one in past.pauses],
            "advice": _advice(past.lives),
        },
    }


def _advice(lives: Sequence[Lives]) -> Json | None:
    advised = worthwhile(lives)
    if advised is None:
        return None
    return {"lifetime": advised.better, "saves": _money(advised.saves), "claude_code": SETTING_1H}


def hints_json(hints: Sequence[Hint]) -> list[Json]:
    """Tell of sessions whose prefix breaks on every turn."""
    return [
        {
            "session": hint.session,
            "kind": hint.cause.kind.value,
            "what": hint.cause.what.value,
            "name": words(hint.cause.kind, hint.cause.what).name,
            "where": where(hint.cause),
            "times": hint.times,
            "cost": _money(hint.amount),
            "usually": words(hint.cause.kind, hint.cause.what).usually,
            "help": words(hint.cause.kind, hint.cause.what).help,
        }
        for hint in hints
    ]


def _cut(cut: Cut) -> Json:
    said = words(cut.kind, cut.what)
    return {
        "kind": cut.kind.value,
        "what": cut.what.value,
        "name": said.name,
        "is_avoidable": cut.is_avoidable,
        "misses": cut.misses,
        "tokens": cut.tokens,
        "cost": _money(cut.amount),
        "usually": said.usually,
        "help": said.help,
    }


def _session(one: Session) -> Json:
    return {
        "session": one.name,
        "project": one.project,
        "requests": one.requests,
        "continued": one.continued,
        "misses": one.misses,
        "cost": _money(one.cost),
        "missed": _money(one.amount),
        "kinds": [{**_cut(cut), "places": cut.places} for cut in one.cuts],
    }


def _lives(one: Lives) -> Json:
    return {
        "agent": one.name,
        "requests": one.requests,
        "asks": one.asks,
        "cost": _money(one.cost),
        "if_5m": _money(one.if_5m),
        "if_1h": _money(one.if_1h),
        "better": one.better,
        "saves": _money(one.saves),
        "off_permille": one.off_permille,
        "is_worth_it": one.is_worth_it,
    }


def _pauses(one: Pauses) -> Json:
    return {
        "agent": one.name,
        "number": one.number,
        "median_s": one.median_s,
        "over_5m_permille": one.over_5m,
        "over_1h_permille": one.over_1h,
    }


def _money(amount: Money) -> Json:
    return {"usd": amount.exact(), "picos": amount.picos}
