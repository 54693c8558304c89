"""The real Claude Code through bursar: `python -m tests.prove.claude_code [--sessions N]`.

1 through to Claude (the fake): a turn with Read, Bash and a sub-agent. 2 the same against a real llama.cpp server.
3 the money gone in mid-turn: the rest is done locally. 4 no money and no local model: over at once, with our sentence.
5 the emergency stop in mid-answer. 6 started by `bursar run`. 7 ten steps on a local model. 8 the same, but the fifth
call is broken: Claude takes over. 9 sessions of ten local steps in a row, through one bursar.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.kit.bursar import PICOS, Bursar, Entry
from tests.kit.claude_code import ClaudeCode, Session, installed
from tests.kit.fake_claude import ROOT, FakeClaude, Received
from tests.kit.llama.scripts import call
from tests.kit.llama.server import LlamaServer
from tests.kit.llama.server import start as start_llama
from tests.kit.tap import Exchange, Tap

# What the tiny model does, step by step: each tool's result names the next marker.
LOCAL_SCRIPTS = {
    "begin": call("Read", {"file_path": "notes.txt"}),
    "then_bash": call("Bash", {"command": "cat next.txt", "description": "Show the next step"}),
    "then_agent": call("Agent", {"description": "Greet", "prompt": "[[greet]]", "subagent_type": "general-purpose"}),
    "greet": "The sub-agent says hello.",
}
STEPS = 10
TEN_STEPS = {
    f"step{number}": call("Read", {"file_path": f"part{number}.txt"})
    if number % 2
    else call("Bash", {"command": f"cat part{number}.txt", "description": "Show the next part"})
    for number in range(1, STEPS + 1)
}
BROKEN = {
    "misnamed": call("Raed", {"file_path": "part5.txt"}),
    "announced": "Let me use the Read tool to look at the next part.",
    "cut_off": '<tool_call>\n{"name": "Read", "arguments": {"file_path": "par',
}
"""What the fifth step can be instead."""

RUN = (sys.executable, "-m", "tray", "run", "--")


@dataclass(frozen=True)
class Run:
    """One session and all that was seen of it, from Claude Code's side to the ledger."""

    session: Session
    exchanges: tuple[Exchange, ...]  # Between Claude Code and bursar.
    upstream: tuple[Received, ...]  # At the fake Claude.
    entries: tuple[Entry, ...]
    bill: dict[str, Any]

    @property
    def charged(self) -> int:
        """Return what the ledger says was spent, in picodollars."""
        return sum(entry.charged for entry in self.entries)


class Stage:
    """Everything a session needs, in one folder."""

    def __init__(self, folder: Path, fake: FakeClaude):
        program = installed()
        assert program, "Claude Code is not installed: `python tests/run.py` fetches it"
        self.fake = fake
        self.folder = folder
        self.claude = ClaudeCode(program, folder / "claude")
        self.claude.folder.mkdir(parents=True)

    def write(self, name: str, text: str) -> Path:
        """Write a file of the project Claude Code works in."""
        path = self.claude.folder / name
        path.write_text(text, encoding="utf-8")
        return path

    def play(
        self,
        prompt: str,
        *,
        local: LlamaServer | None = None,
        environment: dict[str, str] | None = None,
        starter: tuple[str, ...] = (),
        then: "Callable[[Stage, Bursar], None] | None" = None,
        **settings: Any,
    ) -> Run:
        """Run one session through a bursar of its own; `then` happens while it runs."""
        self.fake.reset()
        servers = (vouched(local),) if local else ()
        home = self.folder / f"bursar{len(list(self.folder.iterdir()))}"
        around = {"BURSAR_HOME": str(home), "PYTHONPATH": str(ROOT)} if starter else {}
        with (
            Bursar(home, self.fake.url, local_servers=servers, **settings) as bursar,
            Tap(bursar.url) as tap,
            ThreadPoolExecutor(1) as pool,
        ):
            variables = (environment or {}) | around
            asked = pool.submit(self.claude.ask, tap.url, prompt, starter=starter, **variables)
            if then:
                then(self, bursar)
            session = asked.result()
            bursar.settled()
            found = (tuple(tap.exchanges), tuple(self.fake.requests()), tuple(bursar.entries()), self.fake.bill())
        return Run(session, *found)


def vouched(local: LlamaServer) -> dict[str, Any]:
    """Configure a server whose tool calls a person vouches for: the tiny model knows nothing beyond its scripts."""
    return {"name": "llama", "url": local.url, "kind": "llamacpp", "tools": True}


def through_to_claude(stage: Stage) -> Run:
    """Let Claude read a file, run a command and start a sub-agent."""
    notes = stage.write("notes.txt", "The notes say hello.\n")
    steps = f"[[read:{notes}]] [[bash:echo from the shell]] [[agent:Look around ((bash:ls)) ((text:Sub-agent done.))]]"
    return stage.play(f"Please do these steps. {steps} [[text:The whole turn is done.]]", mode="cloud", budget="100.00")


def all_local(stage: Stage, llama: LlamaServer) -> Run:
    """Do the same in mode local, with a real model server."""
    stage.write("notes.txt", "Next: [[then_bash]]\n")
    stage.write("next.txt", "Next: [[then_agent]]\n")
    return stage.play("Please do these steps. [[begin]]", local=llama, mode="local")


def money_gone_in_mid_turn(stage: Stage, llama: LlamaServer) -> Run:
    """Spend nearly all in the first step; the next ones must be done locally."""
    notes = stage.write("notes.txt", "Next: [[then_bash]]\n")
    stage.write("next.txt", "Nothing more to do.\n")
    prompt = f"Design the architecture of the sync engine across all services. [[unseen:30000]]&[[read:{notes}]]"
    limits = {"budget": "1.00", "cutoff": "1.20", "mode": "auto", "queue_wait_s": 1}
    return stage.play(prompt, local=llama, environment={"CLAUDE_CODE_MAX_OUTPUT_TOKENS": "32000"}, **limits)


def nothing_left(stage: Stage) -> Run:
    """Have neither money nor a local model."""
    return stage.play("Please [[text:never said]]", budget="0.01", cutoff="0.01", mode="auto")


def started_by_bursar(stage: Stage) -> Run:
    """Start Claude Code with `bursar run`, which tells it where bursar is."""
    return stage.play("Please [[bash:echo hello]] [[text:Started by bursar.]]", mode="cloud", starter=RUN)


def stopped_in_mid_answer(stage: Stage) -> Run:
    """Press the emergency stop while Claude is answering."""
    return stage.play("Please [[long:3000:20]]", mode="cloud", budget="100.00", then=_stop)


CLEAR = "Add a test for the parser."
"""Leaves so little doubt that it is routine work that it may take twenty calls and more."""
DOUBTFUL = "Handle empty input in the importer."
"""Is routine work, with a doubt: ten calls say that it is not."""


def ten_steps(stage: Stage, llama: LlamaServer, mode: str = "local", words: str = CLEAR) -> Run:
    """Let a local model make ten calls, each named by what the one before brought."""
    return stage.play(ten_parts(stage, words), local=llama, mode=mode, budget="100.00")


def broken_in_the_middle(stage: Stage, llama: LlamaServer, how: str) -> Run:
    """Let the fifth of the calls be broken."""
    prompt = ten_parts(stage)
    stage.write("part4.txt", f"Next: [[{how}]]\n")
    return stage.play(prompt, local=llama, mode="auto", budget="100.00")


def ten_parts(stage: Stage, words: str = CLEAR) -> str:
    """Write the files that the steps read; return a prompt with the same steps for Claude, should it be asked."""
    for number in range(1, STEPS + 1):
        stage.write(f"part{number}.txt", f"Next: [[step{number + 1}]]\n" if number < STEPS else "Nothing more to do.\n")
    folder = stage.claude.folder
    for_claude = " ".join(
        f"[[read:{folder}/part{number}.txt]]" if number % 2 else f"[[bash:cat part{number}.txt]]"
        for number in range(1, STEPS + 1)
    )
    return f"{words}\n<attached_files>\n{for_claude} [[step1]]\n</attached_files>"


def in_a_row(stage: Stage, llama: LlamaServer, count: int) -> tuple[list[Session], int]:
    """Run sessions of ten local steps one after the other; return them, and how much Claude was asked.

    Raises subprocess.TimeoutExpired if one hangs.
    """
    stage.fake.reset()
    prompt = ten_parts(stage)
    home = stage.folder / "in_a_row"
    with Bursar(home, stage.fake.url, local_servers=(vouched(llama),), mode="local", budget="100.00") as bursar:
        sessions = [stage.claude.ask(bursar.url, prompt, seconds=120) for _ in range(count)]
        bursar.settled()
    return sessions, len(stage.fake.requests(path="/v1/messages"))


def _stop(stage: Stage, bursar: Bursar) -> None:
    stage.fake.wait_until(lambda fake: fake.bill()["open"] > 0, 30)
    bursar.api("/api/stop", {})


@contextmanager
def a_llama() -> Iterator[LlamaServer]:
    """Run llama.cpp with the scripts of these sessions."""
    server = start_llama(scripts={**LOCAL_SCRIPTS, **TEN_STEPS, **BROKEN})
    try:
        yield server
    finally:
        server.stop()


def tell(title: str, run: Run) -> None:
    """Print the figures of one run."""
    sums = f"ledger ${run.charged / PICOS:.6f}, bill ${run.bill['picos'] / PICOS:.6f}"
    print(f"{title}: exit {run.session.exit_code} in {run.session.seconds:.1f} s")
    print(f"   requests: {len(run.exchanges)} from Claude Code, {len(run.upstream)} at Claude; {sums}")
    print(f"   tools: {', '.join(run.session.tools_used) or 'none'}   answer: {run.session.result[:160]!r}")


def tell_row(sessions: list[Session], asked: int) -> None:
    """Print the figures of sessions in a row."""
    done = sum(session.exit_code == 0 and len(session.tool_results) == STEPS for session in sessions)
    print(f"9 {len(sessions)} sessions in a row: {done} with ten tool runs and exit 0, {asked} requests at Claude")
    print("   seconds: " + " ".join(f"{session.seconds:.1f}" for session in sessions))


def main() -> None:
    """Play all and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=20)
    options = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        stage = Stage(folder, stack.enter_context(FakeClaude()))
        tell("1 through to Claude", through_to_claude(stage))
        llama = stack.enter_context(a_llama())
        tell("2 all local", all_local(stage, llama))
        tell("3 money gone in mid-turn", money_gone_in_mid_turn(stage, llama))
        tell("4 nothing left", nothing_left(stage))
        tell("5 stopped in mid-answer", stopped_in_mid_answer(stage))
        tell("6 started by bursar run", started_by_bursar(stage))
        tell("7 ten local steps", ten_steps(stage, llama))
        for how in BROKEN:
            tell(f"8 the fifth call {how}", broken_in_the_middle(stage, llama, how))
        tell_row(*in_a_row(stage, llama, options.sessions))


if __name__ == "__main__":
    main()
