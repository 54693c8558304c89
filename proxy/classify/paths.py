"""Restricted paths: files whose content should not leave the trusted model, in words and in tool calls."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import translate
from functools import cached_property, lru_cache
from typing import Any

from proxy.words import words

MOST_PATH = 4096
"""Characters of one tool argument that are searched for paths."""
MOST_WORK = 400_000_000
"""Comparisons of letters: a text that takes more, with a stranger's globs, is taken for one that names such a path."""

# Files that hold secrets, wherever they are named. Samples of them are there to be shown.
_SAMPLE = r"(?:example|sample|template|dist|tmpl|schema)"
_HARD = (
    (
        "path.env",
        rf"(?<![\w.-])(?!(?:self|this|ctx|config|settings|props|options)\.)[\w-]{{0,40}}\.env(?:rc)?(?!\w)(?:\.(?!{_SAMPLE}\b)[\w-]+)*+(?!\.{_SAMPLE}\b)",
    ),
    (
        "path.secrets",
        r"(?<![\w-])\.?secrets?[\\/]|\bsecrets?\.(?:ya?ml|json|toml|ini|env|tfvars|txt)\b|"
        r"(?<![\w.])\.secrets?\b(?!\.)",
    ),
    ("path.key_file", r"[\w-]\.(?:pem|p12|pfx|jks|keystore|kdbx|ppk|p8|keytab|ovpn)\b"),
    (
        "path.key_file",
        r"(?:[\\/][\w.-]{0,64}|\b(?:server|private|tls|ssl|client|ca|root|host|"
        r"signing)[\w-]{0,40})\.key\b(?!\s*[(\[.])",
    ),
    ("path.ssh", r"\bid_(?:rsa|dsa|ecdsa|ed25519)\b(?!\.pub)|\.ssh[\\/](?!known_hosts)|\bauthorized_keys\b"),
    (
        "path.credentials",
        r"\.aws[\\/](?:credentials|config)\b|\.docker[\\/]config\.json|\.kube[\\/]config\b|"
        r"\bkubeconfig\b",
    ),
    (
        "path.credentials",
        r"\.(?:netrc|pgpass|pypirc|htpasswd|git-credentials|dockercfg|gnupg)\b|/etc/(?:shadow|"
        r"sudoers)\b",
    ),
    (
        "path.credentials",
        r"\b(?:service[-_]?account|client_secrets?|credentials?|gcp-key|"
        r"firebase-adminsdk)[\w-]{0,64}\.(?:json|ya?ml|xml|ini|csv)\b",
    ),
    ("path.credentials", r"\.(?:tfvars|tfstate)\b|\bmaster\.key\b|\bwp-config\.php\b"),
)

# Places of restricted work: they count where the user names them or the agent changes them.
_SOFT = (
    ("path.auth", r"(?<![\w.-])(?:auth|authn|authz|oauth2?|authentication|authorization)[\\/][\w.-]"),
    ("path.payments", r"(?<![\w.-])(?:payments?|billing|checkout)[\\/][\w.-]"),
    ("path.legal", r"(?<![\w.-])(?:legal|compliance)[\\/][\w.-]"),
)

CHANGING = frozenset(
    words("Edit Write MultiEdit NotebookEdit edit write patch apply_patch str_replace_based_edit_tool")
)
"""Tools that change the file they name, as agents call them."""
_PATH_KEYS = ("path", "file", "command", "cmd", "pattern", "uri", "glob", "dir")
_PROCESS_ENV = re.compile(r"\b(?:process|import\.meta|os|Deno|Bun)\.env\b\S*", re.A)
"""Code that reads a variable names no file."""


@dataclass(frozen=True)
class Restricted:
    """Which paths are restricted beside the built-in ones: a person's own globs, such as `infra/prod/**`."""

    globs: tuple[str, ...] = ()

    @cached_property
    def own(self) -> re.Pattern[str] | None:
        """Give the globs as one pattern for a single path; None if there are none."""
        parts = [translate(glob.replace("**/", "*").replace("**", "*").lstrip("/")) for glob in self.globs]
        return re.compile(r"(?:.*/)?(?:" + "|".join(parts) + ")", re.S) if parts else None


_HARD_RE = tuple((rule, re.compile(pattern, re.A | re.I | re.M)) for rule, pattern in _HARD)
_SOFT_RE = tuple((rule, re.compile(pattern, re.A | re.I | re.M)) for rule, pattern in _SOFT)
_TOKEN = re.compile(r"[^\s\"'`()<>|;,]+")


def restricted_in_text(text: str, restricted: Restricted) -> str | None:
    """Name the rule of the first restricted path in a user's words."""
    text = _PROCESS_ENV.sub(" ", text)
    return _first_match(_HARD_RE, text) or _first_match(_SOFT_RE, text) or _own_match(text, restricted)


def restricted_in_call(name: str, arguments: Any, restricted: Restricted) -> str | None:
    """Name the rule of the first restricted path among a tool call's arguments."""
    for path in paths_in(arguments):
        found = _hard_path(path) or _own_match(path, restricted)
        if found is None and name in CHANGING:
            found = _first_match(_SOFT_RE, path)
        if found:
            return found
    return None


@lru_cache(maxsize=8192)
def _hard_path(path: str) -> str | None:
    """Remember verdicts: a conversation brings the same paths again with every request."""
    return _first_match(_HARD_RE, _PROCESS_ENV.sub(" ", path))


def paths_in(arguments: Any) -> Iterator[str]:
    """Give the arguments that can name a file: by their own names, and not the texts that are written."""
    if not isinstance(arguments, dict):
        return
    for key, value in arguments.items():
        if not any(part in key.lower() for part in _PATH_KEYS):
            continue
        for each in value if isinstance(value, list) else (value,):
            if isinstance(each, str):
                yield each[:MOST_PATH]


def _own_match(text: str, restricted: Restricted) -> str | None:
    own = restricted.own
    if own is None:
        return None
    work = 0
    for found in _TOKEN.findall(text):
        token = found[:MOST_PATH].lstrip("@./")
        work += len(restricted.globs) * len(token) * (1 + token.count("/"))  # Each glob may begin below any folder.
        if work > MOST_WORK or own.fullmatch(token):
            return "path.own"
    return None


def _first_match(rules: Sequence[tuple[str, re.Pattern[str]]], text: str) -> str | None:
    return next((rule for rule, pattern in rules if pattern.search(text)), None)
