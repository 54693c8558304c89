"""What Claude Code runs before a session and before each prompt: nothing if bursar is up, else whatever helps.

Started as a file with `python -I -S`, which takes some 20 ms: nothing but sockets is imported, and nothing is printed,
because what a hook prints becomes part of the conversation.

Measured with Claude Code 2.1.329: it waits for SessionStart and UserPromptSubmit hooks before its first request to the
model, in `-p` as well; a hook's exit code does not stop a session, and CLAUDE_ENV_FILE does not reach its own process.
"""

import os
import os.path
import socket
import subprocess
import sys
import time

CONNECT_S, ANSWER_S = 0.5, 1.0


def main(arguments: list[str]) -> int:
    """Look for bursar on its port, and have it revived otherwise: AGENT EVENT PORT RECORD [HOME]."""
    agent, event, port, record, *home = arguments
    mark = os.path.splitext(record)[0] + ".aside"  # noqa: PTH122 – pathlib would take as long as all the rest
    if is_up(wired_port(record, agent) or int(port), own_process(record)) and not os.path.exists(mark):  # noqa: PTH110
        return 0
    chosen = ["--home", home[0]] if home else []
    return subprocess.call(own_command(*chosen, "revive", agent, event))


def wired_port(record: str, agent: str) -> int:
    """Read from the record at which port the agent looks for bursar now; 0 where it does not say."""
    try:
        with open(record, encoding="utf-8") as file:  # noqa: PTH123
            text = file.read()
    except (OSError, ValueError):
        return 0
    port = text.partition(f'"{agent}": {{')[2].partition('"url": "http://127.0.0.1:')[2].partition('"')[0]
    return int(port) if port.isascii() and port.isdigit() else 0


def own_process(record: str) -> int:
    """Read the number of the process that serves the record's own bursar; 0 where none does, or none says so."""
    try:
        with open(os.path.join(os.path.dirname(record), "run.json"), encoding="utf-8") as file:  # noqa: PTH118, PTH120, PTH123
            number = file.read(1000).partition('"pid": ')[2].partition(",")[0]
    except (OSError, ValueError):
        return 0
    return int(number) if number.isascii() and number.isdigit() and is_own(int(number)) else 0


def is_own(process: int) -> bool:
    """Tell whether a process is there and this user's: another user may have the port of a bursar that was killed."""
    if os.name != "posix":  # On Windows that signal would end the process.
        return True
    try:
        os.kill(process, 0)
    except (OSError, OverflowError):
        return False
    return True


def is_up(port: int, process: int) -> bool:
    """Tell whether this very bursar serves this port.

    One of another home would write what the agent spends into a ledger of its own, by limits and settings of its own.
    Who says nothing, or not all of it within ANSWER_S, is looked at more closely by `bursar revive`.
    """
    try:
        line = socket.create_connection(("127.0.0.1", port), CONNECT_S)
    except OSError:
        return False
    ends = time.monotonic() + ANSWER_S
    with line:
        line.settimeout(ANSWER_S)
        try:
            line.sendall(b"GET /health HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nConnection: close\r\n\r\n" % port)
            answer = b""
            while len(answer) < 4096 and (piece := line.recv(4096)):
                answer += piece
                line.settimeout(max(ends - time.monotonic(), 0.001))
        except OSError:
            return False
    return b'"bursar"' in answer and b'"pid":%d,' % process in answer


def own_command(*arguments: str) -> list[str]:
    """Give the command line of `bursar` with arguments, whatever folder and PYTHONPATH the agent has."""
    if getattr(sys, "frozen", False):
        return [sys.executable, *arguments]
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))  # noqa: PTH100, PTH120
    code = "import sys; sys.path.insert(0, sys.argv.pop(1)); from tray.__main__ import main; main()"
    return [sys.executable, "-I", "-c", code, root, *arguments]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
