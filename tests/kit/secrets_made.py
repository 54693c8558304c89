"""Secrets made to order: values by the grammar of each format; none was ever in use.

Prefixes are written in two pieces, so that no scanner of repositories takes this file for a leak.
"""

from __future__ import annotations

import base64
import json
import random
import string
from collections.abc import Callable

Made = Callable[[random.Random], str]

HEX = "0123456789abcdef"
LOWER = string.ascii_lowercase + string.digits
ALNUM = string.ascii_letters + string.digits
URLSAFE = ALNUM + "_-"
BASE64 = ALNUM + "+/"
BASE32 = string.ascii_uppercase + "234567"
BECH32 = "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L"


def of(*pieces: str | tuple[str, int]) -> Made:
    """Make a grammar of fixed pieces and (letters, count) pairs."""

    def made(chance: random.Random) -> str:
        return "".join(
            piece if isinstance(piece, str) else "".join(chance.choices(*piece[:1], k=piece[1])) for piece in pieces
        )

    return made


def _jwt(chance: random.Random) -> str:
    parts = (b'{"alg":"HS256","typ":"JWT"}', json.dumps({"sub": str(chance.random())}).encode(), chance.randbytes(32))
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)


def _pem(kind: str) -> Made:
    def made(chance: random.Random) -> str:
        lines = "\n".join("".join(chance.choices(BASE64, k=64)) for _ in range(6))
        return f"-----BEGIN {kind}PRIVATE" + f" KEY-----\n{lines}\n-----END {kind}PRIVATE" + " KEY-----"

    return made


def _basic(chance: random.Random) -> str:
    password = "".join(chance.choices(ALNUM, k=14))
    return "Authorization: Basic " + base64.b64encode(f"deploy:{password}7".encode()).decode()


FORMATS: dict[str, Made] = {
    "anthropic api": of("sk-", "ant-api03-", (URLSAFE, 93), "AA"),
    "anthropic admin": of("sk-", "ant-admin01-", (URLSAFE, 93), "AA"),
    "anthropic oauth": of("sk-", "ant-oat01-", (URLSAFE, 86)),
    "openai project": of("sk-", "proj-", (URLSAFE, 74), "T3Blbk", "FJ", (URLSAFE, 74)),
    "openai service": of("sk-", "svcacct-", (URLSAFE, 74), "T3Blbk", "FJ", (URLSAFE, 20)),
    "openai user": of("sk-", (ALNUM, 20), "T3Blbk", "FJ", (ALNUM, 20)),
    "openrouter": of("sk-", "or-v1-", (HEX, 64)),
    "deepseek": of("sk-", (HEX, 32)),
    "google api": of("AI", "za", "Sy", (URLSAFE, 33)),
    "google oauth secret": of("GOC", "SPX-", (URLSAFE, 28)),
    "google access": of("ya", "29.", (URLSAFE, 120)),
    "aws access": of("AK", "IA", (BASE32, 16)),
    "aws session": of("AS", "IA", (BASE32, 16)),
    "aws secret": of("aws_secret_", "access_key = ", (BASE64, 38), "9z"),
    "azure storage": of("Account", "Key=", (BASE64, 86), "=="),
    "azure client": of((ALNUM, 3), "8", "Q~", (ALNUM + "_.~-", 34)),
    "azure devops pat": of("AZURE_DEVOPS_", "PAT_TOKEN=", (LOWER, 50), "42"),
    "github classic": of("gh", "p_", (ALNUM, 36)),
    "github oauth": of("gh", "o_", (ALNUM, 36)),
    "github server": of("gh", "s_", (ALNUM, 36)),
    "github refresh": of("gh", "r_", (ALNUM, 36)),
    "github fine": of("github", "_pat_", (ALNUM, 22), "_", (ALNUM, 59)),
    "gitlab": of("gl", "pat-", (URLSAFE, 20)),
    "gitlab deploy": of("gl", "dt-", (URLSAFE, 20)),
    "gitlab runner": of("gl", "rt-", (URLSAFE, 20)),
    "bitbucket": of("AT", "BB", (ALNUM, 32)),
    "atlassian": of("AT", "ATT3xFfGF0", (URLSAFE, 170), "=", ("0123456789ABCDEF", 8)),
    "slack bot": of("xo", "xb-", (string.digits, 12), "-", (string.digits, 13), "-", (ALNUM, 24)),
    "slack user": of(
        "xo", "xp-", (string.digits, 12), "-", (string.digits, 12), "-", (string.digits, 13), "-", (HEX, 32)
    ),
    "slack app": of("xa", "pp-1-A", (string.ascii_uppercase, 10), "-", (string.digits, 13), "-", (HEX, 64)),
    "slack hook": of("https://hooks.slack", ".com/services/T", (BASE32, 10), "/B", (BASE32, 10), "/", (ALNUM, 24)),
    "discord hook": of("https://discord", ".com/api/webhooks/", (string.digits, 19), "/", (URLSAFE, 68)),
    "discord bot": of("M", (ALNUM, 23), ".", (ALNUM, 6), ".", (URLSAFE, 38)),
    "telegram": of("7", (string.digits, 9), ":", "AA", (URLSAFE, 33)),
    "stripe live": of("sk", "_live_", (ALNUM, 99)),
    "stripe restricted": of("rk", "_live_", (ALNUM, 99)),
    "stripe test": of("sk", "_test_", (ALNUM, 97), "4x"),
    "stripe webhook": of("wh", "sec_", (ALNUM, 32)),
    "square": of("EA", "AA", "l", (URLSAFE, 59)),
    "square oauth": of("sq0", "csp-", (URLSAFE, 43)),
    "paypal": of("access_", "token$production$", (LOWER, 16), "$", (HEX, 32)),
    "shopify": of("shp", "at_", (HEX, 32)),
    "npm": of("np", "m_", (ALNUM, 36)),
    "pypi": of("py", "pi-AgEIcHlwaS5vcmc", (URLSAFE, 150)),
    "rubygems": of("ruby", "gems_", (HEX, 48)),
    "crates.io": of("cargo login ", "ci", "o", (ALNUM, 32)),
    "docker hub": of("dc", "kr_pat_", (URLSAFE, 27)),
    "hugging face": of("h", "f_", (string.ascii_letters, 34)),
    "replicate": of("r", "8_", (ALNUM, 37)),
    "groq": of("gs", "k_", (ALNUM, 52)),
    "xai": of("xa", "i-", (ALNUM, 80)),
    "perplexity": of("pp", "lx-", (ALNUM, 48)),
    "nvidia": of("nv", "api-", (URLSAFE, 64)),
    "langsmith": of("ls", "v2_pt_", (HEX, 32), "_", (HEX, 10)),
    "tavily": of("tv", "ly-", "dev-", (ALNUM, 32)),
    "fireworks": of("f", "w_", (ALNUM, 24)),
    "wandb": of("WANDB_", "API_KEY=", (HEX, 40)),
    "sendgrid": of("S", "G.", (URLSAFE, 22), ".", (URLSAFE, 43)),
    "mailgun": of("key", "-", (HEX, 32)),
    "brevo": of("xkey", "sib-", (HEX, 64), "-", (ALNUM, 16)),
    "mailchimp": of((HEX, 32), "-us", "21"),
    "resend": of("r", "e_", (ALNUM, 8), "_", (ALNUM, 24)),
    "twilio": of("S", "K", (HEX, 32)),
    "vault": of("hv", "s.", (URLSAFE, 90)),
    "terraform cloud": of((ALNUM, 14), ".atlas", "v1.", (URLSAFE, 67)),
    "digitalocean": of("do", "p_v1_", (HEX, 64)),
    "databricks": of("da", "pi", (HEX, 32)),
    "doppler": of("dp", ".st.", (LOWER, 6), ".", (ALNUM, 43)),
    "heroku": of("HRKU", "-AA", (URLSAFE, 58)),
    "fly.io": of("Fly", "V1 fm2_", (BASE64, 120)),
    "netlify": of("nf", "p_", (ALNUM, 36)),
    "vercel": of("VERCEL_", "TOKEN=", (ALNUM, 24)),
    "cloudflare": of("CLOUDFLARE_", "API_TOKEN=", (URLSAFE, 38), "7q"),
    "supabase": of("sb", "p_", (HEX, 40)),
    "supabase secret": of("sb", "_secret_", (URLSAFE, 22), "_", (ALNUM, 8)),
    "planetscale": of("psc", "ale_tkn_", (URLSAFE, 43)),
    "linear": of("lin", "_api_", (ALNUM, 40)),
    "notion": of("nt", "n_", (string.digits, 11), (ALNUM, 35)),
    "figma": of("fig", "d_", (URLSAFE, 43)),
    "airtable": of("pa", "t", (ALNUM, 14), ".", (HEX, 64)),
    "postman": of("PM", "AK-", (HEX, 24), "-", (HEX, 34)),
    "newrelic": of("NR", "AK-", (BASE32, 27)),
    "datadog": of("DD_", "API_KEY=", (HEX, 32)),
    "dynatrace": of("dt0", "c01.", (BASE32, 24), ".", (BASE32, 64)),
    "grafana": of("gl", "sa_", (ALNUM, 32), "_", (HEX, 8)),
    "sentry": of("sn", "tryu_", (HEX, 64)),
    "circleci": of("CCI", "PAT_", (ALNUM, 22), "_", (HEX, 40)),
    "pulumi": of("pu", "l-", (HEX, 40)),
    "contentful": of("CF", "PAT-", (URLSAFE, 43)),
    "1password": of("ops", "_eyJ", (BASE64, 240)),
    "age": of("AGE-", "SECRET-KEY-1", (BECH32, 58)),
    "jwt": _jwt,
    "rsa key": _pem("RSA "),
    "pkcs8 key": _pem(""),
    "openssh key": _pem("OPENSSH "),
    "ec key": _pem("EC "),
    "postgres url": of("postgres", "ql://app:", (ALNUM, 16), "@db.internal:5432/shop"),
    "mongo url": of("mongodb", "+srv://root:", (ALNUM, 14), "@cluster0.ab1cd.mongodb.net/x"),
    "redis url": of("redis", "://:", (ALNUM, 20), "@10.0.0.3:6379/0"),
    "bearer": of("Authorization: Bearer ", (URLSAFE, 43), "8"),
    "basic": _basic,
    "assigned password": of("DB_PASS", "WORD=", (ALNUM, 12), "#9x"),
    "assigned client secret": of('"client_', 'secret": "', (ALNUM, 40), '4"'),
    "assigned session secret": of("SESSION_", "SECRET=", (HEX, 64)),
}
"""Formats of live credentials, each as the service that hands it out writes it."""

CONTEXTS = {
    "bare": "{}",
    "in words": "Use this one: {} please, and delete it after",
    "in a config": 'settings:\n  value: "{}"\n  other: 5\n',
    "in code": 'client = Client("{}")  # from the dashboard',
    "in a shell": "export VALUE='{}' && make deploy",
    "in a log": "2026-11-21T10:00:00Z INFO starting with {} on port 8080",
    "in Chinese": "请用这个：{} ，谢谢",
    "after much text": "lorem ipsum dolor\n" * 200 + "{}",
}
"""Where a secret may stand."""
