"""axe: what a page does to people who see, hear or move otherwise, as axe-core finds it in a real browser."""

from pathlib import Path
from typing import Any

from tests.kit.browser import Browser
from tests.kit.fake_claude import ROOT

PROGRAM = ROOT / ".cache" / "browser" / "node_modules" / "axe-core" / "axe.min.js"
SERIOUS = ("serious", "critical")


def findings(browser: Browser) -> list[str]:
    """List what is seriously wrong with the page that is open: the rule, and where it is broken."""
    if not browser.run("Boolean(window.axe)"):
        browser.run(Path(PROGRAM).read_text(encoding="utf-8") + "; true")
    found: list[dict[str, Any]] = browser.run(
        "axe.run(document, {resultTypes: ['violations']}).then((found) => found.violations.map((one) => "
        "({id: one.id, impact: one.impact, nodes: one.nodes.map((node) => node.html + ' ' + node.failureSummary)})))"
    )
    return [f"{one['id']}: {node[:300]}" for one in found if one["impact"] in SERIOUS for node in one["nodes"]]
