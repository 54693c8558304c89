"""One session in a world: the requests it makes, one by one or two at once, and what is wrong with their answers."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from tests.kit.raw import Answer, Client, Truncated, get
from tests.prove.restricted.becoming import WAYS
from tests.prove.restricted.talk import NAMED, SUMMARISE, Dialect, Talk
from tests.prove.restricted.world import SLOWLY, World

WORK = (
    "What does the retry helper do?",
    "Rename getUser to fetchUser in profile.ts",
    "Add a unit test for parse_date",
    "Run the linter and fix it",
    "Design the sync engine between desktop and server, propose options first",
    "Summarise what changed in the README",
)
LONG = "the value of this line is the value of the next line\n" * 3000
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
LIMIT_S = 20.0
RARE = 0.2
"""What has grown too large for a local model is refused from then on, and little can be seen of it any more."""


@dataclass
class Tally:
    """What was seen over all sequences; `faults` must stay empty."""

    sequences: int = 0
    requests: int = 0
    restarts: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    events: Counter[str] = field(default_factory=Counter)
    ends: Counter[str] = field(default_factory=Counter)
    """How requests of restricted sessions ended."""
    plain: Counter[str] = field(default_factory=Counter)
    """Where the requests of other sessions went meanwhile."""
    leaks: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


class Scene:
    """One session, from its first words to long after it became restricted."""

    def __init__(self, seed: int, world: World, tally: Tally) -> None:
        self.chance, self.world, self.tally = world.chance, world, tally
        self._name, self._policy = f"seed {seed}", world.policy
        chance = self.chance
        named = chance.choice(list(NAMED))
        dialect: Dialect = chance.choice(NAMED[named])
        self.talk = Talk(f"quartz{seed}w", f"walrus-{seed}-main", named, dialect)
        self.other = Talk(f"basalt{seed}w", f"heron-{seed}", "x-session-id", dialect)
        self.agents: list[Talk] = []
        self.material = f"zebra{seed}q"
        self.told: list[str] = []
        self._last: tuple[Any, str, dict[str, Any]] | None = None
        self._restricted_from: int | None = None
        """The number of requests that the forbidden side had when the session became restricted."""
        self._checked = 0

    # --- what the agent does --------------------------------------------------------------------------------------

    def step(self) -> None:
        """Let the agent do something."""
        able = [kind for kind in STEPS if self._can(kind)]
        kind = self.chance.choices(able, [RARE if kind == "grows" else 1 for kind in able])[0]
        self.told.append(kind)
        self.tally.kinds[kind] += 1
        STEPS[kind](self)
        self.check()

    def become_restricted(self) -> None:
        """Let the session become restricted, perhaps while a sub-agent of it is under way."""
        way = self.chance.choice([way for way in WAYS if self._can(way)])
        self.told.append(way.upper())
        self.tally.kinds[way] += 1
        beside = None
        if self._has_agents and self.chance.random() < 0.4:
            beside = threading.Thread(target=self._send, args=(self._new_agent(f"Add a test, {SLOWLY}."),))
            beside.start()
            self._wait_for_the_slow_one()
            self.told.append("(beside a sub-agent)")
        WAYS[way](self.talk, self.chance, self.material)
        if self._can("counts") and self.chance.random() < 0.3:
            self.told.append("(counted first)")
            self._ask(self.talk.side("count"), "/v1/messages/count_tokens", self.talk.headers())
        answer = self._send(self.talk, is_restricted=True)
        self._restricted_from = self._count()
        if answer and answer.status == 200:
            self.talk.answered()
        if beside:
            beside.join()
        self.check()

    def someone_else(self) -> None:
        """Let a session that was never restricted ask something, to see that the door is open for others."""
        self.other.says(self.chance.choice(WORK))
        answer = self._send(self.other)
        self.tally.plain[_place(answer)] += 1

    def ask(self, words: str | None = None, **headers: str) -> None:
        """Let the user ask for something."""
        self.talk.says(words or self.chance.choice(WORK))
        self._talk(**headers)

    def go_on(self) -> None:
        """Let the model call a tool, and ask with what it brought."""
        self.talk.used("Read", {"file_path": "src/parser.py"}, "def parse(text): return text.split()")
        self._talk()

    def grow(self) -> None:
        """Bring more than a local model holds."""
        self.talk.used("Read", {"file_path": "src/long.py"}, LONG)
        self._talk()

    def try_again(self) -> None:
        """Send the last request once more, as an agent does after an error."""
        if self._last:
            body, path, headers = self._last
            self._judge(self._ask(body, path, {**headers, "x_stainless_retry_count": "1"}), path, self._is_restricted)

    def count(self) -> None:
        """Ask how many tokens it has."""
        path = "/v1/messages/count_tokens"
        self._judge(self._ask(self.talk.side("count"), path, self.talk.headers()), path, self._is_restricted)

    def list_models(self) -> None:
        """Ask which models there are."""
        answer = get(self.world.bursar.url, "/v1/models", **self.talk.headers())
        if answer.status != 200:
            self._fault(f"no list of models: {answer.status}")

    def title(self) -> None:
        """Ask for a title of the session."""
        self._send(self.talk, self.talk.side("title"))

    def compact(self) -> None:
        """Ask for a summary, and go on from it."""
        if self.talk.dialect == "openai":
            self.talk.says(SUMMARISE)
            body = self.talk.body()
        else:
            body = self.talk.side("compaction")
        answer = self._send(self.talk, body)
        if answer and answer.status == 200:
            self.talk.compacted()

    def delegate(self) -> None:
        """Begin a sub-agent, or let one go on."""
        if self.agents and self.chance.random() < 0.6:
            agent = self.chance.choice(self.agents)
            agent.used("Bash", {"command": "ls src"}, "parser.py")
        else:
            agent = self._new_agent(self.chance.choice(WORK))
        self._send(agent)

    def do_two_at_once(self) -> None:
        """Ask, while a sub-agent is under way."""
        agent = self._new_agent(f"Add a test, {SLOWLY}.")
        beside = threading.Thread(target=self._send, args=(agent,))
        beside.start()
        self.ask()
        beside.join()

    def change_model(self) -> None:
        """Ask another model from now on."""
        models = ("claude-opus-5-5", "claude-sonnet-5-5", "claude-haiku-4-5", "fake-model")
        self.talk.model = self.chance.choice(models)
        self.ask()

    def change_dialect(self) -> None:
        """Go on in the other dialect."""
        self.talk.dialect = "openai" if self.talk.dialect == "anthropic" else "anthropic"
        self.ask()

    def show(self) -> None:
        """Show an image, which the local model does not see."""
        self.talk.says("What is on this picture?")
        body = self.talk.body()
        url = f"data:image/png;base64,{PIXEL}"
        source = {"type": "base64", "media_type": "image/png", "data": PIXEL}
        if self.talk.dialect == "openai":
            words = {"type": "text", "text": self.talk.items[-1].text}
            body["messages"][-1]["content"] = [words, {"type": "image_url", "image_url": {"url": url}}]
        else:
            body["messages"][-1]["content"].append({"type": "image", "source": source})
        self._send(self.talk, body)

    def search(self) -> None:
        """Ask Claude's own tool to search the web."""
        tools = [{"type": "web_search_20250305", "name": "web_search", "max_uses": 8}]
        choice = {"type": "tool", "name": "web_search"}
        query = [{"role": "user", "content": f"Search for: {self.talk.mark}"}]
        self._send(self.talk, self.talk.body(tools=tools, tool_choice=choice, messages=query))

    # --- how it is sent and judged --------------------------------------------------------------------------------

    @property
    def _is_restricted(self) -> bool:
        return self._restricted_from is not None

    @property
    def _is_told_apart(self) -> bool:
        return self.talk.named in ("header", "x-session-id")

    @property
    def _has_agents(self) -> bool:
        return self.talk.named in ("header", "metadata", "x-session-id")

    def _can(self, kind: str) -> bool:
        anthropic, talk = self.talk.dialect == "anthropic", self.talk
        match kind:
            case "counts":
                # Such a question has no metadata: what was summarised is then told from other sessions by nothing.
                return anthropic and (self._is_told_apart or not talk.is_compacted) and talk.named != "nothing"
            case "searches the web":
                return anthropic and talk.named != "nothing"
            case "titles":
                return anthropic and self._has_agents
            case "delegates" | "does two at once":
                return self._has_agents
            case "compacts":
                return talk.named != "nothing" and bool(talk.items)
            case "goes on" | "goes on again" | "grows":
                return bool(talk.items)
            case "changes the dialect":
                return self._is_told_apart
            case "a secret in a document":
                return anthropic and talk.named != "nothing"
            case "a secret in the system prompt":
                return talk.named != "nothing"
        return True

    def _new_agent(self, words: str) -> Talk:
        agent = self.talk.sub_agent(f"agent-{len(self.agents)}", words)
        self.agents.append(agent)
        return agent

    def _talk(self, **headers: str) -> None:
        answer = self._send(self.talk, **headers)
        if answer and answer.status == 200:
            self.talk.answered()

    def _send(
        self, talk: Talk, body: dict[str, Any] | None = None, is_restricted: bool | None = None, **headers: str
    ) -> Answer | None:
        """Send a request and judge its answer; None if there was none."""
        if is_restricted is None:
            is_restricted = self._is_restricted and talk is not self.other
        body = dict(body or talk.body(), stream=self.chance.random() < 0.5)
        all_headers = talk.headers() | headers
        if talk is self.talk:
            self._last = (body, talk.path, all_headers)
        answer = self._ask(body, talk.path, all_headers)
        self._judge(answer, talk.path, is_restricted)
        return answer

    def _ask(self, body: Any, path: str, headers: dict[str, Any]) -> Answer | None:
        self.tally.requests += 1
        with Client(self.world.bursar.url, timeout_s=LIMIT_S) as client:
            try:
                return client.ask(body, path, **headers)
            except Truncated:
                return None
            except TimeoutError:
                self._fault(f"nothing came for {LIMIT_S:g} s")
                return None

    def _judge(self, answer: Answer | None, path: str, is_restricted: bool) -> None:
        if not is_restricted:
            return
        if answer is None:
            self.tally.ends["broken off"] += 1
            return
        self.tally.ends[f"{answer.status} {_place(answer)}"] += 1
        tier = answer.headers.get("x-bursar-tier", "L3")
        if tier != "L3":
            self._fault(f"it was taken for {tier}")
        if _place(answer) == ("Claude" if self._policy == "local-only" else "local"):
            self.tally.leaks.append(self._told(f"answered by {answer.headers['x-bursar-route']}"))
        wrong = wrong_with(answer, path)
        if wrong:
            self._fault(wrong)

    def check(self) -> None:
        """Search what the forbidden side got: nothing of the restricted session may be there."""
        for number, text in self._arrived():
            if self.material in text:
                self.tally.leaks.append(self._told(f"request {number} has what is restricted"))
            elif self._is_since(number) and (self.talk.mark in text or self.talk.session in text):
                self.tally.leaks.append(self._told(f"request {number} is of the session"))

    def _is_since(self, number: int) -> bool:
        return self._restricted_from is not None and number >= self._restricted_from

    def _arrived(self) -> list[tuple[int, str]]:
        """Give the requests that came since the last look to where nothing restricted may go."""
        if self._policy == "local-only":
            found = self.world.fake.requests(after=self._checked)
            arrived = [(one.number, (one.head + (one.body or b"")).decode(errors="replace")) for one in found]
        else:
            seen = list(enumerate(self.world.seen))[self._checked :]
            arrived = [(number, json.dumps(body)) for number, body in seen]
        self._checked += len(arrived)
        return arrived

    def _count(self) -> int:
        if self._policy == "local-only":
            return len(self.world.fake.requests(bodies=False))
        return len(self.world.seen)

    def _wait_for_the_slow_one(self) -> None:
        end = time.monotonic() + 0.12
        while time.monotonic() < end and not any(SLOWLY in str(body["messages"][-1]) for body in self.world.seen):
            time.sleep(0.005)

    def _fault(self, what: str) -> None:
        self.tally.faults.append(self._told(what))

    def _told(self, what: str) -> str:
        known = replace(self.talk, items=[])
        return f"{self._name}: {what}; {known.named}, {known.dialect}, {self.world.mode.value}; {'; '.join(self.told)}"


def wrong_with(answer: Answer, path: str) -> str | None:
    """Say what is wrong with an answer to a restricted request; None if nothing is.

    A refusal is in the caller's dialect, begins with our name and ends all retries.
    """
    if answer.status == 200 or _place(answer) == "Claude":
        return None  # What Claude itself says is passed on as it is.
    try:
        said = answer.json["error"]
        message, kind = said["message"], said["type"]
    except (ValueError, KeyError, TypeError):
        return f"status {answer.status} without an error that can be read"
    is_openai = path.startswith("/v1/chat")
    if ("code" in said) != is_openai or (answer.json.get("type") == "error") == is_openai:
        return f"an error in the wrong dialect: {answer.json}"
    if answer.status == 402:
        is_ours = message.startswith("bursar: ") and kind == "billing_error"
        is_last = answer.headers.get("x-should-retry") == "false"
        return None if is_ours and is_last else f"a refusal that is not ours or not the last: {message!r}"
    # What the local server did wrong is told as that, and may be tried again.
    return None if answer.status >= 500 else f"status {answer.status}: {message!r}"


def _place(answer: Answer | None) -> str:
    route = answer.headers.get("x-bursar-route", "?") if answer else "?"
    return "Claude" if route.startswith("anthropic") else "local" if route.startswith("box") else route


Step = Callable[[Scene], None]
STEPS: dict[str, Step] = {
    "asks": Scene.ask,
    "asks again": Scene.ask,
    "goes on": Scene.go_on,
    "goes on again": Scene.go_on,
    "tries again": Scene.try_again,
    "says @cloud": lambda scene: scene.ask("@cloud What does the retry helper do?"),
    "says @local": lambda scene: scene.ask("@local What does the retry helper do?"),
    "asks for Claude by header": lambda scene: scene.ask(x_bursar_route="cloud"),
    "asks for local by header": lambda scene: scene.ask(x_bursar_route="local"),
    "counts": Scene.count,
    "lists the models": Scene.list_models,
    "titles": Scene.title,
    "compacts": Scene.compact,
    "delegates": Scene.delegate,
    "does two at once": Scene.do_two_at_once,
    "changes the model": Scene.change_model,
    "changes the dialect": Scene.change_dialect,
    "shows a picture": Scene.show,
    "searches the web": Scene.search,
    "grows": Scene.grow,
}
