"""Real panels under a screen that nobody sees, with a real bursar: `python tests/run.py --prove`."""

from pathlib import Path

import pytest

from tests.kit.panel import PANELS, missing
from tests.prove.panels import sit

pytestmark = pytest.mark.prove


@pytest.mark.parametrize("name", PANELS)
def test_a_number_changes_in_the_open_menu_clicks_count_and_the_icon_outlives_the_panel(
    name: str, tmp_path: Path
) -> None:
    if lacking := missing(name):
        pytest.skip(f"not here: {', '.join(lacking)}; `python tests/run.py --prove` installs it")
    sitting = sit(name, tmp_path / "home")
    print(sitting.panel, sitting.in_place, sitting.seconds_to_change, sitting.modes)
    assert "Today" in sitting.in_place
    assert set(sitting.in_place) <= {"Today", "Saved"}
    assert sitting.modes == ["auto", "local", "cloud"]
