"""The stage: a real bursar in a folder of its own, between a made-up Claude and a made-up local model."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from types import TracebackType

from budget.clock import Elapsed
from budget.state import Mode
from budget.words import SIMULATED
from pricing.money import Money
from pricing.table import PriceTable
from proxy.services import Services
from proxy.speeds import Speeds
from proxy.trust import Trust
from tray.app import App, build
from tray.demo.claude import Claude
from tray.demo.day import Step
from tray.demo.local import CONTEXT, MODEL, Local
from tray.demo.moment import Moment
from tray.files import private_folder, write_private
from tray.handover import local_costs_of
from tray.paths import Paths
from tray.settings import Settings, load

PATIENCE_S = 10.0
CONFIG = """\
# {simulated}. These are the settings of `bursar demo`, and of nothing else.
budget = "{budget}"
zone = "{zone}"

[cloud]
url = "{cloud}"

[discover]
enabled = false

[[local]]
name = "simulated"
url = "{local}"
kind = "openai"
models = ["{model}"]
context = {context}
tools = true

[machine]
gpu = "RTX 4090"
price = "2400.00"
power = "modelled"
"""


class Stage:
    """What the day is played on; `with` it, so that all of it is taken down. The folder stays."""

    def __init__(self, folder: Path, budget: Money, moment: Moment, zone: str, now: Callable[[], Step]) -> None:
        self.paths, self.moment = Paths(folder, folder), moment
        self._end = ExitStack()
        self.claude = Claude(now, moment, PriceTable.load())
        self.local = Local(now, moment)
        self._budget, self._zone = budget, zone

    def __enter__(self) -> Stage:
        with ExitStack() as end:
            end.enter_context(self.claude)
            end.enter_context(self.local)
            self._write()
            self.app = self._built()
            end.callback(self.app.close, 1.0)
            self.app.start()
            # Else it would make up, from the tables alone, what the day's first requests would have cost.
            _wait(lambda: self.services.baselines is None or self.services.baselines.has_made_up)
            self._end = end.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._end.close()

    @property
    def services(self) -> Services:
        """What the bursar works with."""
        return self.app.services

    def settle(self) -> None:
        """Wait until everything that was asked is in the books, and so is what it would have cost."""
        ledger = self.services.ledger
        day = ledger.today().day

        def is_told() -> bool:
            saved = ledger.baselines.saved(day, day)
            booked = sum(total.requests for total in ledger.days(day, day))
            return not ledger.today().open_holds and saved.requests + saved.unknown >= booked

        _wait(is_told)

    def run_on(self, real: Elapsed) -> None:
        """Let time go on as it really does."""
        self.moment.run_on(real)

    def _write(self) -> None:
        private_folder(self.paths.state)
        write_private(self.paths.simulated_mark, f"{SIMULATED}.\n".encode())
        text = CONFIG.format(
            simulated=SIMULATED,
            budget=self._budget.exact(),
            zone=self._zone,
            cloud=self.claude.url,
            local=self.local.url,
            model=MODEL,
            context=CONTEXT,
        )
        write_private(self.paths.config_file, text.encode())

    def _built(self) -> App:
        def read() -> Settings:
            # Free ports, whatever runs beside it.
            return replace(load(self.paths.config_file, lambda: self._zone), port=0, control_port=0)

        moment = self.moment
        app = build(read, self.paths, clock=moment.clock, elapsed=moment.elapsed, environ={}, on_screen=False)
        services = app.services
        # What goes by durations goes by those of the day that is played.
        services.local_costs = local_costs_of(read(), moment.elapsed)
        services.trust = Trust(moment.elapsed)
        services.speeds = Speeds(lambda: services.locals.knowledge, moment.elapsed)
        services.ledger.set_mode(Mode.auto)
        services.locals.refresh()
        return app


def _wait(is_so: Callable[[], bool]) -> None:
    """Wait until something is so; not for ever, as a demo goes on with what there is."""
    end = time.monotonic() + PATIENCE_S
    while not is_so() and time.monotonic() < end:
        time.sleep(0.005)
