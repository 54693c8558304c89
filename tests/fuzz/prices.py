"""Price tables, made up: one handed to `bursar prices update`, one that lies there at the start, and a person's own."""

from __future__ import annotations

import json
import random
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pricing
from pricing.rates import CLASSES
from pricing.refresh import install, judge
from pricing.table import PriceTable
from pricing.tablefile import DEAREST_PICOS, PriceTableError
from tests.fuzz.damage import damaged
from tests.fuzz.run import Run

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
PACKAGED = Path(pricing.__file__).with_name("anthropic_prices.json").read_bytes()
LONGEST_PROBLEM = 1000

ODD: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 10**30, "", " ", "0", "-0", "-1", "0.00", "0.000000001", "2.50", "1e3"),
    *("1e-3", "1E400"),
    *("1e999999999", "1e-999999999", "1e99999999999999999999", "9" * 5000, "inf", "nan", "sNaN", "0x10"),
    *("1_000", "١", "²"),
    *("10000", "10000.00001", "1.00002", "2.5000000000000000000000000000000000001", "$2", "two", "\u0000"),
    "\x1b[31m",
    *("2026-11-20", "2026-02-30", "9999-12-31", "0001-01-01", "20261120", "2026-W47-5"),
    *("2026-11-20T00:00:00Z", "x" * 400),
    *([], {}, [[]], [1], ["a"], {"a": 1}, {"tokens": 1}, {"2026-01-01": 0}, {"x": 5}, [{}]),
    *({"from": "2026-01-01"}, "claude-opus-5"),
)  # fmt: skip
RAW = (
    b"NaN",
    b"Infinity",
    b"1.5",
    b"1e999",
    b"9" * 5000,
    b"-0",
    b'"\\ud800"',
    b"[" * 2000,
    b'{"a":1,"a":2}',
    b"//",
    b"'x'",
)
TOML = (
    *("0", "1", "2.5", "-1", "1e3", "1e999999999", "1e99999999999999999999", "9" * 5000, "0x" + "f" * 5000),
    *("inf", "nan", "true"),
    *('"2.50"', '"0"', '"1e999999999"', '""', '"a\\u0000"', "'\\'", "[]", "{}", "[1]", "2026-11-20"),
    *("2026-11-20T12:00:00", "12:00"),
)  # fmt: skip
NAMES = (
    "claude-opus-5-5",
    "claude-haiku-4-5",
    "corporate",
    '"ü"',
    '""',
    "models",
    '"\\u001b[31m"',
    '"' + "x" * 400 + '"',
)


def fuzz(run: Run) -> None:
    """Try price tables of all three layers: refused whole with a sentence, or taken with sane rates."""
    good = PriceTable.load()
    for number, dice in run.cases():
        own = dice.random() < 0.4
        content, name = (
            (_own(dice), dice.choice(("own.toml", "own.toml", "own.json"))) if own else (made(dice), "new.json")
        )
        try:
            run.ends[_tried(run, number, content, good, run.folder / name, own=own)] += 1
        except Exception as error:  # Whatever a person would see as a traceback.
            run.wrong("traceback", number, f"{type(error).__name__}: {str(error)[:200]}", content)


def made(dice: random.Random) -> bytes:
    """Make a table: the packaged one of today with values, keys or bytes turned."""
    data = json.loads(PACKAGED) | {"data_as_of": "2026-11-20"}
    for _ in range(dice.choice((0, 1, 1, 1, 2, 3))):
        _turn(dice, data)
    content = json.dumps(data, ensure_ascii=dice.random() < 0.5).encode("utf-8", "surrogatepass")
    if dice.random() < 0.15:
        at = dice.choice([at for at, byte in enumerate(content[:20000]) if byte == ord(":")]) + 1
        content = content[:at] + dice.choice(RAW) + content[dice.choice((at, at + 5)) :]
    return damaged(dice, content) if dice.random() < 0.25 else content


def _turn(dice: random.Random, data: Any) -> None:
    """Change one thing somewhere in a tree of JSON: a value, a name, an order, or whether it is there."""
    place = (
        dice.choice([*_places(data)]) if dice.random() < 0.3 else dice.choice([*_places(dice.choice(data["models"]))])
    )
    keys = [*range(len(place))] if isinstance(place, list) else [*place]
    if not keys:
        return
    key = dice.choice(keys)
    match dice.randrange(6):
        case 0:
            del place[key]
        case 1 if isinstance(place, dict):
            place[dice.choice(("price", "input ", "", "\x1b", *place))] = place.pop(key)
        case 2 if isinstance(place, list):
            place.append(json.loads(json.dumps(place[key])))
        case 3 if isinstance(place, list):
            dice.shuffle(place)
        case 4 if key in CLASSES:
            place[key] = dice.choice(("1", "0.00002", "0.00001", "10000", "7.77"))
        case _:
            place[key] = dice.choice(ODD)


def _places(data: Any) -> list[Any]:
    """Give every object and list of a tree."""
    inside = data.values() if isinstance(data, dict) else data if isinstance(data, list) else ()
    mine = [data] if isinstance(data, (dict, list)) else []
    return mine + [place for value in inside for place in _places(value)]


def _own(dice: random.Random) -> bytes:
    """Write a person's own prices, right or odd."""
    odd, lines = dice.choice((0, 0.05, 0.3)), []
    for _ in range(dice.randrange(4)):
        name = dice.choice(NAMES)
        lines.append(
            dice.choice((f"[models.{name}]", f"[models.{name}]", f"[[models.{name}]]", f"[models.{name}.over]"))
        )
        keys = (*CLASSES, *dice.sample(("from", "until", "over", "fast", "geo", "context_window", "note", "inputt"), 2))
        lines += [f"{key} = {_own_value(dice, key, odd)}" for key in keys if dice.random() < 0.8]
    if dice.random() < 0.3:
        lines += [
            "[aliases]",
            *(f"{dice.choice(NAMES)} = {dice.choice((*TOML, *(f'{name!r}' for name in NAMES)))}" for _ in range(2)),
        ]
    content = "\n".join(lines).encode()
    return damaged(dice, content) if dice.random() < 0.25 else content


def _own_value(dice: random.Random, key: str, odd: float) -> str:
    if dice.random() < odd:
        return dice.choice(TOML)
    right = {
        "from": "2026-01-01", "until": "2026-12-01", "geo": "true", "context_window": "200000", "note": '"mine"',
        "over": "{tokens = 100000, input = 1, cache_write_5m = 1, cache_write_1h = 1, cache_read = 1, output = 1}",
        "fast": "{input = 1, cache_write_5m = 1, cache_write_1h = 1, cache_read = 1, output = 1}",
    }  # fmt: skip
    return right.get(key) or dice.choice(("1", "2.50", '"3.60"', "0.1"))


def _tried(run: Run, number: int, content: bytes, good: PriceTable, path: Path, *, own: bool) -> str:
    def wrong(why: str) -> None:
        run.wrong("wrong", number, why, content)

    path.unlink(missing_ok=True)
    path.write_bytes(content)
    if own:
        return _tried_as_own(wrong, path)
    verdict = judge(content, good, seen={"claude-opus-5-5", "claude-haiku-4-5"}, now=NOON)
    for said in (*verdict.problems, *verdict.questions, *verdict.changes):
        _check_sentence(wrong, said)
    found = PriceTable.load(refreshed=path)
    for said in found.notices:
        _check_sentence(wrong, said)
    _check_rates(wrong, found)
    if not verdict.usable(yes=True):
        _check_not_installed(wrong, verdict, path.with_name("in_force.json"))
        return "refused"
    if found.notices:
        wrong(f"it may be taken over, and then it is not used: {found.notices[0]}")
    return "taken" if verdict.usable() else "asked"


def _check_not_installed(wrong: Any, verdict: Any, target: Path) -> None:
    target.write_bytes(PACKAGED)
    try:
        install(verdict, target, yes=True)
        wrong("a table that may not be used was put in place")
    except PriceTableError:
        if target.read_bytes() != PACKAGED:
            wrong("a refused table took the place of the good one")


def _tried_as_own(wrong: Any, path: Path) -> str:
    try:
        table = PriceTable.load(user=path)
    except PriceTableError as error:
        _check_sentence(wrong, str(error))
        if path.name not in str(error):
            wrong(f"the file is not named: {error}")
        return "own refused"
    _check_rates(wrong, table, may_be_free=True)
    return "own taken"


def _check_sentence(wrong: Any, said: str) -> None:
    if not said.strip() or len(said) > LONGEST_PROBLEM:
        wrong(f"a sentence of {len(said)} characters: {said[:100]}")
    if not said.isprintable():
        wrong(f"a sentence with control characters: {said!a:.200}")
    if any(
        word in said
        for word in ("Exceeds the limit", "<class", "object at 0x", "NoneType", "object is not", "attribute '")
    ):
        wrong(f"Python's words: {said}")


def _check_rates(wrong: Any, table: PriceTable, *, may_be_free: bool = False) -> None:
    """Whatever is in force: every price is exact, not below zero, and zero only where a person wrote that."""
    for model in (*table.models(), None):
        terms = table.on(NOON, "never-heard-of" if model is None else model.id)
        for name, rate in terms.rates.as_dict().items():
            least = 0 if may_be_free and "your own prices" in terms.source else 1
            if type(rate) is not int or not least <= rate <= DEAREST_PICOS:
                wrong(f"{model.id if model else 'an unknown model'}: {name} costs {rate!r}")
    assert isinstance(table.data_as_of, date)
