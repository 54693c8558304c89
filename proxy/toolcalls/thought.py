"""What a model says to itself at the beginning of its answer, where a server has left that in the text."""

from __future__ import annotations

START, END = "<think>", "</think>"


class Thoughtless:
    """Let text through without the <think> that it begins with; one that never ends is told as it came."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._tail = ""
        self._has_words = False
        self._is_inside = False
        self._is_past = False
        self._strips = False

    def feed(self, text: str) -> str:
        """Take the next text, and return what is no thought."""
        if self._is_past:
            return self._after(text)
        self._pieces.append(text)
        self._has_words = self._has_words or bool(text.strip())
        if not self._has_words:  # Some models write blanks without end: none of them is looked at twice.
            return ""
        self._tail = (self._tail + text)[-len(text) - len(END) :]
        if self._is_inside and END not in self._tail:
            return ""
        return self._seen("".join(self._pieces))

    def rest(self) -> str:
        """Take the end of the text, and return what was held."""
        rest, self._pieces = "".join(self._pieces), []
        return rest

    def _seen(self, text: str) -> str:
        begun = text.lstrip()
        self._is_inside = begun.startswith(START)
        if self._is_inside and END in begun:
            self._is_past, self._strips, self._pieces = True, True, []
            return self._after(begun.partition(END)[2])
        if self._is_inside or START.startswith(begun):
            return ""
        self._is_past, self._pieces = True, []
        return text

    def _after(self, text: str) -> str:
        """Leave out the blanks between the thought and the words."""
        text = text.lstrip() if self._strips else text
        self._strips = self._strips and not text
        return text
