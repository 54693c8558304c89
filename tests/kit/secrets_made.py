"""Secrets made to order: values by the grammar of each format, and what only looks like one; none was ever in use.

Prefixes are written in two pieces, so that no scanner of repositories takes this file for a leak.
"""

from __future__ import annotations

import base64
import hashlib
import json
import random
import string
import uuid
from collections.abc import Callable

Made = Callable[[random.Random], str]

HEX = "0123456789abcdef"
LOWER = string.ascii_lowercase + string.digits
ALNUM = string.ascii_letters + string.digits
URLSAFE = ALNUM + "_-"
BASE64 = ALNUM + "+/"
BASE32 = string.ascii_uppercase + "234567"
BECH32 = "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L"


def _of(*pieces: str | tuple[str, int]) -> Made:
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
    "anthropic api": _of("sk-", "ant-api03-", (URLSAFE, 93), "AA"),
    "anthropic admin": _of("sk-", "ant-admin01-", (URLSAFE, 93), "AA"),
    "anthropic oauth": _of("sk-", "ant-oat01-", (URLSAFE, 86)),
    "openai project": _of("sk-", "proj-", (URLSAFE, 74), "T3Blbk", "FJ", (URLSAFE, 74)),
    "openai service": _of("sk-", "svcacct-", (URLSAFE, 74), "T3Blbk", "FJ", (URLSAFE, 20)),
    "openai user": _of("sk-", (ALNUM, 20), "T3Blbk", "FJ", (ALNUM, 20)),
    "openrouter": _of("sk-", "or-v1-", (HEX, 64)),
    "deepseek": _of("sk-", (HEX, 32)),
    "google api": _of("AI", "za", "Sy", (URLSAFE, 33)),
    "google oauth secret": _of("GOC", "SPX-", (URLSAFE, 28)),
    "google access": _of("ya", "29.", (URLSAFE, 120)),
    "aws access": _of("AK", "IA", (BASE32, 16)),
    "aws session": _of("AS", "IA", (BASE32, 16)),
    "aws secret": _of("aws_secret_", "access_key = ", (BASE64, 38), "9z"),
    "azure storage": _of("Account", "Key=", (BASE64, 86), "=="),
    "azure client": _of((ALNUM, 3), "8", "Q~", (ALNUM + "_.~-", 34)),
    "azure devops pat": _of("AZURE_DEVOPS_", "PAT_TOKEN=", (LOWER, 50), "42"),
    "github classic": _of("gh", "p_", (ALNUM, 36)),
    "github oauth": _of("gh", "o_", (ALNUM, 36)),
    "github server": _of("gh", "s_", (ALNUM, 36)),
    "github refresh": _of("gh", "r_", (ALNUM, 36)),
    "github fine": _of("github", "_pat_", (ALNUM, 22), "_", (ALNUM, 59)),
    "gitlab": _of("gl", "pat-", (URLSAFE, 20)),
    "gitlab deploy": _of("gl", "dt-", (URLSAFE, 20)),
    "gitlab runner": _of("gl", "rt-", (URLSAFE, 20)),
    "bitbucket": _of("AT", "BB", (ALNUM, 32)),
    "atlassian": _of("AT", "ATT3xFfGF0", (URLSAFE, 170), "=", ("0123456789ABCDEF", 8)),
    "slack bot": _of("xo", "xb-", (string.digits, 12), "-", (string.digits, 13), "-", (ALNUM, 24)),
    "slack user": _of(
        "xo", "xp-", (string.digits, 12), "-", (string.digits, 12), "-", (string.digits, 13), "-", (HEX, 32)
    ),
    "slack app": _of("xa", "pp-1-A", (string.ascii_uppercase, 10), "-", (string.digits, 13), "-", (HEX, 64)),
    "slack hook": _of("https://hooks.slack", ".com/services/T", (BASE32, 10), "/B", (BASE32, 10), "/", (ALNUM, 24)),
    "discord hook": _of("https://discord", ".com/api/webhooks/", (string.digits, 19), "/", (URLSAFE, 68)),
    "discord bot": _of("M", (ALNUM, 23), ".", (ALNUM, 6), ".", (URLSAFE, 38)),
    "telegram": _of("7", (string.digits, 9), ":", "AA", (URLSAFE, 33)),
    "stripe live": _of("sk", "_live_", (ALNUM, 99)),
    "stripe restricted": _of("rk", "_live_", (ALNUM, 99)),
    "stripe test": _of("sk", "_test_", (ALNUM, 97), "4x"),
    "stripe webhook": _of("wh", "sec_", (ALNUM, 32)),
    "square": _of("EA", "AA", "l", (URLSAFE, 59)),
    "square oauth": _of("sq0", "csp-", (URLSAFE, 43)),
    "paypal": _of("access_", "token$production$", (LOWER, 16), "$", (HEX, 32)),
    "shopify": _of("shp", "at_", (HEX, 32)),
    "npm": _of("np", "m_", (ALNUM, 36)),
    "pypi": _of("py", "pi-AgEIcHlwaS5vcmc", (URLSAFE, 150)),
    "rubygems": _of("ruby", "gems_", (HEX, 48)),
    "crates.io": _of("cargo login ", "ci", "o", (ALNUM, 32)),
    "docker hub": _of("dc", "kr_pat_", (URLSAFE, 27)),
    "hugging face": _of("h", "f_", (string.ascii_letters, 34)),
    "replicate": _of("r", "8_", (ALNUM, 37)),
    "groq": _of("gs", "k_", (ALNUM, 52)),
    "xai": _of("xa", "i-", (ALNUM, 80)),
    "perplexity": _of("pp", "lx-", (ALNUM, 48)),
    "nvidia": _of("nv", "api-", (URLSAFE, 64)),
    "langsmith": _of("ls", "v2_pt_", (HEX, 32), "_", (HEX, 10)),
    "tavily": _of("tv", "ly-", "dev-", (ALNUM, 32)),
    "fireworks": _of("f", "w_", (ALNUM, 24)),
    "wandb": _of("WANDB_", "API_KEY=", (HEX, 40)),
    "sendgrid": _of("S", "G.", (URLSAFE, 22), ".", (URLSAFE, 43)),
    "mailgun": _of("key", "-", (HEX, 32)),
    "brevo": _of("xkey", "sib-", (HEX, 64), "-", (ALNUM, 16)),
    "mailchimp": _of((HEX, 32), "-us", "21"),
    "resend": _of("r", "e_", (ALNUM, 8), "_", (ALNUM, 24)),
    "twilio": _of("S", "K", (HEX, 32)),
    "vault": _of("hv", "s.", (URLSAFE, 90)),
    "terraform cloud": _of((ALNUM, 14), ".atlas", "v1.", (URLSAFE, 67)),
    "digitalocean": _of("do", "p_v1_", (HEX, 64)),
    "databricks": _of("da", "pi", (HEX, 32)),
    "doppler": _of("dp", ".st.", (LOWER, 6), ".", (ALNUM, 43)),
    "heroku": _of("HRKU", "-AA", (URLSAFE, 58)),
    "fly.io": _of("Fly", "V1 fm2_", (BASE64, 120)),
    "netlify": _of("nf", "p_", (ALNUM, 36)),
    "vercel": _of("VERCEL_", "TOKEN=", (ALNUM, 24)),
    "cloudflare": _of("CLOUDFLARE_", "API_TOKEN=", (URLSAFE, 38), "7q"),
    "supabase": _of("sb", "p_", (HEX, 40)),
    "supabase secret": _of("sb", "_secret_", (URLSAFE, 22), "_", (ALNUM, 8)),
    "planetscale": _of("psc", "ale_tkn_", (URLSAFE, 43)),
    "linear": _of("lin", "_api_", (ALNUM, 40)),
    "notion": _of("nt", "n_", (string.digits, 11), (ALNUM, 35)),
    "figma": _of("fig", "d_", (URLSAFE, 43)),
    "airtable": _of("pa", "t", (ALNUM, 14), ".", (HEX, 64)),
    "postman": _of("PM", "AK-", (HEX, 24), "-", (HEX, 34)),
    "newrelic": _of("NR", "AK-", (BASE32, 27)),
    "datadog": _of("DD_", "API_KEY=", (HEX, 32)),
    "dynatrace": _of("dt0", "c01.", (BASE32, 24), ".", (BASE32, 64)),
    "grafana": _of("gl", "sa_", (ALNUM, 32), "_", (HEX, 8)),
    "sentry": _of("sn", "tryu_", (HEX, 64)),
    "circleci": _of("CCI", "PAT_", (ALNUM, 22), "_", (HEX, 40)),
    "pulumi": _of("pu", "l-", (HEX, 40)),
    "contentful": _of("CF", "PAT-", (URLSAFE, 43)),
    "1password": _of("ops", "_eyJ", (BASE64, 240)),
    "age": _of("AGE-", "SECRET-KEY-1", (BECH32, 58)),
    "jwt": _jwt,
    "rsa key": _pem("RSA "),
    "pkcs8 key": _pem(""),
    "openssh key": _pem("OPENSSH "),
    "ec key": _pem("EC "),
    "postgres url": _of("postgres", "ql://app:", (ALNUM, 16), "@db.internal:5432/shop"),
    "mongo url": _of("mongodb", "+srv://root:", (ALNUM, 14), "@cluster0.ab1cd.mongodb.net/x"),
    "redis url": _of("redis", "://:", (ALNUM, 20), "@10.0.0.3:6379/0"),
    "bearer": _of("Authorization: Bearer ", (URLSAFE, 43), "8"),
    "basic": _basic,
    "assigned password": _of("DB_PASS", "WORD=", (ALNUM, 12), "#9x"),
    "assigned client secret": _of('"client_', 'secret": "', (ALNUM, 40), '4"'),
    "assigned session secret": _of("SESSION_", "SECRET=", (HEX, 64)),
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


def _digest(kind: str) -> Made:
    return lambda chance: hashlib.new(kind, chance.randbytes(8)).hexdigest()


def _coded(head: str, size: int, tail: str = "") -> Made:
    return lambda chance: head + base64.b64encode(chance.randbytes(size)).decode() + tail


def _uuid(chance: random.Random) -> str:
    return str(uuid.UUID(int=chance.getrandbits(128), version=4))


LOOKALIKES: dict[str, Made] = {
    "md5": _digest("md5"),
    "sha1": _digest("sha1"),
    "sha256": _digest("sha256"),
    "sha512": _digest("sha512"),
    "sha256 with its name": lambda c: "sha256:" + _digest("sha256")(c),
    "git commit": lambda c: "commit " + _digest("sha1")(c),
    "git index line": lambda c: f"index {_digest('sha1')(c)[:10]}..{_digest('sha1')(c)[:10]} 100644",
    "git blame": lambda c: f"{_digest('sha1')(c)[:8]} (Jane Roe 2026-01-02 10:00:00 +0100 12) token = next(tokens)",
    "uuid": _uuid,
    "uuid assigned": lambda c: f'"session_id": "{_uuid(c)}"',
    "uuid as a token id": lambda c: f"token_id={_uuid(c)}",
    "npm integrity": _coded('"integrity": "sha512-', 64, '"'),
    "yarn resolved": lambda c: (
        f'resolved "https://packages.example.com/left-pad/-/left-pad-1.3.0.tgz#{_digest("sha1")(c)}"'
    ),
    "pip hash": lambda c: "requests==2.32.4 --hash=sha256:" + _digest("sha256")(c),
    "go sum": _coded("golang.org/x/text v0.14.0 h1:", 32),
    "cargo checksum": lambda c: f'checksum = "{_digest("sha256")(c)}"',
    "poetry hash": lambda c: f'{{file = "a-1.0.whl", hash = "sha256:{_digest("sha256")(c)}"}}',
    "docker image": lambda c: f"nginx@sha256:{_digest('sha256')(c)}",
    "png in base64": _coded("data:image/png;base64,iVBORw0KGgo", 3000),
    "font in base64": _coded("src: url(data:font/woff2;base64,d09GMg", 2000, ")"),
    "base64 text": _coded("", 240),
    "source map": _coded("//# sourceMappingURL=data:application/json;base64,eyJ2ZXJzaW9uIjozfQ", 300),
    "thinking signature": _coded('"signature": "Er', 500, '"'),
    "redacted thinking": _coded('{"type":"redacted_thinking","data":"', 400, '"}'),
    "tool use id": _of("toolu_", "01", (ALNUM, 22)),
    "message id": _of("msg_", "01", (ALNUM, 22)),
    "request id": _of("req_", "011C", (ALNUM, 20)),
    "file id": _of("file_", "01", (ALNUM, 22)),
    "container id": _of("container_", "01", (ALNUM, 22)),
    "server tool id": _of("srvtoolu_", "01", (ALNUM, 22)),
    "batch id": _of("msgbatch_", "01", (ALNUM, 22)),
    "chat id": _of("chatcmpl-", (ALNUM, 29)),
    "call id": _of("call_", (ALNUM, 24)),
    "tool call id assigned": _of('"tool_call_id": "call_', (ALNUM, 24), '"'),
    "subresource integrity": _coded('<script integrity="sha384-', 48, '" crossorigin>'),
    "etag": lambda c: f'etag: W/"{_digest("sha1")(c)}"',
    "trace parent": lambda c: f"traceparent: 00-{c.getrandbits(128):032x}-{c.getrandbits(64):016x}-01",
    "span id": lambda c: f"span_id={c.getrandbits(64):016x}",
    "object id": lambda c: f'ObjectId("{c.getrandbits(96):024x}")',
    "ulid": _of("01", ("0123456789ABCDEFGHJKMNPQRSTVWXYZ", 24)),
    "nano id": _of((URLSAFE, 21)),
    "css colours": _of("color: #", (HEX, 6), "; background: #", (HEX, 8), ";"),
    "hashed class": _of("class='Button_primary__", (ALNUM, 5), " css-", (LOWER, 7), "'"),
    "webpack chunk": _of("static/js/main.", (HEX, 8), ".chunk.js"),
    "cache busted asset": lambda c: f"/assets/app-{_digest('md5')(c)}.css?v={_digest('md5')(c)}",
    "minified js": lambda c: "".join(
        f"var {c.choice(LOWER[:26])}=function({c.choice(LOWER[:26])}){{return {c.choice(LOWER[:26])}.token}};"
        for _ in range(60)
    ),
    "minified json": lambda c: json.dumps({f"k{n}": c.random() for n in range(80)}, separators=(",", ":")),
    "ethereum address": lambda c: f"0x{c.getrandbits(160):040x}",
    "memory dump": lambda c: " ".join(f"{c.getrandbits(8):02x}" for _ in range(64)),
    "ip and port": lambda c: f"{c.randrange(256)}.{c.randrange(256)}.0.1:{c.randrange(65536)}",
    "mac address": lambda c: ":".join(f"{c.getrandbits(8):02x}" for _ in range(6)),
    "public key": _coded("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5", 32, " me@example.com"),
    "rsa public key": _coded("-----BEGIN PUBLIC KEY-----\n", 256, "\n-----END PUBLIC KEY-----"),
    "certificate": _coded("-----BEGIN CERTIFICATE-----\nMIID", 600, "\n-----END CERTIFICATE-----"),
    "gpg fingerprint": lambda c: "Key fingerprint = " + " ".join(f"{c.getrandbits(16):04X}" for _ in range(10)),
    "known host": _coded("|1|", 20, "= ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQC"),
    "aws sample": _of("AK", "IA", "IOSFODNN7", "EXAMPLE"),
    "aws secret sample": _of("wJalrXUtnFEMI/K7MDENG/", "bPxRfiCY", "EXAMPLE", "KEY"),
    "aws arn": _of("arn:aws:iam::", (string.digits, 12), ":role/deploy-production-service"),
    "aws account": _of("aws_account_id = ", (string.digits, 12)),
    "stripe price": _of("price_", "1N", (ALNUM, 22)),
    "stripe customer": _of("cus_", (ALNUM, 14)),
    "stripe publishable": _of("pk", "_test_", (ALNUM, 99)),
    "stripe intent": _of("pi_", "3N", (ALNUM, 22)),
    "placeholder key": _of("sk-", "x" * 40),
    "placeholder key dots": _of("sk-", "ant-api03-..."),
    "placeholder github": _of("gh", "p_", "x" * 36),
    "placeholder your": _of("API_KEY=", "your-api-key-here-1234"),
    "placeholder angle": _of("API_KEY=", "<your key>"),
    "placeholder change me": _of("DB_PASSWORD=", "changeme123!"),
    "placeholder stars": _of("token: ", "********************"),
    "read from environment": _of("api_key = os.environ['", "OPENAI_API_KEY']"),
    "read from process": _of("apiKey: process.env.", "STRIPE_SECRET_KEY"),
    "read from settings": _of("token = settings.GITHUB_", "TOKEN"),
    "shell variable": _of("TOKEN=${", "GITHUB_TOKEN:-}"),
    "actions secret": _of("token: ${{ secrets.", "GITHUB_TOKEN }}"),
    "template": _of("password: {{ .Values.db.", "password }}"),
    "code call": _of("const token = await getToken(user.id, ", "'session')"),
    "code compare": _of("if password == stored_password_hash_of_user", ":"),
    "type hint": _of("def login(password: str, token: Optional[str] = None) -> ", "Session:"),
    "form label": _of('<input type="password" name="password" id="password_confirmation" placeholder="', 'Password">'),
    "sql column": _of("password_hash VARCHAR(255) NOT NULL, api_key_id ", "BIGINT"),
    "token counts": lambda c: f'"input_tokens": {c.randrange(10**6)}, "cache_read_input_tokens": {c.randrange(10**7)}',
    "max tokens": _of("max_tokens=", "32000"),
    "token limit": lambda c: f"token_limit: {c.randrange(10**9)}",
    "tokenizer": _of("tokenizer = AutoTokenizer.from_pretrained(", "'meta-llama/Llama-3.1-8B-Instruct')"),
    "design token": _of("--token-color-primary-500: #", (HEX, 6)),
    "long identifier": _of("test_that_a_request_without_a_token_is_refused_", "with_status_401_and_no_body_2"),
    "long constant": _of("MAXIMUM_NUMBER_OF_PASSWORD_RESET_ATTEMPTS_PER_HOUR_", "V2"),
    "long path": _of("src/features/authentication/components/PasswordResetForm/", "PasswordResetForm2.test.tsx"),
    "kebab slug": _of("task-list-of-things-to-do-before-the-release-of-version-2026-", (string.digits, 2)),
    "risk words": _of("risk-assessment-and-mitigation-strategies-", "overview-2026-q3"),
    "kubernetes pod": _of("auth-service-", (HEX, 10), "-", (LOWER, 5)),
    "secret name": _of("secretName: my-app-tls-certificate-", "production-2"),
    "secret key ref": _of("secretKeyRef:\n  name: database-credentials-v2\n  key: ", "password"),
    "vault path": _of("vault_secret_path: secret/data/production/database-", "main1"),
    "local database url": _of("postgres", "://postgres:", "postgres", "@localhost:5432/app"),
    "docs database url": _of("postgres", "ql://user:", "password", "@localhost:5432/mydatabase"),
    "url with version": _of("https://example.com:8080/pkg@v2.14.0/sha256-", (HEX, 40)),
    "git address": _of("git@github.com:owner/", "some-long-repository-name-2026.git"),
    "cdn link": lambda c: f"https://cdn.example.com/{_digest('sha1')(c)}/bundle.min.js",
    "signed url sample": _of(
        "https://bucket.example.com/a.png?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Expires=", "3600"
    ),
    "jwt head only": _of("eyJhbGci", "OiJIUzI1NiIsInR5cCI6IkpXVCJ9"),
    "csrf field": _of('<meta name="csrf-param" content="', 'authenticity_token">'),
    "next token null": _of('"nextToken": ', "null"),
    "page token word": _of("next_page_token = response.get('", "nextPageToken')"),
    "bearer words": _of("Bearer authentication is described in ", "RFC6750"),
    "bearer variable": _of("Authorization: Bearer ", "$ACCESS_TOKEN"),
    "bearer template": _of("Authorization: Bearer ", "{{access_token_from_login_step_1}}"),
    "basic words": _of("Basic understanding of ", "authentication2 is required"),
    "phone number": _of("+49 30 ", (string.digits, 8)),
    "credit card sample": _of("4242 ", "4242 4242 4242"),
    "isbn": _of("ISBN 978-3-", (string.digits, 9)),
    "regex": _of(r"pattern = r'\b(?:sk|rk)_(?:live|test)_[0-9a-zA-Z]{24,99}\b'", ""),
    "key check": _of("if '-----BEGIN PRIVATE", " KEY-----' in text:"),
    "random words": _of("correct-horse-battery-staple-", (string.digits, 3)),
    "timestamp ids": lambda c: f"run_{c.randrange(10**13)}_{c.randrange(10**6)}",
    "snowflake": lambda c: f'"guild_id": "{c.randrange(10**18)}"',
    "dna": _of(("ACGT", 120)),
    "chess": _of("rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq - ", "0 1"),
}
"""What looks like a secret to those who only measure randomness."""
