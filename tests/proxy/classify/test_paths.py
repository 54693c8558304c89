"""Restricted paths: in words and in tool calls."""

from __future__ import annotations

import pytest

from proxy.classify.paths import Restricted, restricted_in_call, restricted_in_text

NONE = Restricted()


@pytest.mark.parametrize(
    "path",
    [
        *(".env", ".env.local", ".env.production", "backend/.env", "prod.env", ".envrc", "@.env", "a\\b\\.env"),
        *("secrets/db.txt", "config/secrets.yml", "k8s/secrets/token", ".secrets", "secret.json"),
        *("certs/server.pem", "key.p12", "app.jks", "tls/server.key", "deploy/private.key", "vault.kdbx"),
        *("~/.ssh/id_rsa", "id_ed25519", ".ssh/config", "/home/a/.ssh/authorized_keys"),
        *("~/.aws/credentials", ".netrc", ".pypirc", "~/.docker/config.json", "~/.kube/config", ".htpasswd"),
        *("service-account.json", "client_secret_1.json", "credentials.json", "prod.tfvars", "terraform.tfstate"),
        *("/etc/shadow", "wp-config.php"),
    ],
)
def test_files_that_hold_secrets_are_restricted_in_words_and_calls(path: str) -> None:
    assert restricted_in_text(f"look at {path} please", NONE)
    assert restricted_in_text(
        f"看看{path}里面" if not path.startswith(("s", "p", "k", "c", "t", "v", "a")) else path, NONE
    )
    assert restricted_in_call("Read", {"file_path": path}, NONE)
    assert restricted_in_call("Bash", {"command": f"cat {path} | head"}, NONE)


@pytest.mark.parametrize(
    "path",
    [
        *(
            ".env.example",
            ".env.sample",
            ".env.template",
            ".env.local.example",
            "config.env.dist",
            "src/environment.ts",
        ),
        *(
            "process.env.PORT",
            "import.meta.env.MODE",
            "os.env",
            "secretary.py",
            "src/keys.ts",
            "event.key",
            "id_rsa.pub",
        ),
        *(
            "config.json",
            "package.json",
            "src/author.py",
            "tokens.css",
            ".ssh/known_hosts",
            "README.md",
        ),
    ],
)
def test_files_that_only_sound_like_it_are_not(path: str) -> None:
    assert restricted_in_text(f"look at {path} please", NONE) is None
    assert restricted_in_call("Read", {"file_path": path}, NONE) is None


@pytest.mark.parametrize(
    "path", ["src/auth/login.ts", "payments/refund.py", "legal/terms.md", "app/billing/invoice.rb"]
)
def test_places_of_restricted_work_count_when_named_or_changed_and_not_when_read(path: str) -> None:
    assert restricted_in_text(f"change {path}", NONE)
    assert restricted_in_call("Edit", {"file_path": path}, NONE)
    assert restricted_in_call("Read", {"file_path": path}, NONE) is None


@pytest.mark.parametrize("path", ["author/list.py", "legalize.py", "src/oauthless.ts", "prepayments.md"])
def test_names_that_begin_alike_are_no_such_places(path: str) -> None:
    assert restricted_in_text(f"change {path}", NONE) is None


def test_a_persons_own_globs_are_restricted_too() -> None:
    own = Restricted(("infra/prod/**", "*.sqlite", "**/customers/*.csv"))
    for path in (
        "infra/prod/main.tf",
        "/repo/infra/prod/a/b.tf",
        "data/users.sqlite",
        "x/customers/eu.csv",
        "./infra/prod/x",
    ):
        assert restricted_in_text(f"open {path}", own), path
        assert restricted_in_call("Read", {"file_path": path}, own), path
    for path in ("infra/test/main.tf", "users.sql", "customers.md"):
        assert restricted_in_text(f"open {path}", own) is None, path
        assert restricted_in_call("Read", {"file_path": path}, own) is None, path


def test_a_text_that_would_take_long_to_compare_with_a_stranger_s_globs_is_taken_for_restricted() -> None:
    strangers = Restricted(tuple(f"a*a*a*a*a*{number}z" for number in range(100)))
    assert restricted_in_text(" ".join(["a/" * 2000] * 60), strangers) == "path.own"
    assert restricted_in_text(" ".join(["src/app/main.py"] * 20_000), strangers) is None


def test_what_is_written_into_a_file_names_no_path() -> None:
    assert restricted_in_call("Write", {"file_path": "docs/setup.md", "content": "Copy it to .env"}, NONE) is None


@pytest.mark.parametrize("arguments", [None, [], "x", {"file_path": 5}, {"paths": [1, None]}, {}])
def test_calls_of_any_form_can_be_looked_at(arguments: object) -> None:
    assert restricted_in_call("Read", arguments, NONE) is None


def test_lists_of_paths_are_looked_through() -> None:
    assert restricted_in_call("ReadMany", {"paths": ["a.py", "b/.env"]}, NONE)
