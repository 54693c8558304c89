"""bursar doctor: what is wrong, and the command that mends it; whether a model server is fit for agents."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import click

from pricing.figures import counted
from proxy.localjson import locals_json
from tray.cli.agentcheck import agents_checked
from tray.cli.checkup import Finding, checkup, settings_of
from tray.cli.examination import Examination, configured, single, unused
from tray.cli.place import FAILED, OK, USAGE, Failure, Place
from tray.cli.progress import Progress
from tray.cli.show import as_json, columns, put

NO_LOCALS = Finding(
    "local models", True, "none found; bursar meters and keeps the cutoff all the same",
    "start Ollama, llama.cpp, LM Studio or vLLM, or name a server in [[local]]",
)  # fmt: skip


@click.command(short_help="Say what is wrong, and what mends it.")
@click.argument("url", required=False)
@click.option("--probe", is_flag=True, help="Probe the tool calls of all local models anew.")
@click.option("--model", "only", metavar="NAME", help="Look at this model only.")
@click.option("--key-env", metavar="NAME", help="The environment variable that holds the server's key.")
@as_json
@click.pass_obj
def doctor(place: Place, url: str | None, probe: bool, only: str | None, key_env: str | None, is_json: bool) -> int:
    """Say what is wrong with bursar and its local models, and the command that mends it.

    With the URL of a model server, say what it is and whether an agent can rely on its tool calls: no bursar has to
    run for that. Exits with 1 if something is wrong.
    """
    settings, read = settings_of(place)
    if key_env is not None and not place.environ.get(key_env):
        raise Failure(f"there is no environment variable {key_env}, or it is empty", USAGE)
    with Progress() as progress:
        if url is not None:
            registry = single(place, settings, url, place.environ.get(key_env, "") if key_env else "")
            found = []
        elif settings is None:
            return _told([read], [], is_json=is_json)
        else:
            registry = configured(place, settings)
            found = [read, *checkup(place, settings, place.running()), *agents_checked(place, settings)]
        examined = Examination(place, registry, progress, is_fresh=probe or url is not None, only=only)
        examined.run()
        found += examined.findings
    if url is not None:
        found += filter(None, (unused(place, settings, upstream) for upstream in registry.snapshot()))
    if not registry.snapshot():
        found.append(NO_LOCALS)
    return _told(found, locals_json(registry), is_json=is_json)


def _told(found: list[Finding], locals_: list[dict[str, Any]], *, is_json: bool) -> int:
    is_well = all(finding.ok for finding in found)
    told = {"ok": is_well, "findings": [asdict(finding) for finding in found], "locals": locals_}
    put(told, is_json=is_json, words=lambda _: _words(found))
    return OK if is_well else FAILED


def _words(found: list[Finding]) -> str:
    rows = [("ok" if finding.ok else "!!", finding.part, finding.says) for finding in found]
    lines = columns(rows).splitlines()
    out = []
    for finding, line in zip(found, lines, strict=True):
        out.append(line)
        if finding.mend:
            out.append(f"    → {finding.mend}")
    wrong = sum(not finding.ok for finding in found)
    out.append("all is well" if not wrong else f"{counted(wrong, 'thing')} wrong, marked !!")
    return "\n".join(out)
