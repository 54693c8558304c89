"""Shells' files are a person's: whatever stands in them is read without a fault."""

from pathlib import Path

from tray.agents.shells import exports


def test_a_port_that_is_none_is_0(person: Path) -> None:
    lines = ["export ANTHROPIC_BASE_URL=http://127.0.0.1:2877", "OPENAI_BASE_URL=http://localhost:" + "9" * 5000]
    (person / ".bashrc").write_text("\n".join([*lines, "OPENAI_API_BASE=http://localhost/v1"]))
    assert [found.port for found in exports({"HOME": str(person)})] == [2877, 0, 80]
