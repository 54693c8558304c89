"""Fields: the settings that a page can change, in words for a person. What each may hold is checked by who reads it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Field:
    """One setting. `choices` are its values with what each means; `unit` stands behind a figure."""

    key: str
    label: str
    help: str = ""
    unit: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    is_long: bool = False

    @property
    def id(self) -> str:
        """Name it in a page."""
        return self.key.replace(".", "-")


@dataclass(frozen=True, slots=True)
class Group:
    """Settings that are saved together."""

    id: str
    title: str
    fields: tuple[Field, ...]
    help: str = ""


_YES_NO = (("true", "yes"), ("false", "no"))

MONEY = Group(
    "money",
    "Budget",
    (
        Field("budget", "Daily budget", "What you mean to spend on Claude a day.", "$"),
        Field("cutoff", "Cutoff", "What cloud spend can never pass in a day. Left empty: 120% of the budget.", "$"),
        Field("alerts", "Alerts at", "Percentages of the budget, with commas between them; once a day each.", "%"),
        Field("zone", "Time zone", "The budget day begins at midnight here, such as Europe/Berlin."),
    ),
)
ROUTING = Group(
    "routing",
    "Where work goes",
    (
        Field(
            "restricted",
            "Restricted work",
            "Secrets, credentials, sign-in flows, legal text.",
            choices=(("claude-only", "goes to Claude only"), ("local-only", "never leaves this machine")),
        ),
        Field("restricted_paths", "Restricted paths", "One a line, such as infra/prod/**.", is_long=True),
        Field(
            "caution",
            "Caution",
            "How sure bursar must be before a local model does the work.",
            choices=(("strict", "strict: most goes to Claude"), ("balanced", "balanced"), ("thrifty", "thrifty")),
        ),
        Field(
            "cache_gate",
            "Keep a warm cache",
            "While Claude’s cache of a conversation is worth more than a local turn saves, the turn stays on Claude.",
            choices=(("on", "for routine work"), ("all", "for safe work too"), ("off", "never")),
        ),
        Field(
            "pace.enabled",
            "Pace",
            "Where far more is spent than the hours so far allow, bursar saves before 80% are gone.",
            choices=(("true", "the hour counts too"), ("false", "only the amount counts")),
        ),
        Field("pace.hours", "Hours in which you work", "Such as 08:00-20:00; otherwise as you usually did of late."),
        Field(
            "patience_s", "Patience", "How long a turn’s first answer may take before Claude does routine work.", "s"
        ),
        Field("shares.L3", "Kept for restricted work", "Of the budget.", "%"),
        Field("shares.L2", "Kept for complex work", "Of the budget.", "%"),
        Field("cloud_models.L2", "Claude model for complex work", "If it is cheaper than the one asked for."),
        Field("cloud_models.L1", "Claude model for routine work", "If it is cheaper than the one asked for."),
    ),
)
KEEPING = Group(
    "keeping",
    "Cache keeper",
    (
        Field("keeper.enabled", "Keep Claude’s cache warm in pauses", "", "", _YES_NO),
        Field("keeper.allowance", "At most", "Held for each as if all of it were written again.", "$ a day"),
        Field("keeper.plans", "For Pro and Max plans too", "It uses up their limits.", "", _YES_NO),
    ),
    "It sends your agent’s last request once more, for no answer, where you are likely to go on.",
)
CARRYING = Group(
    "carrying",
    "When money is short, or an answer breaks off",
    (
        Field("queue_wait_s", "Wait for money", "How long a request waits for running ones to settle.", "s"),
        Field("keep_details_days", "Keep details of requests", "Usage as Claude sent it, rates; entries stay.", "days"),
        Field("allow_lower_max_tokens", "Ask for shorter answers when the full length no longer fits", "", "", _YES_NO),
        Field(
            "on_disconnect",
            "When the agent hangs up",
            choices=(("abort", "stop Claude too"), ("drain", "let Claude finish")),
        ),
        Field(
            "strict",
            "Charge a broken answer in full",
            "All that it could have cost.",
            "",
            _YES_NO,
        ),
        Field("discover.enabled", "Look for local model servers", "On their usual ports of this machine.", "", _YES_NO),
    ),
)
MACHINE = Group(
    "machine",
    "What this machine costs",
    (
        Field("machine.price", "Price", "What it cost; its card’s launch price otherwise.", "$"),
        Field("machine.residual", "Worth at the end", "", "$"),
        Field("machine.years", "Kept for", "", "years"),
        Field("machine.rent_per_hour", "Rent", "In place of a price, for a rented machine.", "$ an hour"),
        Field("machine.hours_per_day", "Busy with models", "", "hours a day"),
        Field("machine.electricity", "Electricity", "", "$ a kWh"),
        Field("machine.tdp", "Rated power of the card", "Where nothing meters.", "W"),
        Field("machine.watts_idle", "Power when idle", "", "W"),
        Field("machine.watts_prefill", "Power when reading", "", "W"),
        Field("machine.watts_decode", "Power when writing", "", "W"),
        Field("machine.psu_efficiency", "Arrives behind the power supply", "As a share, such as 0.9."),
        Field("machine.pue", "Drawn by the building for each watt", "1 at home."),
        Field("machine.ops_per_hour", "Upkeep", "", "$ a busy hour"),
        Field("machine.dedicated", "Runs for nothing else", "Then its idle hours count too.", "", _YES_NO),
        Field("machine.gpu", "Card or chip", "If the one that was found is not the one, such as RTX 3090."),
    ),
    "Local work is priced from these. What you leave out is assumed, and every figure says so.",
)
ALERTS = Group(
    "alerting",
    "Alerts",
    (
        Field(
            "notify.mute",
            "Not sent",
            "One a line: threshold, stopped, upstream_down, upstream_back, unpriced, old_prices, burn, ledger, report.",
            is_long=True,
        ),
        Field("notify.desktop", "Shown on this desktop", "As notes; a click opens the page for it.", "", _YES_NO),
    ),
    "Where else alerts go stands in the config file, under [notify]: addresses hold secrets, and no page shows them.",
)
GROUPS = (MONEY, ROUTING, KEEPING, ALERTS, CARRYING, MACHINE)
