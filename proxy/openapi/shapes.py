"""Shapes: what the control server tells, as schemas; proxy/asjson.py and its like make what fits them."""

from __future__ import annotations

from budget.bands import Band
from budget.outbox import Kind
from budget.state import Mode
from pricing.rates import CLASSES
from proxy.openapi.schema import (
    ANYTHING,
    COUNT,
    DAY,
    FLAG,
    MOMENT,
    NUMBER,
    TEXT,
    USD,
    WHOLE,
    Schema,
    also,
    choice,
    listed,
    maybe,
    ref,
    told,
)

MODE, BAND = choice(*(mode.value for mode in Mode)), choice(*(band.value for band in Band))
TOKENS = told(**dict.fromkeys((*CLASSES, "web_searches"), COUNT))
LOCAL_COST = told(
    marginal_usd=USD, full_usd=USD, millijoules=COUNT, tokens=maybe(COUNT), marginal_usd_per_mtok=maybe(USD),
    full_usd_per_mtok=maybe(USD), provenance=listed(TEXT),
)  # fmt: skip
FACTS = told(
    version=TEXT, pid=COUNT, since=MOMENT, port=COUNT, control_port=COUNT, config_file=TEXT, zone=TEXT,
    notices=listed(TEXT), stepped_aside=FLAG, tray=choice("host", "no-host", "no-bus", "off"),
)  # fmt: skip
SAVED = told(usd=USD, low_usd=USD, high_usd=USD, plan_usd=USD, requests=COUNT, unknown=COUNT)
TABLE = told(data_as_of=DAY, old=FLAG, fingerprint=TEXT, notices=listed(TEXT))
RATES = told(usd_per_mtok=told(**dict.fromkeys(CLASSES, USD)), source=TEXT, provisional=FLAG, context_window=COUNT)
NAMED = told(id=TEXT, name=TEXT, aliases=listed(TEXT), retired=maybe(DAY))
KEEPER_WISH = told(enabled=FLAG, allowance_usd=USD, plans=FLAG)
KEEPER_NOW = maybe(
    told(**dict.fromkeys(("kept", "pauses", "read", "wrote", "failed", "let_go"), COUNT), next_at=maybe(NUMBER))
)
PINGS = told(
    sent=COUNT, wasted=COUNT, wasted_permille=maybe(COUNT), wrote=COUNT, returns=COUNT, cost_usd=USD, saved_usd=USD,
    net_usd=USD,
)  # fmt: skip
DAYS = told(since=DAY, until=DAY)
MACHINE = told(
    meter=maybe(TEXT), tried=listed(TEXT), chips=listed(TEXT), provenance=TEXT, price_usd=USD, residual_usd=USD,
    rent_per_hour_usd=maybe(USD), years=TEXT, utilisation_percent=COUNT, electricity_usd_per_kwh=USD,
    prefill_milliwatts=COUNT, decode_milliwatts=COUNT, idle_milliwatts=COUNT, assumed=listed(TEXT),
)  # fmt: skip
LOCAL_MODEL = told(
    id=TEXT, loaded=maybe(FLAG), context=maybe(COUNT), context_from=TEXT, trained_context=maybe(COUNT),
    max_output=maybe(COUNT), vision=maybe(FLAG), tools=maybe(FLAG), claims_tools=maybe(FLAG), concurrency=maybe(COUNT),
    parameters={}, quantization=maybe(TEXT), weight_bytes=maybe(COUNT), licence=maybe(ANYTHING),
    speed=maybe(ANYTHING), usd_per_mtok=maybe(ANYTHING), probe=maybe(ANYTHING), limits=listed(ANYTHING),
)  # fmt: skip
LOCAL = told(
    name=TEXT, url=TEXT, kind=TEXT, healthy=FLAG, why=maybe(TEXT), circuit=choice("closed", "open", "half-open"),
    models=listed(ref("LocalModel")),
)  # fmt: skip
TODAY = told(
    day=DAY, mode=MODE, band=BAND, stop=maybe(told(since=MOMENT, by=TEXT)), budget_usd=USD, cutoff_usd=USD,
    alerts_percent=listed(COUNT), settled_usd=USD, held_usd=USD, likely_usd=USD, left_usd=USD, open_holds=COUNT,
    waiting=COUNT, unrecorded=COUNT, resets_at=MOMENT, trouble=maybe(TEXT), clock_held_back=FLAG,
    local_today=maybe(ref("LocalCost")),
)  # fmt: skip
STATUS = also(
    ref("Facts"), ref("Today"),
    told(
        running=FLAG, simulated=FLAG, refused_today=maybe(COUNT), degraded_today=maybe(COUNT),
        saved=told(today=ref("Saved"), week=ref("Saved")),
        pace=maybe(told(band=BAND, allowed_usd=USD, is_ahead=FLAG, hours=TEXT)),
        cloud=told(url=TEXT, trouble=maybe(told(at=MOMENT, why=TEXT))), locals=listed(ref("Local")),
        doubts=listed(told(what=TEXT, why=TEXT)),
        cache_hints=listed(told(session=TEXT, kind=TEXT, what=TEXT, name=TEXT, times=COUNT, cost=ANYTHING, help=TEXT)),
        keeper=also(KEEPER_WISH, told(now=KEEPER_NOW)), machine=maybe(MACHINE), prices=ref("Table"),
    ),
)  # fmt: skip
LINE = told(
    number=COUNT, at=MOMENT, request_id=TEXT, session=TEXT, agent=TEXT, model_asked=TEXT, task_class=TEXT, tier=TEXT,
    band=TEXT, mode=TEXT, route=TEXT, reason=TEXT, outcome=TEXT, why=TEXT, charged_usd=maybe(USD),
    local=maybe(ref("LocalCost")),
)  # fmt: skip
ENTRY = told(
    id=COUNT, corrects=maybe(COUNT), request=TEXT, day=DAY, at=MOMENT, since=MOMENT, upstream=TEXT, model=TEXT,
    is_local=FLAG, held_usd=USD, charged_usd=USD, likely_usd=USD, outcome=TEXT, status=maybe(COUNT), flags=listed(TEXT),
    duration_ms=maybe(COUNT), first_byte_ms=maybe(COUNT), note=TEXT, tokens=ref("Tokens"),
    local=maybe(ref("LocalCost")), session=TEXT, agent=TEXT, model_asked=TEXT, task_class=TEXT, tier=TEXT, mode=TEXT,
    band=TEXT, reason=TEXT, project=TEXT, dialect=TEXT, attempt=COUNT,
)  # fmt: skip
EXPLANATION = told(
    request=maybe(TEXT), at=maybe(MOMENT), read=told(session=TEXT, agent=TEXT, model_asked=TEXT),
    task={**told(tier=TEXT), "description": "with `class`, and the classifier's reasons while they are known"},
    mode=TEXT, band=TEXT, decision=told(reason=TEXT),
    followed=told(said=maybe(TEXT), log=maybe(ref("Line")), entries=listed(ref("Entry"))), forgotten=maybe(TEXT),
)  # fmt: skip
SHARE = told(
    name=TEXT, is_local=FLAG, requests=COUNT, voided=COUNT, charged_usd=USD, likely_usd=USD, tokens=ref("Tokens"),
    local=maybe(ref("LocalCost")),
)  # fmt: skip
REPORT = told(
    simulated=FLAG, week=TEXT, made=MOMENT, zone=TEXT, is_over=FLAG, since=DAY, until=DAY, charged_usd=USD,
    likely_usd=USD, local=maybe(ref("LocalCost")),
    days=listed(told(day=DAY, requests=COUNT, charged_usd=USD, likely_usd=USD, budget_usd=USD, cutoff_usd=USD)),
    models=listed(ref("Share")), tiers=listed(ref("Share")), sums=ANYTHING,
    course=listed(told(day=DAY, requests=COUNT)),
    savings=told(total=ANYTHING, by=ANYTHING, sessions=listed(ANYTHING), error=ANYTHING, would=ANYTHING),
    local_models=listed(ANYTHING), keeper=ref("Pings"), refused=listed(ANYTHING), degraded=listed(ANYTHING),
    advice=listed(ANYTHING), imported=ANYTHING,
)  # fmt: skip
ALERT = told(
    id=COUNT, kind=choice(*(kind.value for kind in Kind)), day=DAY, at=MOMENT, subject=TEXT, title=TEXT, text=TEXT,
    facts=ANYTHING, is_planned=FLAG,
    deliveries=listed(
        told(
            destination=TEXT, state=choice("told", "waits", "given up"), told=maybe(MOMENT), due=maybe(MOMENT),
            tries=COUNT, trouble=maybe(TEXT),
        )
    ),
)  # fmt: skip
KEEPER = also(
    KEEPER_WISH,
    told(
        now=KEEPER_NOW, today=ref("Pings"), week=also(DAYS, ref("Pings")),
        offer=maybe(
            also(
                DAYS,
                told(requests=COUNT, bill_usd=USD, pings=COUNT, wasted=COUNT, net_usd=USD, permille=maybe(WHOLE)),
            )
        ),
        is_offer_coming=FLAG,
    ),
)  # fmt: skip
ERROR = told(error={"type": "string", "description": "what is wrong and what to do, for a person"})
REFUSAL = {
    **told(type={"const": "error"}, error=told(type=TEXT, message=TEXT)),
    "description": "what was refused before its path was read",
}

COMPONENTS: dict[str, Schema] = {
    "Facts": FACTS, "Today": TODAY, "Saved": SAVED, "Status": STATUS, "Tokens": TOKENS, "LocalCost": LOCAL_COST,
    "Table": TABLE, "Model": also(NAMED, RATES), "Local": LOCAL, "LocalModel": LOCAL_MODEL, "Line": LINE,
    "Entry": ENTRY, "Explanation": EXPLANATION, "Share": SHARE, "Report": REPORT, "Alert": ALERT, "Pings": PINGS,
    "Keeper": KEEPER, "Error": ERROR, "Refusal": REFUSAL,
}  # fmt: skip
