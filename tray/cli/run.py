"""bursar run -- CMD: start an agent that goes through bursar, for this one process and nothing else."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import click

from tray.cli.place import FAILED, IN_THE_WAY, Failure, Place
from tray.control import Control
from tray.files import private_folder
from tray.paths import HOME

START_S = 15.0
# With these set, Claude Code does not use the address that it is given.
GO_AROUND = ("CLAUDE_CODE_USE_BEDROCK", "CLAUDE_CODE_USE_VERTEX", "CLAUDE_CODE_USE_FOUNDRY")
# Ctrl-C reaches the agent by the terminal itself; these are passed on.
PASSED_ON = ("SIGTERM", "SIGHUP")


@click.command(
    short_help="Run an agent through bursar.",
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
)
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED, metavar="-- COMMAND [ARGUMENTS]…")
@click.pass_obj
def run(place: Place, command: tuple[str, ...]) -> int:
    """Run an agent through bursar: bursar run -- claude

    Only this one process is told of bursar; no settings are changed. bursar is started in the background if it does
    not run yet, and goes on when the agent ends. The exit code is the agent's.
    """
    _there(command[0], place.environ)
    control = place.running() or start_in_background(place)
    environ = agents_environment(place.environ, control.owner.ports["proxy"])
    around = [name for name in GO_AROUND if place.environ.get(name)]
    if around:
        click.echo(f"bursar: {around[0]} is set, so Claude Code will go around bursar", err=True)
    return run_agent(command, environ)


def _there(name: str, environ: Mapping[str, str]) -> None:
    """Raise Failure, as a shell would, before anything is started for a program that is not there."""
    if shutil.which(name, path=environ.get("PATH")) is None and not Path(name).exists():
        raise Failure(f"there is no command {name!r}", 127)


def agents_environment(environ: Mapping[str, str], port: int) -> dict[str, str]:
    """Give the environment in which an agent finds bursar, and no proxy stands in between."""
    direct = {
        name: ",".join(filter(None, [environ.get(name, ""), "127.0.0.1", "localhost"]))
        for name in ("NO_PROXY", "no_proxy")
    }
    return {**environ, **direct, "ANTHROPIC_BASE_URL": f"http://127.0.0.1:{port}"}


def run_agent(command: tuple[str, ...], environ: dict[str, str]) -> int:
    """Run it to its end, passing signals on; gives its exit code as a shell would."""
    try:
        agent = subprocess.Popen(command, env=environ)
    except FileNotFoundError:
        raise Failure(f"there is no command {command[0]!r}", 127) from None
    except OSError as error:
        raise Failure(f"{command[0]!r} could not be started: {error.strerror}", 126) from None
    with _signals_passed_to(agent):
        while True:
            try:
                code = agent.wait()
                return code if code >= 0 else 128 - code
            except KeyboardInterrupt:  # The agent got it too, and decides what it means.
                continue


def start_in_background(place: Place) -> Control:
    """Start `bursar serve` on its own and wait until it answers; raises Failure with what it said."""
    place.settings()  # Says what is wrong with the config file here, where a person sees it.
    private_folder(place.paths.state)
    environ = {**place.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    if place.home is not None:
        environ[HOME] = str(place.home.absolute())
    server = subprocess.Popen(
        own_command("serve", "--background"),
        env=environ,
        cwd=place.paths.state,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )
    assert server.stderr is not None
    with server.stderr:
        return _answering(place, server)


def _answering(place: Place, server: subprocess.Popen[bytes]) -> Control:
    """Wait until a bursar that was started answers; raises Failure with what it said if it ends."""
    until = time.monotonic() + START_S
    while time.monotonic() < until:
        control = place.running()
        if control is not None:
            return control
        if server.poll() is not None:
            assert server.stderr is not None
            code = IN_THE_WAY if server.returncode == IN_THE_WAY else FAILED
            raise Failure(server.stderr.read().decode("utf-8", "replace").strip().removeprefix("bursar: "), code)
        time.sleep(0.02)
    raise Failure(f"bursar was started and does not answer; see {place.paths.log_file}")


def own_command(*arguments: str) -> list[str]:
    """Give the command line that starts this program again."""
    if getattr(sys, "frozen", False):
        return [sys.executable, *arguments]
    return [sys.executable, "-P", "-m", "tray", *arguments]


@contextmanager
def _signals_passed_to(agent: subprocess.Popen[bytes]) -> Iterator[None]:
    before = {}
    for name in PASSED_ON:
        number = getattr(signal, name, None)
        if number is not None:
            before[number] = signal.signal(number, lambda got, _: agent.send_signal(got))
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
