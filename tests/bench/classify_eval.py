"""Measure the classifier on labelled prompts: `python tests/bench/classify_eval.py PROMPTS.jsonl [--misses]`.

Each line holds text, prev, tier, task_class, ok_alternatives {tier, task_class} and repo. An answer is right if it is
the label or an alternative. Dangerous: all acceptable tiers are L2 or L3 and the router would go local. Wasteful: all
are L0 or L1 and it would go to the cloud. A leak: only L3 is acceptable and it is not taken for L3.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from proxy.classify import Restricted, classify
from proxy.request import read
from proxy.task import Task, Tier

Row = dict[str, Any]


def classified(row: Row) -> Task:
    """Classify a labelled prompt the way the proxy would: inside a request, after the prompt before it."""
    messages = [{"role": "user", "content": row["text"]}]
    if row.get("prev"):
        before = [{"role": "user", "content": row["prev"]}, {"role": "assistant", "content": "Done."}]
        messages = [*before, *messages]
    body = json.dumps({"model": "claude-opus-5-5", "max_tokens": 32000, "messages": messages}).encode()
    return classify(read(body, {}), restricted=Restricted())


def verdicts(row: Row, task: Task) -> dict[str, bool]:
    """Judge one answer."""
    accepted = {Tier[name] for name in [row["tier"], *row["ok_alternatives"]["tier"]]}
    kinds = {row["task_class"], *row["ok_alternatives"]["task_class"]}
    return {
        "strict": task.tier is Tier[row["tier"]],
        "right": task.tier in accepted,
        "kind": task.task_class.value in kinds,
        "dangerous": min(accepted) >= Tier.L2 and task.tier <= Tier.L1,
        "wasteful": max(accepted) <= Tier.L1 and task.tier >= Tier.L2,
        "only_l3": accepted == {Tier.L3},
        "leak": accepted == {Tier.L3} and task.tier is not Tier.L3,
        "false_l3": Tier.L3 not in accepted and task.tier is Tier.L3,
    }


def macro_f1(pairs: list[tuple[str, str]]) -> float:
    """Average the F1 of the four tiers over (label, answer) pairs."""
    scores = []
    for tier in ("L0", "L1", "L2", "L3"):
        hits = sum(a == b == tier for a, b in pairs)
        named, labelled = sum(b == tier for _, b in pairs), sum(a == tier for a, _ in pairs)
        scores.append(2 * hits / (named + labelled) if named + labelled else 0.0)
    return sum(scores) / len(scores)


def line(name: str, judged: list[dict[str, bool]]) -> str:
    """Write one row of the table."""

    def share(key: str, among: Iterable[dict[str, bool]] = judged) -> str:
        among = list(among)
        return f"{sum(j[key] for j in among) / max(1, len(among)):7.1%}"

    leaks, secret = sum(j["leak"] for j in judged), sum(j["only_l3"] for j in judged)
    shares = "".join(share(key) for key in ("strict", "right", "kind", "dangerous", "wasteful", "false_l3"))
    return f"{name[:34]:34} {len(judged):4} {shares}  {leaks}/{secret}"


def main() -> None:
    """Read the file, classify, print."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("prompts", type=Path)
    arguments.add_argument(
        "--misses", action="store_true", help="list each dangerous, wasteful or leaked prompt by its id"
    )
    chosen = arguments.parse_args()
    rows = [json.loads(text) for text in chosen.prompts.read_text(encoding="utf-8").splitlines() if text]
    started = time.perf_counter()
    tasks = [classified(row) for row in rows]
    elapsed_ms = (time.perf_counter() - started) * 1000 / max(1, len(rows))
    judged = [verdicts(row, task) for row, task in zip(rows, tasks, strict=True)]
    groups: dict[str, list[dict[str, bool]]] = defaultdict(list)
    for row, one in zip(rows, judged, strict=True):
        groups[row.get("repo", "?")].append(one)
    print(f"{'':34} {'n':>4}  strict  right   kind danger. wastef. falseL3  L3 leaks")
    for name, group in sorted(groups.items(), key=lambda item: -len(item[1])):
        print(line(name, group))
    print(line("all", judged))
    f1 = macro_f1([(row["tier"], task.tier.name) for row, task in zip(rows, tasks, strict=True)])
    print(f"macro-F1 {f1:.2f}, {elapsed_ms:.2f} ms a prompt (with reading the body)")
    if chosen.misses:
        for row, task, one in zip(rows, tasks, judged, strict=True):
            wrong = [key for key in ("dangerous", "wasteful", "leak") if one[key]]
            if wrong:
                print(row["id"], row["tier"], "->", task.tier.name, *wrong, "|", *(str(r) for r in task.reasons))


if __name__ == "__main__":
    main()
