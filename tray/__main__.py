"""The `bursar` command."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime

from tray.cli.main import run
from tray.cli.place import Place


def main() -> None:
    """Run one command and leave with its exit code."""
    place = Place(environ=dict(os.environ), clock=lambda: datetime.now(UTC))
    sys.exit(run(sys.argv[1:], place))


if __name__ == "__main__":
    main()
