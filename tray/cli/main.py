"""The group of all verbs; each verb's file is imported when it is called, so that `bursar status` starts fast."""

from __future__ import annotations

import difflib
import os
import sys
import traceback
from importlib import import_module
from pathlib import Path

import click

from budget.instance import AlreadyRunning
from budget.trouble import LedgerUnavailable
from budget.words import SIMULATED
from pricing.tablefile import PriceTableError
from tray import VERSION
from tray.cli.place import EXIT_CODES, FAILED, IN_THE_WAY, Failure, Place
from tray.config_file import ChangeError
from tray.control import ControlError
from tray.downgrade import Downgraded
from tray.settings import SettingsError

# Failures whose message a person can act on; any other is a bug.
EXPECTED = (Downgraded, ControlError, SettingsError, ChangeError, PriceTableError, LedgerUnavailable, OSError)

# verb -> the module of this package that has it, and its line in the help
VERBS = {
    "serve": ("serve", "Run the proxy and the tray, until Ctrl-C."),
    "run": ("run", "Run an agent through bursar: bursar run -- claude"),
    "connect": ("connect", "Lead an agent through bursar by its settings: bursar connect claude-code"),
    "disconnect": ("connect", "Undo what connect did."),
    "dashboard": ("dashboard", "Open the dashboard in the browser."),
    "startup": ("startup", "Start bursar when you log in, or no longer."),
    "quit": ("quit", "End the bursar that runs, and wait until it has ended."),
    "status": ("status", "Show today, the mode, the upstreams."),
    "mode": ("switches", "Choose where requests may go: auto, cloud, local or observe."),
    "stop": ("switches", "Stop all cloud traffic at once; local models go on."),
    "resume": ("switches", "Lift the emergency stop."),
    "confirm-day": ("switches", "Believe the clock after it jumped ahead."),
    "budget": ("limits", "Show or set what you mean to spend a day."),
    "cutoff": ("limits", "Show or set what can never be passed in a day."),
    "keeper": ("keeper", "Keep Claude's cache warm in pauses, or see what that would save."),
    "report": ("report", "Show a week: what was spent and saved, why, and what to change."),
    "cache": ("cache", "Show what Claude’s cache missed, why, and what it cost."),
    "reconcile": ("reconcile", "Compare the ledger with the provider's own reports."),
    "whatif": ("whatif", "Replay recorded days under other policies and budgets."),
    "history": ("history", "Show or import what agents' own logs say of the past."),
    "alerts": ("alerts", "Show the alerts that were sent, and what waits; alerts test sends one."),
    "log": ("log", "Show requests as they passed."),
    "explain": ("explain", "Say why a request went where it went, or would."),
    "models": ("models", "List local and cloud models."),
    "bench": ("bench", "Measure a local model as an agent would use it."),
    "doctor": ("doctor", "Say what is wrong, and the command that mends it."),
    "prices": ("prices", "Show, check or update the price table."),
    "demo": ("demo", "Play a made-up day: see what bursar does, without an agent or a key."),
    "config": ("config", "Show, check or reload the settings."),
    "version": ("version", "Say which bursar this is; --check asks whether there is a newer one."),
}

HIDDEN = {"revive": "revive"}
"""Verbs that programs call; not in the help."""


class Verbs(click.Group):
    """The verbs, imported one at a time."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name all verbs, in the order in which a person meets them."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a verb."""
        if cmd_name not in VERBS and cmd_name not in HIDDEN:
            return None
        module = HIDDEN.get(cmd_name) or VERBS[cmd_name][0]
        command = getattr(import_module(f"tray.cli.{module}"), cmd_name.replace("-", "_"))
        return command if isinstance(command, click.Command) else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find a verb; of a misspelt one say which was probably meant."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            near = difflib.get_close_matches(args[0], VERBS, n=1)
            if not near or args[0] in VERBS:
                raise
            raise click.UsageError(f"{error.message.rstrip('.')}; did you mean {near[0]}?", error.ctx) from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the verbs without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(verb, about) for verb, (_, about) in VERBS.items()])


@click.group(cls=Verbs, invoke_without_command=True, epilog=EXIT_CODES)
@click.option("--home", type=click.Path(path_type=Path), help="Keep all files in this folder (also: BURSAR_HOME).")
@click.version_option(VERSION, prog_name="bursar")
@click.pass_context
def bursar(context: click.Context, home: Path | None) -> None:
    """Keep an AI coding bill under a daily budget."""
    place = context.find_object(Place)
    assert place is not None
    if home is not None:
        place.home = home
    if place.paths.simulated_mark.exists():
        click.echo(f"{SIMULATED}.", err=True)
    if context.invoked_subcommand is None:
        context.invoke(import_module("tray.cli.serve").serve)


def run(arguments: list[str], place: Place) -> int:
    """Run one command; every failure becomes one line on stderr and an exit code, never a traceback."""
    try:
        result = bursar.main(arguments, prog_name="bursar", standalone_mode=False, obj=place)
        return result if isinstance(result, int) else 0
    except click.exceptions.Exit as left:
        return left.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return 130
    except BrokenPipeError:
        # Whoever read our output has had enough; Python must not complain when it closes it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except Exception as error:  # noqa: BLE001 – the top of the main thread
        return _explain(error, place)


def _explain(error: Exception, place: Place) -> int:
    if isinstance(error, Failure):
        code = error.code
    elif isinstance(error, AlreadyRunning):
        code = IN_THE_WAY
    elif isinstance(error, EXPECTED):
        code = FAILED
    else:
        return _unexpected(error, place)
    from tray.cli.show import plain_lines  # A command that works has no need of it.

    click.echo(f"bursar: {plain_lines(_sentence(error))}", err=True)
    return code


def _sentence(error: Exception) -> str:
    """Say what failed: of the system's own errors the file and the reason, not Python's number for it."""
    if isinstance(error, OSError) and error.strerror and isinstance(error.filename, str):
        reason = f"{error.strerror[0].lower()}{error.strerror[1:]}"
        return f"{error.filename2 or error.filename}: {reason}"
    return str(error)


def _unexpected(error: Exception, place: Place) -> int:
    click.echo(f"bursar: this should not have happened: {error!r}", err=True)
    from tray.logs import open_privately, redacted, told  # A command that works has no need of it.

    path = place.paths.crash_file
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with open_privately(path) as file:
            file.write(f"{redacted(told(error))}\n")
        click.echo(f"bursar: the details are in {path}", err=True)
    except OSError:
        traceback.print_exception(error)
    return FAILED
