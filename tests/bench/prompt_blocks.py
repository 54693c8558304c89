"""What processor time laying a request out for the cache takes: `python -m tests.bench.prompt_blocks [--bytes N]`."""

import argparse
import json
import time
from datetime import UTC, datetime
from statistics import median

from budget.promptcache import Simulator
from pricing.table import PriceTable
from proxy.promptblocks import CachedModel, Prompts
from tests.kit.bodies import MARK, Fields, call, main_turn, result
from tests.kit.pieces import Shelf


def conversation(size: int) -> list[Fields]:
    """Make the requests of a conversation that comes to about so many bytes; only the last ones."""
    shelf, history, number = Shelf(), list[Fields](), 0
    while len(json.dumps(history)) < size:
        for _ in range(20):
            number += 1
            told = shelf.fill(900, str(number))
            history += [call("Read", f"toolu_{number}", file_path=f"{number}.py"), result(told, f"toolu_{number}")]
    ends = range(len(history) - 20, len(history) + 1, 2)
    requests = [json.loads(json.dumps(main_turn("Go on", *history[:end]))) for end in ends]
    for fields in requests:
        fields["messages"][-1]["content"][-1] |= MARK
    return requests


def main() -> None:
    """Measure a first sight of the conversation, and each request after it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bytes", type=int, default=1_000_000)
    requests = conversation(parser.parse_args().bytes)
    model = CachedModel.of(PriceTable.load(), "claude-opus-5-5", datetime.now(UTC))
    prompts, cache, took = Prompts(), Simulator(), list[float]()
    for number, fields in enumerate(requests):
        began = time.process_time()
        laid = prompts.of(fields, model)
        split = cache.ask(laid.prompt, float(number), float(number))
        took.append((time.process_time() - began) * 1000)
        prompts.heard(laid, split.usage(1))
    size, blocks = len(json.dumps(requests[-1])), len(laid.prompt.blocks)
    print(
        f"{size} bytes, {blocks} blocks: first {took[0]:.1f} ms, then {median(took[1:]):.2f} ms, best {min(took):.2f}"
    )


if __name__ == "__main__":
    main()
