"""How a session becomes restricted: each way says or does one thing, and marks it with a word that is searched for."""

from __future__ import annotations

import random
from collections.abc import Callable

from tests.kit.secrets_made import CONTEXTS, FORMATS
from tests.prove.restricted.talk import Item, Talk

Way = Callable[[Talk, random.Random, str], None]


def secret(chance: random.Random, material: str) -> str:
    """Make a text that holds a secret of some format, in some context, and the word that marks it.

    One without digits, as two formats bring them now and then, cannot be told from words.
    """
    made = ""
    while sum(letter.isdigit() for letter in made) < 3:
        made = FORMATS[chance.choice(list(FORMATS))](chance)
    return f"{chance.choice(list(CONTEXTS.values())).format(made)}\n{material}"


def _prompt(talk: Talk, chance: random.Random, material: str) -> None:
    talk.says(secret(chance, material))


def _result(talk: Talk, chance: random.Random, material: str) -> None:
    talk.says("Show me the settings.")
    talk.used("Read", {"file_path": "src/settings.py"}, secret(chance, material))


def _call_path(talk: Talk, chance: random.Random, material: str) -> None:
    talk.says("Where is the shop's name set?")
    path = chance.choice(["/home/me/app/.env.production", "secrets/shop.txt", "deploy/id_rsa", "certs/server.pem"])
    talk.used("Read", {"file_path": path}, f"the shop is called {material}")


def _call_words(talk: Talk, chance: random.Random, material: str) -> None:
    talk.says("Ask the server for its list.")
    talk.used("Bash", {"command": f"curl 'http://localhost' -H '{secret(chance, material)}'"}, "a list")


def _words(talk: Talk, chance: random.Random, material: str) -> None:
    asked = [
        "Rotate the API key and change the password of the admin account",
        "Fix the login session in the auth middleware",
        "Rotate the webhook secret and update the payment credentials",
    ]
    talk.says(f"{chance.choice(asked)}, {material}.")


def _told(talk: Talk, chance: random.Random, material: str) -> None:
    talk.says(f"The password is Tr0ub4dor&3x{chance.randrange(100)}, {material}.")


def _project_prompt(talk: Talk, chance: random.Random, material: str) -> None:
    talk.says(f"Say what infra/prod/network.tf does, {material}.")


def _project_call(talk: Talk, chance: random.Random, material: str) -> None:
    talk.says("Say how the network is built.")
    talk.used("Bash", {"command": "cat infra/prod/network.tf"}, f"a network called {material}")


def _rule_prompt(talk: Talk, chance: random.Random, material: str) -> None:
    talk.says(f"Count the lines of data/customers/2026.csv, {material}.")


def _rule_call(talk: Talk, chance: random.Random, material: str) -> None:
    talk.says("Count the lines of the newest file.")
    talk.used("Read", {"file_path": "data/customers/2026.csv"}, f"one line, {material}")


def _document(talk: Talk, chance: random.Random, material: str) -> None:
    talk.items.append(Item("document", secret(chance, material)))
    talk.says("What is this?")


def _answer(talk: Talk, chance: random.Random, material: str) -> None:
    talk.says("Make up a value for the settings.")
    talk.answered(secret(chance, material))
    talk.says("Good. Go on.")


def _system(talk: Talk, chance: random.Random, material: str) -> None:
    talk.system += secret(chance, material)
    talk.says("What does the parser do?")


WAYS: dict[str, Way] = {
    "a secret in the prompt": _prompt,
    "a secret in a tool's result": _result,
    "a secret in a call": _call_words,
    "a secret in a document": _document,
    "a secret in an answer": _answer,
    "a secret in the system prompt": _system,
    "a secret told in words": _told,
    "a restricted path in a call": _call_path,
    "its words": _words,
    "the project's file, in the prompt": _project_prompt,
    "the project's file, in a call": _project_call,
    "a rule, in the prompt": _rule_prompt,
    "a rule, in a call": _rule_call,
}
