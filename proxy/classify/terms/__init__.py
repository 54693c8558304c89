"""Vocabulary: which words speak for which trait of a request, in several languages.

One trait per entry; its terms are parted by commas. `word` is a whole word, `stem*` its beginning, `make .. plan` two
words with at most three between them. Chinese, Japanese and Korean terms are found anywhere, as nothing parts words
there. What a trait weighs is not written here: that is learned (`weights.json`).
"""

from __future__ import annotations

from proxy.classify.terms.complex_work import COMPLEX
from proxy.classify.terms.plain_work import PLAIN
from proxy.classify.terms.restricted_sound import HARMLESS, LIKELY
from proxy.classify.terms.restricted_work import RESTRICTED

TRAITS = {**COMPLEX, **PLAIN}

__all__ = ["COMPLEX", "HARMLESS", "LIKELY", "RESTRICTED", "TRAITS"]
