"""The manual page, written from the commands' own help, so that the two never differ."""

from __future__ import annotations

import re
from pathlib import Path

import click

from tray.cli.main import VERBS, bursar

HEAD = '.TH BURSAR 1 "" "bursar {version}" "User Commands"\n'


def write(path: Path, version: str) -> None:
    """Write the page of the whole command."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page(version), encoding="utf-8")


def page(version: str) -> str:
    """Give the page as roff."""
    context = click.Context(bursar, info_name="bursar")
    parts = [HEAD.format(version=version), ".SH NAME\nbursar \\- keep an AI coding bill under a daily budget\n"]
    parts.append(".SH SYNOPSIS\n.B bursar\n[\\fIoptions\\fR] [\\fIcommand\\fR [\\fIarguments\\fR]]\n")
    parts.append(f".SH DESCRIPTION\n{_text(_ABOUT)}\n.SH OPTIONS\n{_options(context)}.SH COMMANDS\n")
    for verb, (_, about) in VERBS.items():
        found = bursar.get_command(context, verb)
        assert found is not None
        parts.append(_command(found, click.Context(found, context, info_name=verb), about))
    parts.append(f".SH EXIT STATUS\n{_text(bursar.epilog or '')}\n.SH FILES\n{_text(_FILES)}\n")
    return "".join(parts)


_ABOUT = """bursar runs a proxy on this machine between coding agents and Claude or local model servers. Without a
command it serves, with an icon in the tray where there is a desktop."""
_FILES = """bursar config path names the settings file. Settings, ledger and logs lie in the folders that the XDG Base
Directory specification names, or all in the one that BURSAR_HOME names."""


def _command(command: click.Command, context: click.Context, about: str) -> str:
    usage = " ".join(command.collect_usage_pieces(context))
    lines = [f".SS bursar {_text(context.info_name or '')} {_text(usage)}\n{_text(command.help or about)}\n"]
    lines.append(_options(context))
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            if below is not None and not below.hidden:
                lines.append(f".TP\n.B {_text(name)}\n{_text(below.get_short_help_str(200))}\n")
    return "".join(lines)


def _options(context: click.Context) -> str:
    lines = []
    for parameter in context.command.get_params(context):
        record = parameter.get_help_record(context)
        if record is not None:
            lines.append(f".TP\n.B {_text(record[0])}\n{_text(record[1])}\n")
    return "".join(lines)


def _text(text: str) -> str:
    """Write words so that roff takes none of them for a command."""
    text = text.replace("\b", "").replace("\\", "\\e").replace("-", "\\-")
    joined = re.sub(r"(?<!\n)\n(?!\n) *", " ", text.strip())
    return re.sub(r"^([.'])", r"\\&\1", re.sub(r"\n\n+ *", "\n.PP\n", joined), flags=re.M).replace("\\&.PP", ".PP")
