"""Look-alikes: what those take for a secret who only measure randomness, made to order."""

from __future__ import annotations

import base64
import hashlib
import json
import random
import string
import uuid

from tests.kit.secrets_made import ALNUM, HEX, LOWER, URLSAFE, Made, of


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
    "tool use id": of("toolu_", "01", (ALNUM, 22)),
    "message id": of("msg_", "01", (ALNUM, 22)),
    "request id": of("req_", "011C", (ALNUM, 20)),
    "file id": of("file_", "01", (ALNUM, 22)),
    "container id": of("container_", "01", (ALNUM, 22)),
    "server tool id": of("srvtoolu_", "01", (ALNUM, 22)),
    "batch id": of("msgbatch_", "01", (ALNUM, 22)),
    "chat id": of("chatcmpl-", (ALNUM, 29)),
    "call id": of("call_", (ALNUM, 24)),
    "tool call id assigned": of('"tool_call_id": "call_', (ALNUM, 24), '"'),
    "subresource integrity": _coded('<script integrity="sha384-', 48, '" crossorigin>'),
    "etag": lambda c: f'etag: W/"{_digest("sha1")(c)}"',
    "trace parent": lambda c: f"traceparent: 00-{c.getrandbits(128):032x}-{c.getrandbits(64):016x}-01",
    "span id": lambda c: f"span_id={c.getrandbits(64):016x}",
    "object id": lambda c: f'ObjectId("{c.getrandbits(96):024x}")',
    "ulid": of("01", ("0123456789ABCDEFGHJKMNPQRSTVWXYZ", 24)),
    "nano id": of((URLSAFE, 21)),
    "css colours": of("color: #", (HEX, 6), "; background: #", (HEX, 8), ";"),
    "hashed class": of("class='Button_primary__", (ALNUM, 5), " css-", (LOWER, 7), "'"),
    "webpack chunk": of("static/js/main.", (HEX, 8), ".chunk.js"),
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
    "aws sample": of("AK", "IA", "IOSFODNN7", "EXAMPLE"),
    "aws secret sample": of("wJalrXUtnFEMI/K7MDENG/", "bPxRfiCY", "EXAMPLE", "KEY"),
    "aws arn": of("arn:aws:iam::", (string.digits, 12), ":role/deploy-production-service"),
    "aws account": of("aws_account_id = ", (string.digits, 12)),
    "stripe price": of("price_", "1N", (ALNUM, 22)),
    "stripe customer": of("cus_", (ALNUM, 14)),
    "stripe publishable": of("pk", "_test_", (ALNUM, 99)),
    "stripe intent": of("pi_", "3N", (ALNUM, 22)),
    "placeholder key": of("sk-", "x" * 40),
    "placeholder key dots": of("sk-", "ant-api03-..."),
    "placeholder github": of("gh", "p_", "x" * 36),
    "placeholder your": of("API_KEY=", "your-api-key-here-1234"),
    "placeholder angle": of("API_KEY=", "<your key>"),
    "placeholder change me": of("DB_PASSWORD=", "changeme123!"),
    "placeholder stars": of("token: ", "********************"),
    "read from environment": of("api_key = os.environ['", "OPENAI_API_KEY']"),
    "read from process": of("apiKey: process.env.", "STRIPE_SECRET_KEY"),
    "read from settings": of("token = settings.GITHUB_", "TOKEN"),
    "shell variable": of("TOKEN=${", "GITHUB_TOKEN:-}"),
    "actions secret": of("token: ${{ secrets.", "GITHUB_TOKEN }}"),
    "template": of("password: {{ .Values.db.", "password }}"),
    "code call": of("const token = await getToken(user.id, ", "'session')"),
    "code compare": of("if password == stored_password_hash_of_user", ":"),
    "type hint": of("def login(password: str, token: Optional[str] = None) -> ", "Session:"),
    "form label": of('<input type="password" name="password" id="password_confirmation" placeholder="', 'Password">'),
    "sql column": of("password_hash VARCHAR(255) NOT NULL, api_key_id ", "BIGINT"),
    "token counts": lambda c: f'"input_tokens": {c.randrange(10**6)}, "cache_read_input_tokens": {c.randrange(10**7)}',
    "max tokens": of("max_tokens=", "32000"),
    "token limit": lambda c: f"token_limit: {c.randrange(10**9)}",
    "tokenizer": of("tokenizer = AutoTokenizer.from_pretrained(", "'meta-llama/Llama-3.1-8B-Instruct')"),
    "design token": of("--token-color-primary-500: #", (HEX, 6)),
    "long identifier": of("test_that_a_request_without_a_token_is_refused_", "with_status_401_and_no_body_2"),
    "long constant": of("MAXIMUM_NUMBER_OF_PASSWORD_RESET_ATTEMPTS_PER_HOUR_", "V2"),
    "long path": of("src/features/authentication/components/PasswordResetForm/", "PasswordResetForm2.test.tsx"),
    "kebab slug": of("task-list-of-things-to-do-before-the-release-of-version-2026-", (string.digits, 2)),
    "risk words": of("risk-assessment-and-mitigation-strategies-", "overview-2026-q3"),
    "kubernetes pod": of("auth-service-", (HEX, 10), "-", (LOWER, 5)),
    "secret name": of("secretName: my-app-tls-certificate-", "production-2"),
    "secret key ref": of("secretKeyRef:\n  name: database-credentials-v2\n  key: ", "password"),
    "vault path": of("vault_secret_path: secret/data/production/database-", "main1"),
    "local database url": of("postgres", "://postgres:", "postgres", "@localhost:5432/app"),
    "docs database url": of("postgres", "ql://user:", "password", "@localhost:5432/mydatabase"),
    "url with version": of("https://example.com:8080/pkg@v2.14.0/sha256-", (HEX, 40)),
    "git address": of("git@github.com:owner/", "some-long-repository-name-2026.git"),
    "cdn link": lambda c: f"https://cdn.example.com/{_digest('sha1')(c)}/bundle.min.js",
    "signed url sample": of("https://bucket.example.com/a.png?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Expires=", "3600"),
    "jwt head only": of("eyJhbGci", "OiJIUzI1NiIsInR5cCI6IkpXVCJ9"),
    "csrf field": of('<meta name="csrf-param" content="', 'authenticity_token">'),
    "next token null": of('"nextToken": ', "null"),
    "page token word": of("next_page_token = response.get('", "nextPageToken')"),
    "bearer words": of("Bearer authentication is described in ", "RFC6750"),
    "bearer variable": of("Authorization: Bearer ", "$ACCESS_TOKEN"),
    "bearer template": of("Authorization: Bearer ", "{{access_token_from_login_step_1}}"),
    "basic words": of("Basic understanding of ", "authentication2 is required"),
    "phone number": of("+49 30 ", (string.digits, 8)),
    "credit card sample": of("4242 ", "4242 4242 4242"),
    "isbn": of("ISBN 978-3-", (string.digits, 9)),
    "regex": of(r"pattern = r'\b(?:sk|rk)_(?:live|test)_[0-9a-zA-Z]{24,99}\b'", ""),
    "key check": of("if '-----BEGIN PRIVATE", " KEY-----' in text:"),
    "random words": of("correct-horse-battery-staple-", (string.digits, 3)),
    "timestamp ids": lambda c: f"run_{c.randrange(10**13)}_{c.randrange(10**6)}",
    "snowflake": lambda c: f'"guild_id": "{c.randrange(10**18)}"',
    "dna": of(("ACGT", 120)),
    "chess": of("rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq - ", "0 1"),
}
"""What looks like a secret to those who only measure randomness."""
