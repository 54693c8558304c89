"""The config file: written once with a comment on everything, then changed key by key and nothing else."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path

from tray.config_edit import NotEditable, Value, edited
from tray.files import private_folder, write_private
from tray.reading import NotToml
from tray.settings import SettingsError, read, text_of

DEFAULT = """\
# bursar's settings. Change what you like: bursar reads this file again with `bursar config reload`.
# What a line that begins with "#" shows is the default. A misspelt key is an error that names its line.

# What you mean to spend on Claude a day, in dollars. Past it, work that can wait or go elsewhere does.
budget = "10.00"

# What cloud spend can never pass in a day. Unless set: 120% of the budget.
# cutoff = "12.00"

# Alerts at these percentages of the budget, once a day each.
# alerts = [50, 80, 100]

# The day begins at midnight in this time zone.
zone = "{zone}"

# Secrets, credentials and the like go to Claude only; or never leave the machine with "local-only".
# restricted = "claude-only"
# Paths that count as restricted in your projects, beside .env, *.pem, id_rsa and the like.
# restricted_paths = ["infra/prod/**", "customers/*.csv"]

# How sure bursar must be that work is not complex before a local model may do it: "strict" sends most to Claude,
# "thrifty" least. Restricted work is told apart just as carefully with each of them.
# caution = "balanced"

# A local turn lets the conversation's cache at Claude go cold. While it is warm and worth more than the turn would
# save, routine work stays on Claude: "on"; safe work too: "all"; never: "off".
# cache_gate = "on"

# When the agent hangs up in the middle of an answer: "abort" stops Claude too, "drain" lets it finish.
# on_disconnect = "abort"

# When an answer breaks off: charge all that it could have cost, not what it can have cost so far.
# strict = false

# How long a request waits for running ones to settle when the rest of the day's money is held by them.
# (Four times as long where no local model could take it.)
# queue_wait_s = 60

# How long you wait for the first answer of a routine turn: where a local model would take longer, by what was measured
# of it, Claude does the turn, as long as the budget allows that. 0: however long it takes.
# patience_s = 90

# Let bursar ask for shorter answers when the full length no longer fits into what is left.
# allow_lower_max_tokens = false

# Every request stays in the ledger for good, with its tokens, its amount and where it went. What that rests on – usage
# as Claude sent it, the rates, the terms of its hold – takes twice as much room, and goes after so many days.
# keep_details_days = 100

# Where agents reach bursar, and where its own commands do; both on 127.0.0.1 only.
# port = 2877
# control_port = 2878

[cloud]
# url = "https://api.anthropic.com"
# A company's own certificate authority, and an HTTP proxy to go out through. None is taken from the environment.
# ca_file = "/path/to/ca.pem"
# proxy = "http://proxy.example:3128"

[cloud_models]
# A cheaper Claude for the work of a tier, from the beginning of a turn on. Never used where it is not cheaper than the
# model that your agent asks for, or where the conversation is too long for it.
# L2 = "claude-sonnet-5-5"

[shares]
# Percentages of the budget that are kept for restricted (L3) and for complex work (L2): what is below them goes local,
# or is refused, a little earlier.
# L3 = 0
# L2 = 0

[keeper]
# Read a conversation's cache at Claude once more shortly before it expires, where you are likely to go on: for a tenth
# or less of what writing it again costs. It sends your agent's last request once more, for no answer, with your agent's
# own key. `bursar keeper` says what that would have saved last week, and what it does save.
# enabled = false
# What that may cost a day, within the budget. As much is held for each as if all were written again.
# allowance = "2"
# Also for requests that a Pro or Max plan pays, whose limits it uses up.
# plans = false

[pace]
# Let the hour count too: where far more is spent than the hours so far allow, routing saves before 80% are gone. At
# the end of the hours that is the plain rule; alerts and the cutoff are as they are.
# enabled = false
# The hours in which you work. Unless set: those in which you usually did of late.
# hours = "08:00-20:00"

[notify]
# Where alerts go, beside the dashboard: addresses of Apprise (ntfy, mailto, slack, tgram, json and a hundred more).
# They hold secrets and are never shown. `bursar alerts test` sends to each and says what came of it.
# to = ["ntfy://my-topic", "mailto://user:password@example.com"]
# Kinds that are not sent: threshold, stopped, upstream_down, upstream_back, unpriced, old_prices, burn, ledger, report.
# mute = ["upstream_back"]
# Whether they are shown on this desktop, too.
# desktop = true

[tray]
# Whether an icon is shown where there is a desktop, and the colour of the panel that it lies on: auto, light or dark.
# show = true
# panel = "auto"

[discover]
# Look for Ollama, llama.cpp, LM Studio and vLLM on their usual ports of this machine.
# enabled = true

[machine]
# What this machine costs, so that local work can be priced. What you leave out is assumed, and every figure that
# rests on an assumption says so. Dollars; without a price, your card's launch price or 1500 is assumed. If the machine
# is rented, give rent_per_hour in place of the price.
# price = "1500"
# residual = "0"
# years = 3
# How many hours a day it is busy with models (or utilisation, as a share of all hours: 0.08).
# hours_per_day = 2
# Electricity, for a kWh; what of it arrives behind the power supply; what the building draws for each watt (1 at home).
# electricity = "0.18"
# psu_efficiency = 0.9
# pue = 1
# Watts, where nothing meters: the rated power of the card, or what it draws reading, writing and idle.
# tdp = 100
# watts_prefill = 100
# watts_decode = 80
# watts_idle = 10
# Upkeep for each busy hour; and whether the machine runs for nothing else, so that its idle hours count too.
# ops_per_hour = "0"
# dedicated = false
# The card or chip, if the one that is found is not the one (RTX 3090, M2 Max).
# gpu = "RTX 3090"
# What meters: auto, nvml (NVIDIA), amd, rapl (processor), or nothing: modelled.
# power = "auto"

# A local model server somewhere else; repeat the block for each. What you leave out is asked of the server.
# Kinds: auto, ollama, llamacpp, lmstudio, vllm, openai. Models: the ones to use, best first.
# [[local]]
# name = "gpu-box"
# url = "http://127.0.0.1:9000"
# kind = "auto"
# models = ["qwen3-coder-30b"]
# context = 65536
# max_output = 8192
# vision = false
# Whether tool calls work is probed (bursar doctor says what came of it); what stands here is believed instead.
# tools = true
# api_key_env = "GPU_BOX_KEY"
# How many requests it may work on at once; the seconds to its first token, and between two of them, before bursar
# gives up on it. An agent's first request is long to read: 20,000 tokens at 100 a second are 200 s.
# concurrency = 1
# first_token_s = 240
# idle_s = 90
# How long Ollama keeps the model in memory after a request: "30m", "24h", "-1" for ever. Loading it takes a while.
# keep_alive = "30m"
# Let the model reason before it answers: "auto" (as the agent asks), "on", "off".
# thinking = "auto"
# Hand requests to the server's own /v1/messages, untranslated. What it drops or breaks is then its own affair.
# messages_api = false
# What differs for one model of this server, with the same keys from `context` on.
# [[local.model]]
# name = "qwen3-coder-30b"
# context = 131072

# Your own rules, in order: the first that matches decides. A project's `.bursar.toml` can hold rules too; they come
# first, and can restrict more but never less. In mode observe rules are only recorded, not followed.
# Conditions: task, tier, model, agent, subagent, tool, path, tokens_over, tokens_under, hours; any of a list will do.
# What becomes of the request: route ("local", "cloud" or "block"), use_model, use_tier.
# A daily_limit is a number of requests, or dollars in quotes; a turn that has begun is ended all the same.
# [[rule]]
# name = "docs stay local"
# path = "docs/**"
# route = "local"
# daily_limit = 200
"""


class ChangeError(ValueError):
    """A change that the config file does not allow; nothing was changed."""

    def __init__(self, error: SettingsError) -> None:
        # The line would be one of a file that was never written.
        self.problems = tuple(re.sub(r"^line [0-9]+: ", "", problem) for problem in error.problems)
        super().__init__(f"not changed: {self.problems[0]}")


def create(path: Path, system_zone: Callable[[], str]) -> bool:
    """Write the default config file if there is none; tells whether it did."""
    private_folder(path.parent)
    if os.path.lexists(path):
        return False
    write_private(path, DEFAULT.format(zone=system_zone()).encode())
    return True


def change(path: Path, changes: Mapping[str, Value], system_zone: Callable[[], str]) -> None:
    """Set keys (None removes one) and leave every other byte.

    Raises ChangeError if that makes no sense, and SettingsError if the file is one that cannot be read.
    """
    create(path, system_zone)
    before = text_of(path)
    try:
        after = edited(before, changes)
    except NotToml as error:
        raise SettingsError(path.name, (str(error),)) from None
    except NotEditable as error:
        raise ChangeError(SettingsError(path.name, (str(error),))) from error
    try:
        read(after, system_zone, path.name)
    except SettingsError as error:
        raise ChangeError(error) from error
    if after != before:
        write_private(path, after.encode())
