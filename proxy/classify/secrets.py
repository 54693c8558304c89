"""Secrets: literals that look like live credentials – cheap prefixes first, then structures, then guarded assignments.

Measures of randomness alone are left out on purpose: they take lockfiles, message ids and signatures for secrets.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

# A literal that must occur, and the structure that must stand there: (rule, literal, pattern). These may hold blanks or
# few letters in a row, and are looked for in the whole text.
_ANYWHERE: tuple[tuple[str, str, str], ...] = (
    (
        "private_key",
        "PRIVATE KEY-----",
        r"-----BEGIN [A-Z0-9 ]{0,20}PRIVATE KEY-----(?:\\r|\\n|\s|[\w-]+: [^\n]*\n){1,12}[\w+/=]{32}",
    ),
    ("private_key", "PRIVATE KEY BLOCK-----", r"-----BEGIN PGP PRIVATE KEY BLOCK-----[\s\S]{0,200}?[\w+/=]{32}"),
    ("private_key", "PuTTY-User-Key-File", r"PuTTY-User-Key-File-\d: [\s\S]{0,2000}Private-Lines:"),
    ("azure", "Key=", r"(?:Account|SharedAccess)Key=[\w+/]{40,}={0,2}"),
    ("azure", "Q~", r"(?<![\w~.])[\w~.]{3}\dQ~[\w~.-]{31,34}(?![\w~-])"),
    # One in 64 of them begins with a slash, as a path would.
    ("aws", "ecret_access_key", r"ecret_access_key\W{1,8}(?=[A-Za-z+/]*\d)[A-Za-z0-9+/]{40}(?![\w+/])"),
    ("aws", "ECRET_ACCESS_KEY", r"ECRET_ACCESS_KEY\W{1,8}(?=[A-Za-z+/]*\d)[A-Za-z0-9+/]{40}(?![\w+/])"),
    ("bearer", "earer ", r"[Bb]earer (?=[\w.~+/-]*\d)[\w.~+/-]{24,}=*"),
    ("basic", "asic ", r"[Bb]asic (?=[A-Za-z0-9+/]*[0-9])[A-Za-z0-9+/]{20,}={0,2}(?![\w-])"),
)

# The same for those that have at least twenty letters and digits in a row: looked for in such words only.
_IN_WORDS: tuple[tuple[str, str, str], ...] = (
    ("age", "AGE-SECRET-KEY-1", r"AGE-SECRET-KEY-1[0-9A-Z]{58}"),
    ("anthropic", "sk-ant-", r"sk-ant-[a-z]{3,5}\d\d-[\w-]{20,}"),
    ("openai", "sk-", r"\bsk-(?:proj|svcacct|admin|None|or-v1)-[\w-]{20,}|\bsk-(?=[a-zA-Z]*\d)[A-Za-z0-9]{32,}"),
    ("aws", "AKIA", r"\bAKIA(?![A-Z0-9]{9}EXAMPLE)[A-Z2-7]{16}\b"),
    ("aws", "ASIA", r"\bASIA(?![A-Z0-9]{9}EXAMPLE)[A-Z2-7]{16}\b"),
    ("github", "_", r"\bgh[pousr]_[A-Za-z0-9]{36}"),
    ("github", "github_pat_", r"\bgithub_pat_\w{60,}"),
    ("gitlab", "t-", r"\bgl(?:pat|dt|rt|cbt|ptt|ft|soat|agent|imt)-[\w-]{20,}"),
    ("slack", "xox", r"\bxox(?:[abposr]-(?=[\w-]*\d)[\w-]{20,}|e[.-][\w.-]{20,})"),
    ("slack", "xapp-", r"\bxapp-\d-[A-Z0-9]+-\d+-[a-f0-9]{20,}"),
    ("slack", "hooks.slack.com", r"hooks\.slack\.com/(?:services|workflows)/T\w{6,}/\w{6,}/\w{16,}"),
    ("stripe", "_live_", r"\b(?:[sr]k|duffel)_live_\w{16,}"),
    ("stripe", "_test_", r"\b[sr]k_test_(?=[A-Za-z]*\d)[A-Za-z0-9]{20,}"),
    ("webhook_key", "whsec_", r"\bwhsec_[A-Za-z0-9+/]{24,}"),
    ("google", "AIza", r"\bAIza[\w-]{35}"),
    ("google", "ya29.", r"\bya29\.[\w-]{20,}"),
    ("google", "GOCSPX-", r"\bGOCSPX-[\w-]{28}"),
    ("jwt", ".eyJ", r"\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{16,}"),
    ("npm", "npm_", r"\bnpm_[A-Za-z0-9]{36}\b"),
    ("pypi", "pypi-AgE", r"\bpypi-AgE[\w-]{50,}"),
    ("rubygems", "rubygems_", r"\brubygems_[a-f0-9]{48}"),
    ("huggingface", "hf_", r"\bhf_[A-Za-z0-9]{30,}\b"),
    ("replicate", "r8_", r"\br8_[A-Za-z0-9]{37}\b"),
    ("groq", "gsk_", r"\bgsk_[A-Za-z0-9]{40,}"),
    ("xai", "xai-", r"\bxai-[A-Za-z0-9]{60,}"),
    ("perplexity", "pplx-", r"\bpplx-[A-Za-z0-9]{40,}"),
    ("nvidia", "nvapi-", r"\bnvapi-[\w-]{60,}"),
    ("tavily", "tvly-", r"\btvly-(?:dev-|prod-)?[A-Za-z0-9]{28,}"),
    ("langsmith", "lsv2_", r"\blsv2_(?:pt|sk)_[a-f0-9]{32}_[a-f0-9]{10}"),
    ("sendgrid", "SG.", r"\bSG\.[\w-]{20,24}\.[\w-]{39,50}"),
    ("mailgun", "key-", r"\bkey-[a-f0-9]{32}\b"),
    ("brevo", "xkeysib-", r"\bxkeysib-[a-f0-9]{64}"),
    ("twilio", "SK", r"\bSK[a-f0-9]{32}\b"),
    ("telegram", ":AA", r"\b\d{8,10}:AA[\w-]{33}\b"),
    ("discord", "/api/webhooks/", r"discord(?:app)?\.com/api/webhooks/\d{15,}/[\w-]{50,}"),
    ("shopify", "_", r"\bshp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}"),
    ("square", "sq0", r"\bsq0(?:atp|csp)-[\w-]{22,}"),
    ("digitalocean", "_v1_", r"\bdo[por]_v1_[a-f0-9]{64}"),
    ("databricks", "dapi", r"\bdapi[a-f0-9]{32}\b"),
    ("doppler", "dp.", r"\bdp\.(?:pt|st|ct|sa|scim|audit)\.[\w.-]{40,}"),
    ("vault", ".", r"\bhv[sb]\.[\w-]{24,}"),
    ("terraform", ".atlasv1.", r"\b[A-Za-z0-9]{14}\.atlasv1\.[\w-]{60,}"),
    ("postman", "PMAK-", r"\bPMAK-[a-f0-9]{24}-[a-f0-9]{34}"),
    ("newrelic", "-", r"\bNR(?:AK|JS|II|IQ)-[\w-]{20,}"),
    ("linear", "lin_", r"\blin_(?:api|oauth)_[A-Za-z0-9]{40,}"),
    ("notion", "ntn_", r"\bntn_[A-Za-z0-9]{40,}"),
    ("figma", "figd_", r"\bfigd_[\w-]{40,}"),
    ("airtable", ".", r"\bpat[A-Za-z0-9]{14}\.[a-f0-9]{64}"),
    ("atlassian", "ATATT3", r"\bATATT3[\w=-]{100,}"),
    ("atlassian", "ATBB", r"\bATBB[A-Za-z0-9]{32}"),
    ("dynatrace", "dt0c01.", r"\bdt0c01\.[A-Z0-9]{24}\.[A-Z0-9]{64}"),
    ("grafana", "_", r"\b(?:glsa_[A-Za-z0-9]{32}_[a-f0-9]{8}|glc_[\w+/=]{32,})"),
    ("sentry", "sntry", r"\bsntry[su]_[\w+/=-]{40,}"),
    ("planetscale", "pscale_", r"\bpscale_(?:tkn|pw|oauth)_[\w.=-]{32,}"),
    ("supabase", "_", r"\b(?:sbp_[a-f0-9]{40}|sb_secret_[\w-]{20,})"),
    ("netlify", "nfp_", r"\bnfp_[A-Za-z0-9]{36,}"),
    ("docker", "dckr_", r"\bdckr_[po]at_[\w-]{27,}"),
    ("circleci", "CCIPAT_", r"\bCCIPAT_\w{22}_[a-f0-9]{40}"),
    ("pulumi", "pul-", r"\bpul-[a-f0-9]{40}\b"),
    ("contentful", "CFPAT-", r"\bCFPAT-[\w-]{43}"),
    ("onepassword", "ops_eyJ", r"\bops_eyJ[\w+/=-]{100,}"),
    ("paypal", "access_token$production$", r"access_token\$production\$\w{13,}\$[a-f0-9]{32}"),
    ("discord", ".", r"(?<![\w.])[MNO][A-Za-z\d_-]{23,25}\.[\w-]{6}\.[\w-]{27,38}(?![\w.])"),
    ("square", "EAAA", r"\bEAAA[a-zA-Z][\w-]{56,60}(?![\w-])"),
    ("crates", "cio", r"\bcio[A-Za-z0-9]{32}\b"),
    ("fireworks", "fw_", r"\bfw_(?=[A-Za-z]*\d)[A-Za-z0-9]{22,24}\b"),
    ("mailchimp", "-us", r"\b[a-f0-9]{32}-us\d{1,2}\b"),
    ("resend", "re_", r"\bre_[A-Za-z0-9]{8}_[A-Za-z0-9]{24}\b"),
    ("heroku", "HRKU-", r"\bHRKU-[\w-]{36,64}"),
    ("fly", "_", r"\bfm[12][ar]?_[\w+/=-]{80,}"),
)


def _compiled(table: tuple[tuple[str, str, str], ...]) -> tuple[tuple[str, str, re.Pattern[str]], ...]:
    return tuple((rule, literal, re.compile(pattern, re.A)) for rule, literal, pattern in table)


_ANYWHERE_RULES, _IN_WORDS_RULES = _compiled(_ANYWHERE), _compiled(_IN_WORDS)

_LONG = b"a" * 20
_PLAIN = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"
_KINDS_OF_BYTES = bytes(
    ord("a") if byte in _PLAIN else ord("b") if byte in b".:/+=~$%@" else ord(" ") for byte in range(256)
)

_URL_PASSWORD = re.compile(r"://[^\s:/@\"'`<>]{0,64}:([^\s@/\"'`<>]{3,200})@([\w.-]+)", re.A)

_NAMES = (b"secret", b"token", b"passw", b"pwd", b"_key", b"apikey", b"api-key", b"accesskey", b"credential")
_OPEN_KEYS = (b"public", b"primary", b"foreign", b"cache", b"sort", b"partition", b"idempotency", b"dict", b"group")
"""What stands before "_key" in names of keys that open nothing."""

_ASSIGNED = re.compile(
    rb"[\w-]{0,30}\\?[\"']?\]?\s{0,3}(?:[:=]|=>|:=)\s{0,3}\\?[\"'`]?([^\s\"'`,;\\]{8,200})",
)
_PROSE = re.compile(
    r"(?:passw(?:or[dt])?|passphrase|passcode|contrase\u00f1a|mot de passe|"
    r"\u043f\u0430\u0440\u043e\u043b\u044c|senha|"
    r"\u5bc6\u7801|api[ -]?key|secret|token)\s{0,2}(?:is|ist|es|est|\u00e9|=|:|\uff1a|\u662f|\u4e3a|\u2013|-)\s{0,2}"
    r"[`\"']?([^\s`\"',]{6,100})",
    re.I,
)
_PLACEHOLDER = re.compile(
    r"example|placeholder|change.?me|your|dummy|fake|sample|redact|xxx|\*\*\*|\.\.\.|todo|insert|replace|test.?key|"
    r"<|>|\$\{|\$\(|\{\{|%\(|%s|^\$|^process\.|^os\.|^env|foobar|1234567|abcdef|deadbeef|lorem|undefined|null|none",
    re.I,
)
_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.I)
_CODE = re.compile(r"[()\[\]{}]|^[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+$|^[a-z]+(?:[A-Z_-][a-z]*)*$|^[A-Z_]+$|^/|://|^\.")
_IDS = ("toolu_", "msg_", "req_", "call_", "chatcmpl-", "sha256", "sha512", "sha1-", "file_", "urn:")


def secret_in(text: str) -> str | None:
    """Name the kind of the first secret found in a text; None if there is none."""
    raw = text.encode("utf-8", "replace")
    found = _by_table(_ANYWHERE_RULES, text) or _by_table(_IN_WORDS_RULES, _long_words(raw))
    if found:
        return f"secret.{found}"
    if "://" in text and any(_is_password(m.group(1)) for m in _URL_PASSWORD.finditer(text)):
        return "secret.connection"
    if any(_is_random(value) for value in _assigned(raw)):
        return "secret.assigned"
    return None


def secret_told(words: str) -> str | None:
    """Name the rule if the user's own words tell a secret, as in "the password is …"."""
    for match in _PROSE.finditer(words):
        value = match.group(1)
        if not _PLACEHOLDER.search(value) and not _CODE.search(value) and _kinds(value) >= 2 and not value.isalpha():
            return "secret.told"
    return None


def _by_table(rules: tuple[tuple[str, str, re.Pattern[str]], ...], text: str) -> str | None:
    for rule, literal, pattern in rules:
        if literal in text and any(not _is_sample(match.group()) for match in pattern.finditer(text)):
            return rule
    return None


def _long_words(raw: bytes) -> str:
    """Give the words of a text that hold twenty letters and digits in a row: all that most secrets can hide in.

    Sixty searches of a long text take sixty times as long as one; this is one, and leaves little to be searched.
    """
    kinds = raw.translate(_KINDS_OF_BYTES)
    found, at = [], kinds.find(_LONG)
    while at >= 0:
        end = kinds.find(b" ", at)
        end = len(raw) if end < 0 else end
        found.append(raw[kinds.rfind(b" ", 0, at) + 1 : end])
        at = kinds.find(_LONG, end)
    return b" ".join(found).decode("utf-8", "replace")


def _assigned(raw: bytes) -> Iterator[str]:
    """Give what is assigned to names that sound secret."""
    low = raw.lower()  # Of bytes only ASCII letters change, so that places stay the same.
    for name in _NAMES:
        at = low.find(name)
        while at >= 0:
            found = _ASSIGNED.match(raw, at + len(name))
            if found and not low[max(0, at - 12) : at].endswith(_OPEN_KEYS):
                yield found.group(1).decode("utf-8", "replace")
            at = low.find(name, found.end() if found else at + len(name))


def _is_random(value: str) -> bool:
    """Tell whether an assigned value can be a credential: not a word, an expression, a path, a known id."""
    if value.startswith(_IDS) or _PLACEHOLDER.search(value) or _UUID.fullmatch(value) or _CODE.search(value):
        return False
    if len(value) >= 16:
        return _kinds(value) >= 2 and sum(c.isdigit() for c in value) >= 2
    return _kinds(value) >= 3


def _is_password(value: str) -> bool:
    """Tell whether the password of a URL is one: the usual ones of a developer's own database are not."""
    usual = {
        "password",
        "pass",
        "passwd",
        "postgres",
        "root",
        "admin",
        "user",
        "secret",
        "guest",
        "test",
        "port",
        "mysql",
    }
    return not _PLACEHOLDER.search(value) and value.lower() not in usual and not value.startswith(("$", "{", "%"))


def _is_sample(value: str) -> bool:
    """Tell whether a literal of the right form is only shown: as an example, or of one letter over and over."""
    tail = value[-16:]
    return "EXAMPLE" in value or "example" in value or "xxxx" in value.lower() or len(set(tail)) <= 3


def _kinds(value: str) -> int:
    """Count the kinds of characters: small, capital, digits, others."""
    return sum(
        (
            any(c.islower() for c in value),
            any(c.isupper() for c in value),
            any(c.isdigit() for c in value),
            any(not c.isalnum() for c in value),
        )
    )
