"""Agents' settings, made up: connected, changed by somebody, disconnected – no byte of theirs may be lost by it."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

from tests.fuzz.damage import BOM, damaged
from tests.fuzz.run import Run
from tray.agents.agent import CLAUDE_CODE, OPENCODE, Agent, address_in
from tray.agents.hookline import HookLine
from tray.agents.jsontext import NotJson, parse
from tray.agents.record import Record
from tray.agents.shells import exports
from tray.agents.textfile import CannotEdit
from tray.agents.wiring import carry_out, connecting, disconnecting

AT = "2026-11-20T12:00:00+00:00"
CLOUD = "https://api.anthropic.com"
LONGEST_SENTENCE = 600
CANARY = "canary-5f3a"

CLAUDE_FILE = """{
  // mine
  "model": "opus",
  "permissions": {"allow": ["Bash(npm run test:*)"], "deny": ["Read(./.env)"]},
  "env": {
    "MY_KEY": "s3cret", /* keep */
    "HTTPS_PROXY": "http://proxy.example:3128"
  },
  "hooks": {
    "SessionStart": [{"hooks": [{"type": "command", "command": "echo hi"}]}],
    "Stop": []
  },
}
"""
OPENCODE_FILE = """{
\t"$schema": "https://opencode.ai/config.json",
\t"provider": {"anthropic": {"options": {"timeout": 600000}}, "ollama": {"models": {}}},
\t"theme": "gruvbox" // dark
}"""
SHELL_FILE = """export PATH=$HOME/bin:$PATH
# export ANTHROPIC_BASE_URL=http://127.0.0.1:2877
export ANTHROPIC_BASE_URL="http://127.0.0.1:2877/v1"
set -gx OPENAI_BASE_URL http://localhost:2877
$env:OPENAI_API_BASE = 'http://[::1]:2877'
"""
ODD_NUMBERS = ("9" * 5000, "-0", "1e999", "1E-9999", "0." + "3" * 400, "-" + "9" * 30)
ODD_TEXTS = (
    "",
    "é",
    "\u2028",
    "\x1b[31m",
    "\ud800",
    "\U0001f4b8",
    "a" * 300,
    '"',
    "\\",
    "http://127.0.0.1:2877",
    CLOUD,
)


def fuzz(run: Run) -> None:
    """Try settings files of agents, the record of what was done to them, and shells' files."""
    for number, dice in run.cases():
        content = made(dice)
        folder = run.folder / str(number % 2)
        try:
            run.ends[_tried(run, number, dice, folder, content)] += 1
        except Exception as error:  # Whatever a person would see as a traceback.
            run.wrong("traceback", number, f"{type(error).__name__}: {str(error)[:200]!a}", content)


def made(dice: random.Random) -> bytes:
    """Make a settings file: one of ours or any JSON, laid out anyhow, right or with bytes turned."""
    text = dice.choice((CLAUDE_FILE, OPENCODE_FILE, _written(dice, 0), _rooted(dice), _deep(dice)))
    if dice.random() < 0.2:
        text = text.replace("\n", "\r\n")
    content = text.encode("utf-8", "surrogatepass")
    if dice.random() < 0.1:
        content = BOM + content
    return damaged(dice, content) if dice.random() < 0.5 else content


def _rooted(dice: random.Random) -> str:
    """Write an object with the names that we look for, whose values are of any kind."""
    names = dice.sample(
        ("env", "hooks", "provider", "model", "disableAllHooks", "", "é", "with space"), dice.randrange(6)
    )
    inner = {"env": "ANTHROPIC_BASE_URL", "hooks": "SessionStart", "provider": "anthropic"}
    parts = []
    for name in names:
        value = _written(dice, 2)
        if name in inner and dice.random() < 0.8:
            value = f'{{"{inner[name]}": {value if dice.random() < 0.5 else dice.choice(("[]", "{}"))}}}'
        parts.append(f"{_space(dice)}{json.dumps(name)}{_space(dice)}:{_space(dice)}{value}")
    return _space(dice) + "{" + ",".join(parts) + ("," if parts and dice.random() < 0.2 else "") + _space(dice) + "}"


def _written(dice: random.Random, depth: int) -> str:
    """Write any JSON, with spaces and comments in it."""
    kind = dice.randrange(8)
    if depth > 4 or kind < 4:
        odd = json.dumps(dice.choice(ODD_TEXTS), ensure_ascii=dice.random() < 0.7)
        return dice.choice(("true", "null", "17", dice.choice(ODD_NUMBERS), odd, odd, f'"{CANARY}"'))
    if kind < 6:
        return "[" + ",".join(_written(dice, depth + 1) for _ in range(dice.randrange(4))) + _space(dice) + "]"
    names = dice.sample(("a", "b", "env", "é", '"', "\x1b"), dice.randrange(4))
    return "{" + ",".join(f"{_space(dice)}{json.dumps(name)}:{_written(dice, depth + 1)}" for name in names) + "}"


def _deep(dice: random.Random) -> str:
    depth = dice.choice((50, 150, 198, 199, 200, 201, 500, 20_000))
    return f'{{"a": {"[" * depth}{"]" * depth}}}' if dice.random() < 0.7 else '{"a":' * depth + "1" + "}" * depth


def _space(dice: random.Random) -> str:
    return dice.choice(("", "", " ", "\n", "\r\n", "\t", "\n  ", "/* c */", " // c\n", f"\n// {CANARY}\r\n\t"))


def _tried(run: Run, number: int, dice: random.Random, folder: Path, content: bytes) -> str:
    def wrong(why: str) -> None:
        run.wrong("wrong", number, why, content)

    kind = dice.random()
    folder.mkdir(exist_ok=True, mode=0o700)
    if kind < 0.08:
        return _tried_as_shell(folder, damaged(dice, SHELL_FILE.encode()))
    agent = dice.choice((CLAUDE_CODE, OPENCODE))
    environ = {"HOME": str(folder), "CLAUDE_CONFIG_DIR": str(folder), "OPENCODE_CONFIG": str(folder / "settings.json")}
    file, record = folder / "settings.json", Record(folder / "ours" / "agents.json")
    for old in (file, record.path, record.mark, file.with_name("settings.json.before-bursar")):
        old.unlink(missing_ok=True)
    file.write_bytes(content)
    if not _connected(wrong, agent, environ, record, file, content):
        return "refused"
    if kind < 0.2:
        return _tried_with_record(wrong, dice, agent, environ, record, file)
    if kind < 0.5:
        return _changed_between(wrong, dice, agent, environ, record, file)
    carry_out(disconnecting(agent, environ, record), record)
    if file.read_bytes() != content:
        wrong(f"undoing gave other bytes: {file.read_bytes()[:300]!r}")
    return "undone"


def _connected(wrong: Any, agent: Agent, environ: Any, record: Record, file: Path, content: bytes) -> bool:
    hook = HookLine(("/usr/bin/python3", "/opt/bursar/hook.py"), record.path)
    try:
        plan = connecting(agent, environ, record, port=2877, cloud=CLOUD, hook=hook, at=AT)
        assert plan.diff or plan.is_empty
        carry_out(plan, record)
    except CannotEdit as error:
        _check_refusal(wrong, str(error), file)
        if file.read_bytes() != content:
            wrong("a file that was refused has changed")
        return False
    before, after = _value(content), _value(file.read_bytes())
    if address_in(after, agent) != agent.url(2877):
        wrong("connected, and the address does not stand there")
    if _others(before) != _others(after):
        wrong("connecting changed something of somebody else")
    return True


def _check_refusal(wrong: Any, said: str, file: Path) -> None:
    if str(file) not in said or len(said) - len(str(file)) > LONGEST_SENTENCE:
        wrong(f"the sentence does not name the file, or is long: {said[:200]!a}")
    if not said.isprintable():
        wrong(f"a sentence with control characters: {said!a:.300}")
    if any(word in said for word in ("Exceeds the limit", "<class", "object at 0x", "recursion")):
        wrong(f"Python's words: {said}")


def _tried_with_record(wrong: Any, dice: random.Random, agent: Agent, environ: Any, record: Record, file: Path) -> str:
    """Damage bursar's own record of what it did: then nothing is undone, or all of it, and never half of something."""
    connected = file.read_bytes()
    record.path.write_bytes(
        damaged(dice, record.path.read_bytes()) if dice.random() < 0.5 else _other_kinds(dice, record)
    )
    record.path.chmod(0o600)
    try:
        plan = disconnecting(agent, environ, record)
        carry_out(plan, record)
    except (CannotEdit, OSError) as error:
        if not str(error).isprintable():
            wrong(f"a sentence with control characters: {str(error)!a:.300}")
        if file.exists() and file.read_bytes() != connected:
            wrong("a refused undoing changed the file")
        return "record refused"
    if file.exists():
        parse(file.read_bytes().decode("utf-8").removeprefix("\ufeff"))
    return "record read"


def _other_kinds(dice: random.Random, record: Record) -> bytes:
    """Put a value of another kind somewhere into the record."""
    kept = json.loads(record.path.read_bytes())
    place: Any = kept
    while isinstance(place, (dict, list)) and place:
        key = dice.choice([*place] if isinstance(place, dict) else range(len(place)))
        if not isinstance(place[key], (dict, list)) or not place[key] or dice.random() < 0.4:
            place[key] = dice.choice((None, 5, "x", [], {}, [1], {"a": 1}, True, "/", -1, 10**30, "\u0000"))
            break
        place = place[key]
    return json.dumps(kept).encode()


def _changed_between(wrong: Any, dice: random.Random, agent: Agent, environ: Any, record: Record, file: Path) -> str:
    """Have somebody change the file after bursar did; what they wrote stays, or nothing is done at all."""
    theirs = damaged(dice, file.read_bytes())
    file.write_bytes(theirs)
    try:
        carry_out(disconnecting(agent, environ, record), record)
    except CannotEdit as error:
        if not str(error).isprintable():
            wrong(f"a sentence with control characters: {str(error)!a:.300}")
        if file.read_bytes() != theirs:
            wrong("a refused undoing changed the file")
        return "change refused"
    left = file.read_bytes() if file.exists() else b""
    if _others(_value(theirs)) != _others(_value(left)):
        wrong(f"undoing took what somebody else had written: {theirs[:300]!r}")
    return "change kept"


def _tried_as_shell(folder: Path, content: bytes) -> str:
    (folder / ".bashrc").write_bytes(content)
    found = [*exports({"HOME": str(folder)})]
    assert all(export.line > 0 for export in found)
    return "shell read"


def _value(content: bytes) -> Any:
    try:
        root = parse(content.decode("utf-8").removeprefix("\ufeff"))
    except (UnicodeDecodeError, NotJson):
        return None
    return root.value if root else {}


def _others(value: Any) -> Any:
    """Give what is not ours: without the address, the exceptions from a proxy, our hooks, and what is empty then."""
    if isinstance(value, dict):
        kept = {name: _others(each) for name, each in value.items() if name not in ("ANTHROPIC_BASE_URL", "baseURL")}
        kept = {name: each for name, each in kept.items() if name.lower() != "no_proxy"}
        return {name: each for name, each in kept.items() if each not in ({}, [])}
    if isinstance(value, list):
        kept_ones = [_others(each) for each in value if "/opt/bursar/hook.py" not in json.dumps(each)]
        return [each for each in kept_ones if each not in ({}, [])]
    # NaN and infinity do not come from JSON; a number compares by its text.
    return repr(value)
