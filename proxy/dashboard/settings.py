"""Settings: the config file as a form. A change goes into the file, comments and all, and counts at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from flask import redirect, request, url_for

from proxy.dashboard.fields import GROUPS, Field, Group
from proxy.dashboard.pages import page, pages
from proxy.desk import RequestError, Setting, counter


@dataclass(frozen=True, slots=True)
class Box:
    """A field with what stands in it, what counts where nothing does, and what is wrong."""

    field: Field
    text: str
    default: str
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Form:
    """A group of settings on the page."""

    group: Group
    boxes: tuple[Box, ...]
    problem: str = ""


@pages.get("/settings")
def settings() -> Any:
    """Show what stands in the config file."""
    try:
        known = counter().desk.settings()
    except RequestError as error:
        return page("settings.html", wires=counter().desk.wires, forms=(), broken=str(error), saved=""), 200
    saved = request.args.get("saved", "")
    return page(
        "settings.html",
        wires=counter().desk.wires,
        forms=_forms(known),
        broken="",
        saved=saved if saved in _IDS else "",
    )


@pages.post("/settings/<group_id>")
def save(group_id: str) -> Any:
    """Write what differs from the file; what is wrong is said beside its field, and nothing is changed then."""
    desk = counter().desk
    known = desk.settings()
    forms = _forms(known)
    form = next((form for form in forms if form.group.id == group_id), None)
    if form is None:
        raise RequestError("there are no such settings")
    given = {box.field.key: _tidy(request.form.get(box.field.key, box.text)) for box in form.boxes}
    changes = {key: text for key, text in given.items() if text != known[key].text}
    problems = desk.change_settings(changes) if changes else {}
    if not problems:
        return redirect(url_for("dashboard.settings", saved=group_id) + f"#{group_id}", 303)
    shown = tuple(_answered(form, given, problems) if form.group.id == group_id else form for form in forms)
    return page("settings.html", wires=counter().desk.wires, forms=shown, broken="", saved=""), 400


@pages.post("/reload")
def reload() -> Any:
    """Read the config file again."""
    counter().desk.reload()
    return redirect(url_for("dashboard.today", done="reload"), 303)


def _forms(known: Mapping[str, Setting]) -> tuple[Form, ...]:
    """Lay out the settings that this bursar knows."""
    forms = (Form(group, tuple(_boxes(group, known))) for group in GROUPS)
    return tuple(form for form in forms if form.boxes)


def _boxes(group: Group, known: Mapping[str, Setting]) -> list[Box]:
    return [Box(field, known[field.key].text, known[field.key].default) for field in group.fields if field.key in known]


def _answered(form: Form, given: Mapping[str, str], problems: Mapping[str, str]) -> Form:
    """Show a form as it was sent, with what is wrong."""
    boxes = tuple(
        replace(box, text=given[box.field.key], problem=problems.get(box.field.key, "")) for box in form.boxes
    )
    placed = {box.field.key for box in form.boxes}
    return replace(form, boxes=boxes, problem=" ".join(said for key, said in problems.items() if key not in placed))


def _tidy(text: str) -> str:
    """Take off what a browser puts around a text."""
    return "\n".join(line.strip() for line in text.strip().splitlines())


_IDS = tuple(group.id for group in GROUPS)
