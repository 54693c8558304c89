"""Menu: what the tray shows, as data: its lines, its tooltip and which picture its icon is.

The same lines are always there, in the same order and with the same ids; what does not apply is not visible. A desktop
that shows the menu can then change it in place, and a click means what was read when it was clicked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from budget.bands import Band
from budget.state import Mode
from pricing.figures import counted
from pricing.money import Money
from tray import troubles
from tray.glance import SAVING_PERCENT, Glance, Halt, Savings, UnreadableStatus, glance
from tray.troubles import Trouble

Kind = Literal["action", "radio", "check", "separator", "submenu", "info"]
Shape = Literal["dot", "house", "cloud", "eye", "alert"]
Tone = Literal["calm", "warm", "hot"]

DEFAULT_ACTION = "dashboard"
"""What a click on the icon itself does, where a desktop tells clicks apart."""

RING_STEPS = 24
PRESETS_USD = (1, 2, 5, 10, 20, 50)
MORE_USD = 2
MOST_TOOLTIP = 127
"""UTF-16 units: Windows takes no more."""
MOST_LABEL = 80

MODES = {Mode.auto: "Auto", Mode.local: "Local only", Mode.cloud: "Claude only", Mode.observe: "Observe only"}
SHAPES: dict[Mode, Shape] = {Mode.auto: "dot", Mode.local: "house", Mode.cloud: "cloud", Mode.observe: "eye"}


@dataclass(frozen=True)
class Item:
    """One line of the menu. Its id names the same line for as long as the program runs."""

    id: int
    label: str
    kind: Kind
    checked: bool = False
    enabled: bool = True
    visible: bool = True
    action: str = ""
    items: tuple[Item, ...] = ()


@dataclass(frozen=True)
class IconKey:
    """All that a picture of the icon depends on beside its size and the colour of the panel.

    `step` is how much of the ring is filled, of `RING_STEPS`.
    """

    step: int
    shape: Shape
    tone: Tone = "calm"
    dimmed: bool = False


@dataclass(frozen=True)
class Face:
    """Everything that a tray shows at one moment; `dimmed` when its figures may be old."""

    items: tuple[Item, ...]
    tooltip: str
    icon: IconKey
    dimmed: bool = False


@dataclass(frozen=True)
class Here:
    """What the tray knows by itself.

    `age_s` is how old the status is, in seconds. `failed` says what could not be done when it was last clicked.
    `at_login` is whether bursar starts with the desktop; None where it cannot. `is_leaving` after Quit was clicked.
    """

    age_s: float = 0.0
    failed: str = ""
    at_login: bool | None = None
    is_leaving: bool = False


def face(status: Mapping[str, Any] | None, here: Here) -> Face:
    """Lay out the tray for a status of the control server; None, or one that cannot be read, shows no figures."""
    try:
        now = None if status is None else glance(status)
    except UnreadableStatus:
        now = None
    wrong = [*_own_troubles(now, here), *(troubles.troubles(now) if now else ())]
    dimmed = any(trouble.kind == "stale" for trouble in wrong)
    return Face(tuple(_items(now, here, wrong)), tooltip(now, wrong), icon_key(now, dimmed), dimmed)


def tooltip(now: Glance | None, wrong: list[Trouble]) -> str:
    """Say it in one line: "bursar: $1.84 of $10.00 today, Auto"."""
    said = "bursar (simulated day)" if now and now.is_simulated else "bursar"
    if now:
        said += f": {_spent(now)} of {now.budget.dollars()} today, {_mode_now(now)}"
    if wrong:
        said += f"; {wrong[0].text}" if now else f": {wrong[0].text.removeprefix('bursar ')}"
    return plain(said, MOST_TOOLTIP)


def icon_key(now: Glance | None, dimmed: bool) -> IconKey:
    """Choose the picture: the ring's step, the shape of the mode, or "!" when stopped or over."""
    if now is None:
        return IconKey(0, "dot", "calm", dimmed)
    if now.halt or now.is_over or now.trouble:
        return IconKey(_step(now), "alert", "hot", dimmed)
    return IconKey(_step(now), SHAPES[now.mode], "warm" if now.percent >= SAVING_PERCENT else "calm", dimmed)


def plain(text: str, most: int = MOST_LABEL) -> str:
    """Make a text safe for a menu: no access keys, nothing unprintable, and no longer than `most` UTF-16 units."""
    printable = "".join(char if char.isprintable() else "�" for char in text)
    safe = printable.replace("&", "+").replace("_", "-")
    if _units(safe) <= most:
        return safe
    while _units(safe) > most - 1:
        safe = safe[: min(len(safe) - 1, most - 1)]
    return f"{safe}…"


def _own_troubles(now: Glance | None, here: Here) -> Iterator[Trouble]:
    if here.failed:
        yield Trouble("failed", f"Not done: {here.failed}", "today")
    old = troubles.stale(here.age_s if now else None)
    if old:
        yield old


def _items(now: Glance | None, here: Here, wrong: list[Trouble]) -> Iterator[Item]:
    """List all lines, by the order of TRAY's layout."""
    yield from _lines(now)
    yield from _troubles(wrong)
    yield _separator(20)
    yield from _modes(now)
    yield _separator(30)
    yield _budget(now)
    yield from _brakes(now)
    yield _separator(50)
    yield Item(51, "Weekly savings report", "action", enabled=now is not None, action="open:reports")
    yield Item(52, "Open dashboard", "action", enabled=now is not None, action=DEFAULT_ACTION)
    yield _separator(60)
    login = "login:off" if here.at_login else "login:on"
    starts, can = bool(here.at_login), here.at_login is not None
    yield Item(61, "Start at login", "check", checked=starts, visible=can, action=login)
    yield Item(62, _quit(now, here), "action", action="quit")


def _lines(now: Glance | None) -> Iterator[Item]:
    yield _info(1, "Simulated day: no money is spent", visible=bool(now and now.is_simulated))
    yield _info(2, _state(now) if now else "No figures yet")
    yield _info(3, _today(now) if now else "", visible=now is not None)
    yield _info(
        4, _saved(now.today, now.week) if now and now.today and now.week else "", visible=bool(now and now.week)
    )
    plan = _plan(now.today, now.week) if now and now.today and now.week else ""
    yield _info(5, plan, visible=bool(plan))


def _troubles(wrong: list[Trouble]) -> Iterator[Item]:
    by_kind = {trouble.kind: trouble for trouble in wrong}
    for number, kind in enumerate(get_args(troubles.Kind), start=100):
        found = by_kind.get(kind)
        if found is None:
            yield Item(number, "", "action", enabled=False, visible=False)
        else:
            action = f"open:{found.page}" if found.page else ""
            yield Item(number, plain(f"! {found.text}"), "action", enabled=bool(action), action=action)


def _modes(now: Glance | None) -> Iterator[Item]:
    for number, (mode, label) in enumerate(MODES.items(), start=21):
        is_chosen = now is not None and now.mode is mode
        yield Item(number, label, "radio", checked=is_chosen, enabled=now is not None, action=f"mode:{mode.value}")


def _budget(now: Glance | None) -> Item:
    """Offer the presets; a budget that is none of them stands at Custom…."""
    chosen = now.budget if now else None
    presets = [
        Item(40 + number, f"${usd}", "radio", checked=chosen == Money.usd(usd), action=f"budget:{usd}")
        for number, usd in enumerate(PRESETS_USD)
    ]
    is_preset = any(item.checked for item in presets)
    custom = "Custom…" if chosen is None or is_preset else f"Custom ({chosen.dollars()})…"
    rest = (_separator(47), Item(48, custom, "action", action="open:settings"))
    label = f"Daily budget: {chosen.dollars()}" if chosen else "Daily budget"
    return Item(31, plain(label), "submenu", enabled=now is not None, items=(*presets, *rest))


def _brakes(now: Glance | None) -> Iterator[Item]:
    """Offer to allow more, to stop and to resume; each is a line of its own, so that no click can mean another."""
    is_tight, halt = bool(now and now.is_tight), now.halt if now else None
    yield Item(32, f"Allow ${MORE_USD} more today", "action", visible=is_tight, action=f"allow:{MORE_USD}")
    can_stop = now is not None
    yield Item(33, "Stop all cloud traffic", "action", enabled=can_stop, visible=halt is None, action="stop")
    label = _resume(now, halt) if now and halt else ""
    yield Item(34, label, "action", visible=halt is not None, action="resume")


def _state(now: Glance) -> str:
    """Say in one line where requests go."""
    if now.halt and now.halt.by == "person":
        return "Stopped: nothing goes to Claude"
    if now.halt or now.is_at_cutoff:
        return f"Cutoff of {now.cutoff.dollars()} reached: nothing goes to Claude until {now.resets_at:%H:%M}"
    match now.mode:
        case Mode.auto:
            return f"Auto: {_auto(now)}"
        case Mode.local:
            return "Local only: not one byte to Claude"
        case Mode.cloud:
            return "Claude only, up to the cutoff"
        case Mode.observe:
            return "Observe only: every request goes where it was sent"


def _auto(now: Glance) -> str:
    if not now.has_local:
        return "no local model, Claude up to the cutoff"
    match now.band:
        case Band.normal:
            return "local first, Claude within budget"
        case Band.saving:
            return "saving, Claude for what local cannot do"
        case Band.reserve:
            return "budget used up, Claude for complex work only"
        case Band.cutoff:
            return "no room under the cutoff, local only"


def _mode_now(now: Glance) -> str:
    if now.halt and now.halt.by == "person":
        return "stopped"
    return "cutoff reached" if now.halt or now.is_at_cutoff else MODES[now.mode]


def _today(now: Glance) -> str:
    share = f" ({now.share})" if now.share else ""
    return f"Today: {_spent(now)} of {now.budget.dollars()}{share}"


def _spent(now: Glance) -> str:
    """Show what was spent, and whether a part of it is unconfirmed."""
    return f"{'about ' if now.unconfirmed else ''}{now.spent.dollars()}"


def _saved(today: Savings, week: Savings) -> str:
    """Show savings rounded down, so that nothing looks better than it is; they may be negative."""
    if not week.requests:
        return "Saved: nothing yet"
    about = "" if today.is_sure and week.is_sure else "about "
    return f"Saved: {about}{today.amount.dollars()} today, {week.amount.dollars()} this week"


def _plan(today: Savings, week: Savings) -> str:
    """Show what was spared of a Pro or Max plan, which is no money."""
    if not week.plan:
        return ""
    return f"Plan use spared, at list prices: {today.plan.dollars()}, {week.plan.dollars()} this week"


def _resume(now: Glance, halt: Halt) -> str:
    what = "stopped" if halt.by == "person" else "cutoff"
    form = "%H:%M" if halt.since.date() == now.day else "%d %b %H:%M"
    return f"Resume cloud ({what} {halt.since.strftime(form)})"


def _quit(now: Glance | None, here: Here) -> str:
    """Say what Quit does: a second click does not wait for answers under way."""
    if not here.is_leaving:
        return "Quit bursar (stops the proxy)"
    running = now.running if now else 0
    return f"Quit now ({counted(running, 'answer')} under way)"


def _step(now: Glance) -> int:
    """Give the ring's step: something spent is never nothing, and only a spent budget fills it."""
    if now.budget.picos <= 0 or now.spent.picos <= 0:
        return RING_STEPS if now.is_over else 0
    return min(RING_STEPS, max(1, now.spent.picos * RING_STEPS // now.budget.picos))


def _info(number: int, label: str, *, visible: bool = True) -> Item:
    return Item(number, plain(label), "info", enabled=False, visible=visible)


def _separator(number: int) -> Item:
    return Item(number, "", "separator")


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2
