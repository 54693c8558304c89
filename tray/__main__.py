"""The `bursar` command."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime


def main() -> None:
    """Run one command and leave with its exit code."""
    if getattr(sys, "frozen", False):
        from tray import packed

        packed.put_back(os.environ)
        packed.hold_on_to_modules()
    if sys.argv[1:2] == ["hook"]:  # An agent waits for it: nothing else is imported.
        from tray.agents import hook

        sys.exit(hook.main(sys.argv[2:]))
    from tray.garbage import rarely_while_starting

    rarely_while_starting()
    from tray.cli.main import run
    from tray.cli.place import Place

    place = Place(environ=dict(os.environ), clock=lambda: datetime.now(UTC))
    sys.exit(run(sys.argv[1:], place))


if __name__ == "__main__":
    main()
