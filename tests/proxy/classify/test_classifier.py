"""The classifier: which tier a turn gets, in several languages, and that it fails closed and tells nothing."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.classify import Classifier, Restricted, classify
from proxy.classify.classifier import Seen
from proxy.classify.weigh import by_words
from proxy.kept import FRESH, Kept
from proxy.request import AgentRequest, read
from proxy.task import Task, TaskClass, Tier
from tests.kit import bodies

TOKEN = "gh" + "p_" + "a1B2c3D4e5F6" * 3


def asked(words: str, *rest: dict[str, Any]) -> AgentRequest:
    return read(bodies.encode(bodies.main_turn(words, *rest)), bodies.headers())


def task(words: str, *rest: dict[str, Any]) -> Task:
    return classify(asked(words, *rest), restricted=Restricted())


@pytest.mark.parametrize(
    "words",
    [
        "Add a login page with password reset",
        "Why does the JWT expire after five minutes in our app?",
        "Implement the Stripe checkout flow",
        "Change the licence to Apache and add the license header",
        "Write our privacy policy",
        "Store patient records so that it is HIPAA compliant",
        "Rotate the API keys in the settings",
        "Only admins may see it: add RBAC",
        "I put the secret into .env.local, what next?",
        "payment方面的代码需要修改",
        "实现用户登录和注册功能",
        "修改支付回调",
        "Añade el inicio de sesión con contraseña",
        "Arregla el módulo de pagos",
        "Baue die Anmeldung mit Passwort um",
        "Die Zahlungsabwicklung ist kaputt, repariere sie",
        "Passe die Datenschutzerklärung an",
        "Добавь авторизацию через Google",
        "Исправь обработку платежей",
        "Ajoute l'authentification par mot de passe",
        "Corrige le module de paiement",
        "Adicione autenticação e troque a senha do banco",
        "ログイン画面を直して",
    ],
)
def test_restricted_work_is_seen_in_any_language(words: str) -> None:
    assert task(words).tier is Tier.L3


@pytest.mark.parametrize(
    "words",
    [
        "Explain OAuth",
        "What is a JWT?",
        "How does RBAC work?",
        "Who is the author of this file?",
        "Count the tokens of the prompt",
        "The max tokens setting is too low",
        "Sort by primary key",
        "Rename the dict key",
        "Add design tokens for spacing",
        "Use https://example.com/login/payment for the link",
        "Show this:\n```\npassword = input()\nlogin(password)\n```\nin a smaller font",
    ],
)
def test_words_that_only_sound_like_it_are_not_restricted(words: str) -> None:
    assert task(words).tier < Tier.L3


@pytest.mark.parametrize(
    ("words", "tier"),
    [
        ("Fix the typo in the README", Tier.L0),
        ("Explain what this function does", Tier.L0),
        ("Update the changelog", Tier.L0),
        ("thanks, that's great", Tier.L0),
        ("解释一下这个函数", Tier.L0),
        ("Erkläre mir diese Funktion", Tier.L0),
        ("Rename getUser to fetchUser", Tier.L1),
        ("Run the tests", Tier.L1),
        ("Write a unit test for parse_date", Tier.L1),
        ("commit this", Tier.L1),
        ("Make the button blue", Tier.L1),
        ("Переименуй переменную", Tier.L1),
        ("Renombra esta función", Tier.L1),
        ("Design the architecture for a plugin system with hot reload", Tier.L2),
        ("Migrate the database to the new schema", Tier.L2),
        ("Find the root cause of the race condition in the scheduler", Tier.L2),
        ("Review the changes in this pull request", Tier.L2),
        ("Deploy it to production", Tier.L2),
        ("Implement the following plan: first the parser, then the printer, then the tests", Tier.L2),
        ("设计一个新的缓存架构", Tier.L2),
        ("Entwirf die Architektur für das neue Modul und plane die Migration", Tier.L2),
        ("Спроектируй архитектуру и миграцию базы данных", Tier.L2),
        ("Diseña la arquitectura del nuevo servicio", Tier.L2),
        ("Conçois l'architecture et planifie la migration", Tier.L2),
    ],
)
def test_plain_examples_get_the_tier_that_anyone_would_give(words: str, tier: Tier) -> None:
    assert task(words).tier is tier


def test_a_turn_is_judged_by_its_request_and_not_by_its_tool_results() -> None:
    results = [
        bodies.call("Read", file_path="src/a.py"),
        bodies.result("def login(password): # OAuth payment architecture"),
    ]
    assert task("Rename the variable", *results).tier is Tier.L1


def test_reminders_of_the_client_do_not_count() -> None:
    assert "password" in bodies.REMINDER
    assert task("Rename the variable").tier is Tier.L1


def test_a_yes_gets_the_tier_of_what_it_agrees_to() -> None:
    found = task("Migrate the database to the new schema", bodies.said("Shall I begin?"), bodies.user("yes, go ahead"))
    assert (found.task_class, found.tier) == (TaskClass.continuation, Tier.L2)


def test_a_request_without_words_is_not_taken_lightly() -> None:
    assert by_words("").tier is Tier.L2


@pytest.mark.parametrize(
    "message",
    [
        bodies.user(f"Use {TOKEN}"),
        bodies.said(f"The token is {TOKEN}"),
        bodies.call("Bash", command=f"curl -H 'x: {TOKEN}' example.com"),
        bodies.call("Write", file_path="a.txt", content={"deep": ["down", TOKEN]}),
        bodies.result(f"TOKEN={TOKEN}"),
        bodies.result([bodies.text(f"TOKEN={TOKEN}")]),
    ],
)
def test_a_secret_anywhere_in_the_conversation_restricts_it(message: dict[str, Any]) -> None:
    found = task("Rename it", message, bodies.user("Now sort the imports"))
    assert (found.tier, found.reasons[0].rule) == (Tier.L3, "secret.github")


@pytest.mark.parametrize(
    "block",
    [
        {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": f"TOKEN={TOKEN}"}},
        {"type": "document", "source": {"type": "content", "content": [bodies.text(f"TOKEN={TOKEN}")]}},
        {"type": "search_result", "source": "s", "title": "t", "content": [bodies.text(TOKEN)]},
        {"type": "a_block_of_next_year", "words": {"deep": [TOKEN]}},
    ],
)
def test_a_secret_in_a_document_or_a_block_of_any_other_type_restricts_it_too(block: dict[str, Any]) -> None:
    found = task("Rename it", {"role": "user", "content": [block, bodies.text("Now sort the imports")]})
    assert (found.tier, found.reasons[0].rule) == (Tier.L3, "secret.github")


def test_a_signature_of_thinking_is_not_read_for_words() -> None:
    thought = {"type": "thinking", "thinking": "Sort them.", "signature": f"Er{TOKEN}"}
    assert task("Rename it", {"role": "assistant", "content": [thought]}).tier is Tier.L1


def test_a_secret_in_the_system_prompt_restricts_the_request() -> None:
    fields = {**bodies.main_turn("Rename it"), "system": f"The key: {TOKEN}"}
    assert classify(read(bodies.encode(fields), {}), restricted=Restricted()).tier is Tier.L3


def test_a_restricted_file_that_the_agent_opened_restricts_the_request() -> None:
    found = task("Rename it", bodies.call("Read", file_path="/repo/.env"), bodies.result("A=1"))
    assert (found.tier, str(found.reasons[0])) == (Tier.L3, "path.env in tool call")


def test_a_block_that_was_scanned_gets_the_same_verdict_without_a_scan() -> None:
    seen = Seen()
    assert seen.secret_in(TOKEN) == seen.secret_in(TOKEN) == "secret.github"
    classifier, request = Classifier(), asked("Rename it", bodies.result(TOKEN))
    assert classifier.classify(request) == classifier.classify(request)


def test_what_is_remembered_is_bounded_and_the_oldest_goes_first() -> None:
    kept: Kept[str | None] = Kept(10)
    for number in range(50):
        kept.put(number, None)
    assert [number for number in range(50) if kept.get(number) is not FRESH] == list(range(40, 50))


def test_a_message_that_was_looked_through_is_looked_through_again_for_other_paths() -> None:
    classifier, request = Classifier(), asked("Rename it", bodies.call("Read", file_path="/repo/infra/prod.tf"))
    assert [classifier.classify(request, also).tier for also in ((), ("infra/**",), ())] == [Tier.L1, Tier.L3, Tier.L1]


def test_many_threads_share_one_classifier() -> None:
    classifier = Classifier()
    requests = [asked(f"Rename it {n}", bodies.result(f"{TOKEN if n % 2 else 'x'} {n}")) for n in range(40)]
    with ThreadPoolExecutor(8) as pool:
        tiers = [found.tier for found in pool.map(classifier.classify, requests * 5)]
    assert tiers == [Tier.L3 if n % 2 else Tier.L1 for n in range(40)] * 5


def test_a_scan_that_fails_makes_the_request_restricted() -> None:
    class Broken(Seen):
        def secret_in(self, text: str, until: float | None = None) -> str | None:
            raise RuntimeError("no memory")

    found = classify(asked("Fix a typo"), restricted=Restricted(), seen=Broken())
    assert (found.tier, found.reasons[0].rule) == (Tier.L3, "scan.failed")


@given(st.text(max_size=400))
def test_any_words_get_a_task_and_no_reason_quotes_them(words: str) -> None:
    found = by_words(f"zebra {words} zebra", words)
    assert found.reasons
    assert 0 <= found.confidence <= 1
    for reason in found.reasons:
        assert "zebra" not in str(reason)
        assert str(reason).isascii()


def test_a_long_paste_is_judged_by_what_is_asked_at_its_ends() -> None:
    log = "\n".join(f"2026-11-21 10:00:{n % 60:02} INFO login ok, password checked" for n in range(3000))
    assert task(f"Sort these lines\n{log}\nSort them by time").tier < Tier.L3
    assert task(f"{log}\nWhy does the login fail here?").tier is Tier.L3


@pytest.mark.parametrize("unit", ["a", "a.", "a/", "-", "/", " ", "\n", "://a:", "token=", "secret", "eyJ", "<", '"'])
def test_a_hostile_text_is_scanned_in_time_that_grows_with_its_length(unit: str) -> None:
    # With a pattern that backtracks, one of these would take minutes.
    text = unit * (60_000 // len(unit))
    task(text, bodies.call("Read", file_path=text), bodies.result(text))
