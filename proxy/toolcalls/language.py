"""Whether an answer is written in the conversation's script, and in whole characters."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from proxy.ownwords import user_text

LETTERS_TO_TELL = 20
"""So many letters of a script have to be there before it counts as an answer's own."""

LATIN_TO_TELL = 80
"""An answer in Latin letters is a short one more often: "Done, all tests pass."."""

MOST_OF_IT = 0.6
LETTERS_TO_KNOW = 3
"""So many letters make a script one of the conversation's."""

ANSWER_CHARS = 2048
"""What is looked at of an answer: so much of its beginning and so much of its end."""
MESSAGES_LOOKED_AT = 30
CHARS_LOOKED_AT = 4096
BROKEN = "\N{REPLACEMENT CHARACTER}"

SCRIPTS = {
    "Latin": re.compile("[A-Za-z\u00c0-\u024f]"),
    "Greek": re.compile("[\u0370-\u03ff]"),
    "Cyrillic": re.compile("[\u0400-\u052f]"),
    "Hebrew": re.compile("[\u0590-\u05ff]"),
    "Arabic": re.compile("[\u0600-\u06ff\u0750-\u077f]"),
    "Indic": re.compile("[\u0900-\u0dff]"),
    "Thai": re.compile("[\u0e00-\u0e7f]"),
    "Hangul": re.compile("[\uac00-\ud7af\u1100-\u11ff]"),
    "Kana": re.compile("[\u3040-\u30ff]"),
    "Han": re.compile("[\u3400-\u9fff]"),
}
_RELATED = {"Kana": ("Han",), "Han": ("Kana",)}
"""Japanese is written in both."""

# Who asks for another language, or about one, gets it.
_ASKS_FOR_LANGUAGE = re.compile(
    r"transl|languag|locali[sz]|i18n|l10n|unicode|transcri|chinese|mandarin|cantonese|japanese|korean|russian|ukrain"
    r"|bulgar|serbian|greek|hebrew|arabic|persian|farsi|hindi|thai|vietnam|turkish|english|german|french|spanish"
    r"|перев|язык|англий|翻译|英文|英语|语言|翻訳|英語|번역|영어|ترجم|לתרגם",
    re.IGNORECASE,
)


def is_other_script(text: str, messages: Sequence[Mapping[str, Any]]) -> bool:
    """Tell whether a text, without its code, is written in a script that the conversation does not have.

    Latin letters are everywhere in code, so there it is what the user wrote last that counts.
    """
    if len(text) > 2 * ANSWER_CHARS:
        text = text[:ANSWER_CHARS] + text[-ANSWER_CHARS:]
    script = _main_script(text)
    if script is None or not messages:
        return False
    asked = _newest(messages)
    if _ASKS_FOR_LANGUAGE.search(asked):
        return False
    if script == "Latin":
        wrote = _main_script(asked)
        return wrote not in (None, "Latin") and len(SCRIPTS["Latin"].findall(text)) >= LATIN_TO_TELL
    known = (script, *_RELATED.get(script, ()))
    return not any(
        len(SCRIPTS[one].findall(said)) >= LETTERS_TO_KNOW for said in _said(messages) for one in known
    )  # fmt: skip


def has_broken_text(text: str, messages: Sequence[Mapping[str, Any]]) -> bool:
    """Tell whether bytes of a text were no characters, unless the conversation is about such a text."""
    return BROKEN in text and not any(BROKEN in said for said in _said(messages))


def _main_script(text: str) -> str | None:
    """Find the script that most of a text's letters are in; a Chinese letter says as much as three others."""
    counts = {name: len(pattern.findall(text)) for name, pattern in SCRIPTS.items()}
    counts["Han"] *= 3
    name = max(counts, key=counts.__getitem__)
    is_most = counts[name] >= max(LETTERS_TO_TELL, MOST_OF_IT * sum(counts.values()))
    return name if is_most else None


def _newest(messages: Sequence[Mapping[str, Any]]) -> str:
    """Find what the user wrote last."""
    said = (user_text(message.get("content")) for message in reversed(messages) if message.get("role") == "user")
    return next((text for text in said if text), "")[:CHARS_LOOKED_AT]


def _said(messages: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Return the texts of the newest messages, tool results among them."""
    for message in reversed(messages[-MESSAGES_LOOKED_AT:]):
        yield from _texts(message.get("content"))


def _texts(content: Any) -> Iterator[str]:
    if isinstance(content, str):
        yield content[:CHARS_LOOKED_AT]
    for block in content if isinstance(content, list) else ():
        if isinstance(block, dict):
            yield from _texts(block.get("text") or block.get("content"))
