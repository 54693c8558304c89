"""What is restricted stays where it was told to stay, whatever happens around it; the long proof is under --prove."""

from pathlib import Path

from tests.kit.fake_claude import FakeClaude
from tests.prove import local_only


def test_with_local_only_no_byte_of_a_restricted_session_reaches_claude(fake: FakeClaude, tmp_path: Path) -> None:
    tally = local_only.prove(12, tmp_path, fake)
    assert (tally.leaks, tally.faults) == ([], [])
    assert tally.plain["Claude"], "nothing else reached Claude either, so that nothing was shown"


def test_with_claude_only_no_byte_of_a_restricted_session_reaches_the_local_server(
    fake: FakeClaude, tmp_path: Path
) -> None:
    tally = local_only.prove(5, tmp_path, fake, policy="claude-only")
    assert (tally.leaks, tally.faults) == ([], [])
