"""bursar doctor: what is printed of each kind of trouble, and the command that mends it."""

import json
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.kit.fake_claude import ROOT
from tests.kit.llama.server import llama_server
from tests.kit.llama.templates import CHATML
from tests.kit.local_fake import DONE, Act, calls, chunk, local_fake, says
from tests.kit.probe_scripts import AS_TEXT, GOOD
from tests.tray.conftest import Command

VLLM = {"/v1/models": (200, {"data": [{"id": "qwen3-8b", "owned_by": "vllm", "max_model_len": 65536}]})}
OLLAMA: dict[str, Any] = {
    "/v1/models": (404, {}),
    "/api/version": (200, {"version": "0.40.1"}),
    "/api/tags": (200, {"models": [{"name": "qwen3:8b", "digest": "1"}]}),
    "/api/ps": (200, {"models": []}),
    "/api/show": (200, {"capabilities": ["completion", "tools"], "model_info": {"qwen3.context_length": 40960}}),
}


def free_ports(number: int) -> list[int]:
    """Find ports where nothing listens."""
    with ExitStack() as open_:
        found = [open_.enter_context(socket.socket()) for _ in range(number)]
        for one in found:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in found]


def lines_of(home: Path, *lines: str) -> None:
    """Add lines to the config file."""
    config = home / "config.toml"
    config.write_text(config.read_text() + "\n".join(lines) + "\n")


def with_free_ports(home: Path) -> None:
    """Let no bursar be in the way that runs on the usual ports meanwhile."""
    config = home / "config.toml"
    config.write_text("port = {}\ncontrol_port = {}\n".format(*free_ports(2)) + config.read_text())


def test_no_server_is_said_with_how_to_start_one(bursar: Command) -> None:
    with local_fake() as fake:
        url = fake.url
    said = bursar("doctor", url)
    assert said.code == 1
    assert f"!!  {url.removeprefix('http://')}  no server answers at {url}: it is not running" in said.out
    assert "→ start it" in said.out
    assert "1 thing wrong, marked !!" in said.out


def test_what_is_no_model_server_is_said(bursar: Command) -> None:
    with local_fake(pages={"/v1/models": (200, ["hello"])}) as fake:
        said = bursar("doctor", fake.url)
    assert said.code == 1
    assert "is no model server that we know" in said.out


@pytest.mark.slow
def test_a_good_server_is_said_to_be_good(bursar: Command) -> None:
    with llama_server(scripts=GOOD) as server:
        said = bursar("doctor", server.url)
    assert said.code == 0
    assert "llama.cpp at http" in said.out
    assert "tools work: 8 of 8 checks passed" in said.out
    assert "all is well" in said.out
    assert "simple call (1 of 8)" in said.err
    assert "a list of 25 tools (8 of 8)" in said.err


@pytest.mark.slow
def test_a_wrong_template_is_said_with_the_flag(bursar: Command) -> None:
    with llama_server(scripts=GOOD, template=CHATML) as server:
        said = bursar("doctor", server.url)
    assert said.code == 1
    assert "the chat template of tiny-scripted knows no tools" in said.out
    assert "→ llama-server --jinja --chat-template-file" in said.out


@pytest.mark.slow
def test_a_context_of_4_k_is_said_with_the_flag(bursar: Command) -> None:
    with llama_server(scripts=GOOD, ctx=4096) as server:
        said = bursar("doctor", server.url)
    assert said.code == 1
    assert "tools work: 7 of 8 checks passed" in said.out
    assert "holds 4,096 tokens; an agent's first request has about 20,000" in said.out
    assert "→ llama-server -c 65536" in said.out
    assert "-np 2 divides -c among 2 slots" in said.out


@pytest.mark.slow
def test_calls_that_are_printed_as_text_are_said_with_their_style(bursar: Command) -> None:
    with llama_server(scripts=AS_TEXT) as server:
        said = bursar("doctor", server.url)
    assert said.code == 1
    assert "prints its calls as text in the style Mistral" in said.out
    assert "→ llama-server --jinja --chat-template-file" in said.out


def test_an_ollama_with_4_k_is_said_with_the_key_of_the_config_file(bursar: Command) -> None:
    with local_fake(pages=OLLAMA) as fake:
        said = bursar("doctor", fake.url)
    assert said.code == 1
    assert "qwen3:8b holds 4,096 tokens (assumed: the server does not tell)" in said.out
    assert "context = 32768 (bursar then asks Ollama for it), or: OLLAMA_CONTEXT_LENGTH=32768 ollama serve" in said.out


def test_a_slow_server_is_said_with_the_minutes_that_an_agent_waits(bursar: Command) -> None:
    table = {"prompt_n": 8000, "prompt_ms": 400_000, "predicted_n": 50, "predicted_ms": 5_000}
    usage = {"prompt_tokens": 8000, "completion_tokens": 50}

    def good(body: bytes) -> Act:
        return Act(body.removesuffix(DONE) + chunk(timings=table, usage=usage) + DONE)

    order = json.dumps({"customer": {"name": "Ada", "note": 'Say "hello"\nand open C:\\new'}, "items": [
        {"article": "bolt", "quantity": 3, "price": 0.25, "delivery": "express"},
        {"article": "nut", "quantity": 1, "price": 2, "delivery": "standard"},
    ]})  # fmt: skip
    weather, read = (
        calls("get_weather", '{"city": "Oslo"}'),
        calls("read_file", '{"path": "/home/ada/project/README.md"}'),
    )
    answers = [weather, calls("save_order", order), says("17 degrees"), says("It is 4"), *[weather] * 3]
    answers += [weather, *[calls("get_time", '{"city": "Oslo"}')], read]
    with local_fake(*map(good, answers), pages=VLLM) as fake:
        said = bursar("doctor", fake.url)
    assert said.code == 1
    # 8,000 tokens in 400 s are 20 a second; 20,000 tokens take 1,000 s.
    assert "qwen3-8b is too slow: it reads 20 tokens a second" in said.out
    assert "takes 17 minutes before its first word" in said.out


def test_a_vllm_without_its_flags_is_said_with_them(bursar: Command) -> None:
    refusal = {"error": {"message": '"auto" tool choice requires --enable-auto-tool-choice', "code": 400}}
    with local_fake(Act(json.dumps(refusal).encode(), 400, "application/json"), pages=VLLM) as fake:
        said = bursar("doctor", fake.url)
    assert said.code == 1
    assert "vLLM was started without tool calling" in said.out
    assert "→ vllm serve qwen3-8b --enable-auto-tool-choice --tool-call-parser hermes" in said.out


def test_a_key_that_is_refused_is_said(bursar: Command) -> None:
    with local_fake(pages={"/props": (401, {})}) as fake:
        said = bursar("doctor", fake.url)
    assert said.code == 1
    assert "refused the key" in said.out
    assert "api_key_env" in said.out


def test_the_key_is_taken_from_the_environment_and_never_shown(bursar: Command) -> None:
    with local_fake(Act(says("No.")), pages=VLLM) as fake:
        said = bursar("doctor", fake.url, "--key-env", "BOX_KEY", "--json", BOX_KEY="s3cret")
        assert fake.headers[0]["authorization"] == "Bearer s3cret"
    assert "s3cret" not in said.out + said.err


def test_as_json_it_tells_the_same(bursar: Command) -> None:
    with local_fake(Act(says("No.")), pages=VLLM) as fake:
        said = bursar("doctor", fake.url, "--json")
    assert said.code == 1
    assert said.json["ok"] is False
    assert "no calls" in [finding["key"] for finding in said.json["findings"]]
    assert said.json["locals"][0]["models"][0]["probe"]["passed"] is False


def test_a_look_at_a_server_leaves_no_trace_where_there_is_no_bursar(
    bursar: Command, home: Path, tmp_path: Path
) -> None:
    with local_fake(Act(says("No.")), pages=VLLM) as fake:
        bursar("--home", str(tmp_path / "nowhere"), "doctor", fake.url)
    assert not (tmp_path / "nowhere").exists()


def test_one_model_can_be_chosen_and_a_wrong_name_is_said(bursar: Command) -> None:
    two = {"/v1/models": (200, {"data": [{"id": name, "owned_by": "vllm"} for name in ("one", "two")]})}
    with local_fake(Act(says("No.")), pages=two) as fake:
        said = bursar("doctor", fake.url, "--model", "two")
        assert {request["model"] for request in fake.requests} == {"two"}
        wrong = bursar("doctor", fake.url, "--model", "three")
    assert "one" not in [line.split()[1] for line in said.out.splitlines() if line[:2] in ("ok", "!!")]
    assert wrong.code == 1
    assert "it has no model three; it has one, two" in wrong.out


@pytest.mark.parametrize("address", ["ftp://x", "http://", ""])
def test_what_is_no_address_is_wrong_usage(bursar: Command, address: str) -> None:
    said = bursar("doctor", address)
    assert said.code == 2
    assert "is no address of a server, such as http://127.0.0.1:8080" in said.err


@pytest.mark.parametrize("address", ["127.0.0.1:2877", "http://localhost:2878"])
def test_bursars_own_address_is_not_examined(bursar: Command, address: str) -> None:
    said = bursar("doctor", address)
    assert (said.code, said.out) == (2, "")
    assert "that is bursar's own address" in said.err


def test_a_key_that_is_not_in_the_environment_is_wrong_usage(bursar: Command) -> None:
    said = bursar("doctor", "http://127.0.0.1:9", "--key-env", "NO_SUCH_KEY")
    assert said.code == 2
    assert "there is no environment variable NO_SUCH_KEY" in said.err


def test_a_server_that_bursar_would_not_use_is_said_with_the_lines_that_make_it(bursar: Command, home: Path) -> None:
    with local_fake(Act(says("No.")), pages=VLLM) as fake:
        lines = f'[[local]] name = "vllm" url = "{fake.url}"'
        unknown = bursar("doctor", fake.url)
        lines_of(home, "[[local]]", 'name = "box"', f'url = "{fake.url}"')
        known = bursar("doctor", fake.url)
    assert "bursar does not use this server yet" in unknown.out
    assert " ".join(unknown.out.split("→ add to ")[1].split()).startswith(f"{home / 'config.toml'}: {lines}")
    assert "does not use" not in known.out


def test_what_breaks_the_connection_off_is_not_told_to_be_started(bursar: Command) -> None:
    with local_fake(pages=VLLM) as fake:
        said = bursar("doctor", fake.url.replace("http", "https"))
    assert said.code == 1
    assert "breaks off the connection" in said.out
    assert "start it" not in said.out


# Without an address


def test_a_bursar_at_rest_that_is_well_is_said_to_be(bursar: Command, home: Path) -> None:
    with_free_ports(home)
    said = bursar("doctor")
    assert said.code == 0
    assert [line[4:12].strip() for line in said.out.splitlines() if line.startswith("ok")][:2] == ["config", "bursar"]
    assert "ledger        $0.00 of $12.00 spent today" in said.out
    assert "none found; bursar meters" in said.out


def test_a_file_of_restricted_sessions_that_is_none_is_said_with_what_follows(bursar: Command, home: Path) -> None:
    garbled = home / "restricted_sessions.txt"
    garbled.write_bytes(b"session-1\n\xff\x00 half a line")
    said = bursar("doctor")
    assert said.code == 1
    assert f"!!  restricted    {garbled} cannot be read: until it can, every session counts as restricted" in said.out
    assert f"→ put it back from a backup, or delete it: {garbled}" in said.out
    garbled.unlink()
    assert "every session" not in bursar("doctor").out


def test_a_mistake_in_the_config_is_the_first_thing_said(bursar: Command, home: Path) -> None:
    lines_of(home, "[cloud]", "ulr = 1")
    said = bursar("doctor")
    assert said.code == 1
    assert 'there is no key "ulr"' in said.out
    assert "→ mend" in said.out


def test_a_probe_is_remembered_with_its_day_until_another_is_asked_for(bursar: Command, home: Path) -> None:
    with local_fake(Act(says("No.")), pages=VLLM) as fake:
        lines_of(home, "[[local]]", 'name = "box"', f'url = "{fake.url}"')
        assert "not probed yet" in bursar("doctor").out
        assert fake.requests == []
        assert "calls no tools" in bursar("doctor", "--probe").out
        asked = len(fake.requests)
        again = bursar("doctor")
        assert "calls no tools" in again.out
        assert len(fake.requests) == asked > 0
    assert again.code == 1


def test_the_persons_word_on_tools_is_said_to_be_theirs(bursar: Command, home: Path) -> None:
    with_free_ports(home)
    with local_fake(pages=VLLM) as fake:
        lines_of(home, "[[local]]", 'name = "box"', f'url = "{fake.url}"', "tools = true")
        said = bursar("doctor")
    assert said.code == 0
    assert "you vouch for them" in said.out


def test_a_key_that_the_config_names_and_the_environment_lacks_is_said(bursar: Command, home: Path) -> None:
    with local_fake(pages=VLLM) as fake:
        lines_of(home, "[[local]]", 'name = "box"', f'url = "{fake.url}"', 'api_key_env = "NO_SUCH_KEY"')
        without, given = bursar("doctor"), bursar("doctor", NO_SUCH_KEY="s3cret")
    assert "box" in without.out
    assert "its key is to be in the environment variable NO_SUCH_KEY, which is not set here" in without.out
    assert "NO_SUCH_KEY" not in given.out


def test_a_server_that_is_off_is_said_by_its_name(bursar: Command, home: Path) -> None:
    with local_fake() as fake:
        url = fake.url
    lines_of(home, "[[local]]", 'name = "box"', f'url = "{url}"', 'kind = "ollama"')
    said = bursar("doctor")
    assert said.code == 1
    assert "!!  box" in said.out
    assert "→ ollama serve" in said.out


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for another process")
def test_ctrl_c_leaves_at_once_and_closes_the_connection(home: Path) -> None:
    with local_fake(Act(says("x"), hang_after=0), pages=VLLM) as fake:
        command = [sys.executable, "-m", "tray", "--home", str(home), "doctor", fake.url]
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        while not fake.requests:
            assert process.poll() is None
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
        assert process.returncode == 130
        assert "Traceback" not in out + err
        assert fake.left.wait(10)
