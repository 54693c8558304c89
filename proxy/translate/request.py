"""A request to the Messages API, put in the words of a local server.

Only for local servers: what goes to the API itself is never parsed and rebuilt.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from proxy.translate import completions, ollama, own_messages
from proxy.translate.asked import read
from proxy.translate.refusal import CannotTranslate
from proxy.translate.translated import Translated, Wire
from proxy.upstream.local_model import LocalModel

__all__ = ["CannotTranslate", "Translated", "Wire", "to_chat"]


def to_chat(
    fields: Mapping[str, Any], *, model: str, caps: LocalModel, judged: bool = False, constrained: bool = False
) -> Translated:
    """Translate a request for the model `model` of a local server that can do `caps`.

    `judged` where nobody is shown a word before all of the answer is there: it may then come in one piece, with more to
    judge it by. `constrained` forces the answer into one of the tools sent, for a second attempt.
    Raises CannotTranslate with the reason where it cannot be done, or does not fit the model's context.
    """
    asked = read(fields, model, caps, judged=judged, constrained=constrained)
    if asked.own_api:
        return own_messages.body_of(asked)
    return ollama.body_of(asked) if caps.kind == "ollama" else completions.body_of(asked)
