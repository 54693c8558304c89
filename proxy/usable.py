"""What can take a request: of the local models, those whose context, eyes and tools are enough, best first."""

from __future__ import annotations

from dataclasses import replace

from proxy.decision import Refusal, View
from proxy.route import Fit, LocalRoute, Route

LEAST_ANSWER = 2048
"""A local model must have room for an answer of so many tokens, or for the whole limit if that is less."""


def usable(view: View, fit: Fit) -> tuple[tuple[Route, ...], Refusal]:
    """Find the local routes that can take a request, best first, and why there is none."""
    if fit.cloud_only:
        return (), Refusal("does_not_fit", f"Only Claude can take this request: it has {fit.cloud_only[0]}.")
    if not view.locals:
        return (), Refusal("no_local", view.off or "No local model is running.")
    whys = [_why_not(local, fit) for local in view.locals]
    able = [local for local, why in zip(view.locals, whys, strict=True) if why is None]
    routes = [Route(local.upstream, local.model, is_local=True) for local in able]
    if view.sticky in routes:
        routes.sort(key=lambda route: route != view.sticky)
    doubts = _doubts(view)
    routes.sort(key=lambda route: bool(doubts[route]))
    return tuple(routes), Refusal("does_not_fit", next((why for why in whys if why), ""))


def _doubts(view: View) -> dict[Route, str | None]:
    return {
        Route(local.upstream, local.model, is_local=True): local.doubt or slowness(local, view.patience_s)
        for local in view.locals
    }


def slowness(local: LocalRoute, patience_s: float | None) -> str | None:
    """Say that a model would take longer than a person waits; None if it would not, or if that is not known."""
    if patience_s is None or local.takes_s is None or local.takes_s <= patience_s:
        return None
    return f"{local.name} would take about {local.takes_s:,.0f} s"


def doubt_of(view: View, local: tuple[Route, ...]) -> str | None:
    """Say why no local model should be the first, if the best of them should not."""
    return _doubts(view)[local[0]] if local else None


def _why_not(local: LocalRoute, fit: Fit) -> str | None:
    name, tokens = local.name, fit.tokens_at(local.bytes_per_token)
    answer = min(fit.max_tokens, LEAST_ANSWER, local.max_output or LEAST_ANSWER)
    if tokens + answer > local.context:
        return (
            f"The request has about {tokens:,} tokens, "
            f"more than the context of {local.context:,} of {name} leaves room for."
        )
    if fit.has_images and not local.vision:
        return f"The request has images, and {name} does not see."
    if fit.has_tools and local.tools is False:
        return f"The request has tools, and {name} cannot use them (bursar doctor says why)."
    if fit.has_tools and local.tools is None:
        return f"The request has tools, and whether {name} can use them is being found out. Try again in a minute."
    return None


def unproved(view: View, fit: Fit) -> Route | None:
    """Find the first local model that could take a request if its tool calls were known to work."""
    if fit.cloud_only:
        return None
    unknown = (local for local in view.locals if local.tools is None)
    first = next((local for local in unknown if _why_not(local, replace(fit, has_tools=False)) is None), None)
    return Route(first.upstream, first.model, is_local=True) if first else None
