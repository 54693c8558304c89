"""The postman: a process of its own that sends messages through Apprise, and then ends.

It costs 20 MB and a second to load what knows more than a hundred services; bursar itself stays small. Jobs come in
as JSON on stdin, because addresses must not stand on a command line; for each a line of JSON goes out once it is done.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from typing import IO, Any

from tray.alerts.destination import Destination

LONGEST_TROUBLE = 200


def serve(jobs: IO[str], answers: IO[str]) -> None:
    """Do every job of a list: {"address", "title", "text"}; without a title the address is only looked at."""
    for trouble in _done(json.load(jobs)):
        answers.write(json.dumps({"trouble": trouble}) + "\n")
        answers.flush()


def _done(jobs: list[dict[str, str]]) -> Iterator[str]:
    logging.getLogger().addHandler(logging.NullHandler())
    for job in jobs:
        to = Destination(job["address"])
        service, trouble = _heard(to, lambda to=to: _service(to.address))  # type: ignore[misc]
        if service is None:
            yield _unknown(to, trouble)
        elif "title" not in job:
            yield ""
        else:
            sent, trouble = _heard(to, lambda job=job, service=service: _send(service, job))  # type: ignore[misc]
            yield "" if sent else trouble or "the service did not take it, and did not say why"


def _service(address: str) -> Any:
    """Make Apprise's object for an address; None if it knows no such thing. It keeps nothing on disk."""
    import apprise

    asset = apprise.AppriseAsset(
        app_id="bursar",
        app_desc="bursar",
        app_url="",
        async_mode=False,
        storage_mode=apprise.PersistentStoreMode.MEMORY,
    )
    return apprise.Apprise.instantiate(address, asset=asset, suppress_exceptions=True)


def _send(service: Any, job: dict[str, str]) -> bool:
    return bool(service.notify(title=job["title"], body=job["text"]))


def _heard(to: Destination, do: Callable[[], Any]) -> tuple[Any, str]:
    """Do something, and give the last thing that Apprise complained about, without the address's secrets."""
    import apprise

    with apprise.LogCapture(level=logging.WARNING, fmt="%(message)s") as said:  # type: ignore[no-untyped-call]
        try:
            result = do()
        except Exception as error:  # noqa: BLE001 - a plugin of others; the next message still counts
            return None, to.without_secrets(f"{type(error).__name__}: {error}")[:LONGEST_TROUBLE]
        lines = [line for line in said.getvalue().splitlines() if line.strip()]
    last = "".join(char if char.isprintable() else " " for char in lines[-1]) if lines else ""
    return result, to.without_secrets(last)[:LONGEST_TROUBLE]


def _unknown(to: Destination, trouble: str) -> str:
    from apprise.manager_plugins import NotificationManager

    if to.service not in NotificationManager().schemas():  # type: ignore[no-untyped-call]
        return f"{to.service}:// is no service that can be reached from here"
    reason = "" if not trouble or trouble.startswith("Could not load") else f": {trouble}"
    return f"{to.service}:// does not understand the rest of the address{reason}"
