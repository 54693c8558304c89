"""The official Anthropic SDKs, the newest and an old one, each in a process of its own."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.kit.fake_claude import KEY, ROOT

OLD = ROOT / ".cache" / "old_sdk"
PROBE = Path(__file__).with_name("sdk_probe.py")


@dataclass(frozen=True)
class Sdk:
    """One SDK: the folder that comes first on its path, or None for the one installed with the tests."""

    name: str
    folder: Path | None

    @property
    def is_installed(self) -> bool:
        """Tell whether it is there; `tests/run.py` fetches the old one."""
        return self.folder is None or (self.folder / "anthropic").is_dir()

    def calls(self, url: str, *calls: dict[str, Any], retries: int = 2) -> list[dict[str, Any]]:
        """Make these calls one after the other; see sdk_probe.py for their shape."""
        path = {"PYTHONPATH": str(self.folder)} if self.folder else {}
        done = subprocess.run(
            [sys.executable, str(PROBE), url, KEY, str(retries)],
            input=json.dumps(calls),
            env={**os.environ, **path, "NO_PROXY": "*"},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return list(json.loads(done.stdout)["results"])


NEW_SDK = Sdk("new", None)
OLD_SDK = Sdk("old", OLD)
