"""Secrets: live-looking ones are found, what only looks like them is not. None here was ever in use."""

from __future__ import annotations

import base64
import hashlib
import json
import random
import string
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.classify.secrets import secret_in, secret_told

HEX, ALNUM, CAPS = "0123456789abcdef", string.ascii_letters + string.digits, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


def some(letters: str, count: int, seed: int = 7) -> str:
    """Make a random word, the same one each time."""
    return "".join(random.Random(seed).choices(letters, k=count))


JWT = ".".join(
    base64.urlsafe_b64encode(part).decode().rstrip("=")
    for part in (
        b'{"alg":"HS256","typ":"JWT"}',
        b'{"sub":"1234567890","name":"Jane Roe"}',
        random.Random(3).randbytes(32),
    )
)
KEY_LINES = "\n".join(some(ALNUM, 64, n) for n in range(4))

# Put together here so that no scanner takes this file for a leak.
SECRETS = {
    "anthropic": "sk-" + "ant-api03-" + some(ALNUM, 90),
    "anthropic session": "sk-" + "ant-sid01-" + some(ALNUM, 60),
    "openai project": "sk-" + "proj-" + some(ALNUM, 60),
    "openai": "sk-" + some(ALNUM, 48),
    "openrouter": "sk-" + "or-v1-" + some(HEX, 64),
    "aws": "AK" + "IA" + some(CAPS, 16),
    "aws session": "AS" + "IA" + some(CAPS, 16),
    "aws secret": "aws_secret_access_key = " + some(ALNUM + "/+", 40),
    "github": "gh" + "p_" + some(ALNUM, 36),
    "github app": "gh" + "s_" + some(ALNUM, 36),
    "github fine": "github" + "_pat_" + some(ALNUM + "_", 82),
    "gitlab": "gl" + "pat-" + some(ALNUM, 20),
    "slack": "xo" + "xb-" + "123456789012-" + some(ALNUM, 24),
    "slack app": "xa" + "pp-1-A0123456789-1234567890123-" + some(HEX, 64),
    "slack hook": "https://hooks.slack" + ".com/services/T0ABCDEFG/B0ABCDEFG/" + some(ALNUM, 24),
    "stripe": "sk" + "_live_" + some(ALNUM, 24),
    "stripe restricted": "rk" + "_live_" + some(ALNUM, 24),
    "stripe hook": "wh" + "sec_" + some(ALNUM, 32),
    "google": "AI" + "za" + some(ALNUM, 35),
    "google oauth": "GOC" + "SPX-" + some(ALNUM, 28),
    "google token": "ya" + "29." + some(ALNUM, 60),
    "jwt": JWT,
    "npm": "np" + "m_" + some(ALNUM, 36),
    "pypi": "py" + "pi-AgEIcHlwaS5vcmc" + some(ALNUM, 60),
    "hugging face": "h" + "f_" + some(string.ascii_letters, 34),
    "sendgrid": "S" + "G." + some(ALNUM, 22) + "." + some(ALNUM, 43),
    "mailgun": "key" + "-" + some(HEX, 32),
    "twilio": "S" + "K" + some(HEX, 32),
    "telegram": "1234567890" + ":AA" + some(ALNUM, 33),
    "discord": "https://discord" + ".com/api/webhooks/123456789012345678/" + some(ALNUM, 68),
    "digitalocean": "do" + "p_v1_" + some(HEX, 64),
    "databricks": "da" + "pi" + some(HEX, 32),
    "vault": "hv" + "s." + some(ALNUM, 24),
    "shopify": "shp" + "at_" + some(HEX, 32),
    "groq": "gs" + "k_" + some(ALNUM, 52),
    "linear": "lin" + "_api_" + some(ALNUM, 40),
    "grafana": "gl" + "sa_" + some(ALNUM, 32) + "_" + some(HEX, 8),
    "docker": "dc" + "kr_pat_" + some(ALNUM, 27),
    "azure": "DefaultEndpointsProtocol=https;AccountName=a;Account" + "Key=" + some(ALNUM, 86) + "==",
    "azure client": "ab1" + "8Q~" + some(ALNUM, 34),
    "private key": "-----BEGIN RSA " + "PRIVATE KEY-----\n" + KEY_LINES + "\n-----END RSA PRIVATE KEY-----",
    "private key in json": json.dumps("-----BEGIN " + "PRIVATE KEY-----\n" + KEY_LINES)[1:-1],
    "openssh key": "-----BEGIN OPENSSH " + "PRIVATE KEY-----\n" + KEY_LINES,
    "age": "AGE-" + "SECRET-KEY-1" + some("QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L", 58),
    "postgres": "postgres" + "://app:" + "hJ7-kkQz2" + "@db.internal:5432/shop",
    "mongo": "mongodb+srv" + "://root:" + "Tr0ub4dor" + "@cluster0.abcde.mongodb.net",
    "redis": "redis" + "://:" + "p4ssw0rdQQ" + "@10.0.0.3:6379",
    "bearer": "Authorization: Bearer " + some(ALNUM, 40),
    "basic": "Authorization: Basic " + base64.b64encode(b"admin:Sup3rS3cret!").decode(),
    "assigned key": 'API_KEY="' + some(ALNUM, 32) + '"',
    "assigned hex": "SESSION_SECRET=" + some(HEX, 64),
    "assigned in json": '{"client_secret": "' + some(ALNUM, 40) + '"}',
    "assigned password": "DB_PASSWORD=xK9#mPq2",
    "assigned in yaml": "  auth_token: " + some(ALNUM, 28),
    "assigned in escaped json": '{\\"apiKey\\": \\"' + some(ALNUM, 30) + '\\"}',
}


@pytest.mark.parametrize("name", SECRETS)
@pytest.mark.parametrize("around", ["{}", "Use this: {} please", "line\n{}\nline", "密钥{}结束"])
def test_a_live_looking_secret_is_found_wherever_it_stands(name: str, around: str) -> None:
    if around.startswith("密") and name in {"aws secret", "assigned key", "assigned in json"}:
        around = "说明 {} 结束"
    found = secret_in(around.format(SECRETS[name]))
    assert found is not None
    assert found.startswith("secret.")


def digest(kind: str) -> str:
    return hashlib.new(kind, b"x").hexdigest()


LOOKALIKES = [
    digest("md5"),
    digest("sha1"),
    digest("sha256"),
    digest("sha512"),
    str(uuid.UUID(int=2**127 + 12345)),
    f'"integrity": "sha512-{base64.b64encode(hashlib.sha512(b"x").digest()).decode()}"',
    f"resolved https://packages.example.com/foo/-/foo-1.2.3.tgz#{digest('sha1')}",
    "toolu_" + some(ALNUM, 24),
    "msg_" + some(ALNUM, 24),
    "req_" + some(ALNUM, 24),
    "chatcmpl-" + some(ALNUM, 29),
    "data:image/png;base64," + base64.b64encode(random.Random(5).randbytes(3000)).decode(),
    "signature: " + base64.b64encode(random.Random(6).randbytes(400)).decode(),
    f"commit {digest('sha1')}",
    f"image: nginx@sha256:{digest('sha256')}",
    "AKIAIOSFODNN7" + "EXAMPLE",
    "wJalrXUtnFEMI/K7MDENG/bPxRfiCY" + "EXAMPLEKEY",
    "sk-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
    "sk-ant-api03-...",
    "ghp_" + "x" * 36,
    "sk_live_" + "x" * 24,
    "API_KEY=your-api-key-here",
    "API_KEY=<your key>",
    "api_key = os.environ['API_KEY']",
    "apiKey: process.env.OPENAI_API_KEY",
    "token = request.headers.get('authorization')",
    "password: str = Field(min_length=8)",
    "password = getpass.getpass()",
    "const token = await getToken(user.id)",
    "secret_name: my-app-secrets-production",
    "TOKEN=${GITHUB_TOKEN}",
    "token: ${{ secrets.GITHUB_TOKEN }}",
    'password="changeme"',
    "PASSWORD=password",
    "max_tokens=32000",
    "tokens: 123456789",
    "token_count = 1234567890123456",
    "postgres://user:password@localhost:5432/db",
    "postgres://postgres:postgres@db:5432/app",
    "mysql://root:${DB_PASSWORD}@db/app",
    "https://example.com:8080/path@v2",
    "git@github.com:owner/repository.git",
    "-----BEGIN PUBLIC KEY-----\n" + some(ALNUM, 64),
    "if '-----BEGIN PRIVATE KEY-----' in text:",
    "ssh-rsa AAAAB3NzaC1yc2E" + some(ALNUM, 80),
    "Authorization: Bearer <token>",
    "Authorization: Bearer $TOKEN",
    "Basic authentication is used",
    "bearer of bad news",
    "test_that_a_very_long_function_name_is_not_taken_for_a_secret_1",
    "src/components/authentication/PasswordResetFormContainer.tsx",
    "task-list-of-things-to-do-tomorrow-morning-2026",
    "risk-assessment-and-mitigation-strategies-overview",
    "eyJhbGciOiJIUzI1NiJ9",
    "key-value-store-implementation-details",
    "SKIP_INTEGRATION_TESTS_WHEN_OFFLINE_1",
    "primary_key=ForeignKey('accounts.id')",
    "secret: |",
    "tokenizer = AutoTokenizer.from_pretrained('gpt2-medium')",
    "cache_key = f'{user.id}:{session.id}:v2'",
    "public_key: ed25519:" + some(HEX, 10),
    "nextToken: null",
    "pwd=/home/someone/project",
]


@pytest.mark.parametrize("text", LOOKALIKES)
def test_what_only_looks_like_a_secret_is_not_taken_for_one(text: str) -> None:
    assert secret_in(f"before {text} after") is None


@pytest.mark.parametrize(
    "words",
    [
        "the password is Winter2026!",
        "Das Passwort ist Winter2026!",
        "la contraseña es Verano26!",
        "mot de passe : Hiver2026!",
        "пароль: Zima2026!",
        "密码是 Dong2026!",
        "my api key is 9f8e7d6c5b4a3210ffee",
        "use token: a8Kd93mZpQ",
    ],
)
def test_a_secret_told_in_words_is_found(words: str) -> None:
    assert secret_told(words) == "secret.told"


@pytest.mark.parametrize(
    "words",
    [
        "the password is wrong",
        "the token is expired",
        "the api key is in the settings",
        "is the password validated?",
        "the secret is to begin early",
        "das Passwort ist falsch",
        "the token is request.token",
        "password is <your password>",
    ],
)
def test_talking_about_secrets_tells_none(words: str) -> None:
    assert secret_told(words) is None


@given(st.text(max_size=300))
def test_any_text_can_be_scanned(text: str) -> None:
    secret_in(text)
    secret_told(text)


@given(st.sampled_from(sorted(SECRETS)), st.text(st.characters(codec="utf-8"), max_size=30))
def test_no_text_before_it_hides_a_secret_on_its_own_line(name: str, before: str) -> None:
    assert secret_in(f"{before}\n{SECRETS[name]}\n") is not None


@pytest.mark.parametrize("name", ["aws_secret_access_key = ", "AWS_SECRET_ACCESS_KEY="])
def test_an_aws_secret_that_begins_like_a_path_is_found(name: str) -> None:
    assert secret_in(f"{name}/gQh3gd3MzK9vID8o3tvHRi0J2" + "qUCFjrVgSbQQ9z")
    assert secret_in(f"{name}/etc/ssl/private/aws.pem") is None
