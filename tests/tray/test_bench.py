"""bursar bench: what a person sees, what is kept, and what is refused with what to do."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image

from proxy.bench.result import BenchResult
from proxy.upstream.knowledge import Knowledge
from tests.kit.bursar import Bursar
from tests.kit.fake_claude import ROOT
from tests.kit.llama.scripts import call
from tests.kit.llama.server import llama_server
from tests.proxy.bench.good import IN_WORDS, THROUGH_TOOLS
from tests.proxy.bench.kit import Habits, counting_server, text_answer
from tests.tray.conftest import NOWHERE, Command
from tray.paths import Paths

QUICK = ("--quick", "--seconds", "200")


def test_the_table_the_bars_and_the_sentences_are_printed_and_the_steps_told_beside(bursar: Command):
    with counting_server() as (upstream, _):
        said = bursar("bench", upstream.base_url, *QUICK, "--no-tasks")
    assert said.code == 0, said.err
    assert said.out.startswith(f"counting at {upstream.base_url} (openai), context 12,000\n")
    for part in (
        *("reads/s  writes/s  first word", "at once", "An agent's next request of", "██████"),
        *("by our clock and the server's token counts", "$ per million tokens", "A Claude Code turn with"),
    ):
        assert part in said.out
    assert "1,024 tokens of context, try 1 of 1" in said.err
    assert "task class" not in said.out


def test_json_is_all_that_is_printed_and_what_is_kept_is_the_same(bursar: Command, home: Path):
    with counting_server() as (upstream, _):
        said = bursar("bench", upstream.base_url, *QUICK, "--no-tasks", "--json")
    found = said.json
    assert (found["model"], found["kept"], found["classes"]) == ("counting", True, [])
    assert found["words"][0].startswith("A Claude Code turn")
    raw = Knowledge(Paths(home, home).knowledge).bench(found["identity"])
    assert raw is not None
    assert BenchResult.from_json(raw) == BenchResult.from_json(found)


def test_tasks_are_played_when_asked_for_and_failures_named(bursar: Command):
    habits = Habits(answer=text_answer(IN_WORDS["docstring for shipping"][0]))
    with counting_server(habits) as (upstream, _):
        # Such a server counts the same for any prompt, so no size can be measured; the tasks are played all the same.
        said = bursar("bench", upstream.base_url, *QUICK, "--tasks")
    assert said.code == 0, said.err
    assert "task 10 of 10" in said.err
    assert "documentation    L0    1 of 1" in said.out
    assert "parse a duration: nothing defines seconds" in said.out
    assert "haiku" in said.out
    assert "list prices for the same tokens, without what its prompt cache would save" in said.out


def test_where_nobody_can_be_asked_the_models_code_is_not_run(bursar: Command):
    with counting_server() as (upstream, habits):
        said = bursar("bench", upstream.base_url, *QUICK, "--json")
    assert said.json["tasks"] == []
    assert "no coding tasks, because nobody is here to allow them; add --tasks" in said.err
    assert all("coding agent at work" in json.dumps(request) for request in habits.requests)


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Windows has no such terminals")
def test_a_person_is_asked_once_before_the_models_code_is_run(home: Path):
    import pty

    def asked(answer: bytes, url: str) -> tuple[str, str]:
        ours, theirs = pty.openpty()
        command = [
            sys.executable,
            "-m",
            "tray",
            "--home",
            str(home),
            "bench",
            url,
            "--quick",
            "--seconds",
            "10",
            "--json",
        ]
        process = subprocess.Popen(
            command, cwd=ROOT, stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        os.close(theirs)
        os.write(ours, answer)
        try:
            return process.communicate(timeout=90)
        finally:
            os.close(ours)

    with counting_server() as (upstream, _):
        out, err = asked(b"n\n", upstream.base_url)
        assert "Run the model's code? [Y/n]" in err
        assert json.loads(out)["tasks"] == []
        out, err = asked(b"y\n", upstream.base_url)
        assert "Run the model's code? [Y/n]" in err
        assert json.loads(out)["tasks"]
        out, err = asked(b"", upstream.base_url)
        assert "Run the model's code?" not in err
        assert json.loads(out)["tasks"]


@pytest.mark.parametrize("name", ["bench.svg", "bench.png"])
def test_a_picture_is_written_in_the_form_its_name_asks_for(bursar: Command, tmp_path: Path, name: str):
    path = tmp_path / name
    with counting_server() as (upstream, _):
        assert bursar("bench", upstream.base_url, *QUICK, "--no-tasks", "--picture", str(path)).code == 0
    if name.endswith("svg"):
        text = path.read_text()
        assert text.startswith("<svg xmlns=")
        assert "Reading the prompt, by tokens of context" in text
        assert "script" not in text
    else:
        with Image.open(path) as image:
            assert image.format == "PNG"
            assert image.width == 1920
            assert len(image.getcolors(100_000)) > 10


def test_a_picture_that_cannot_be_written_is_refused_before_anything_is_measured(bursar: Command, tmp_path: Path):
    assert "it ends in .svg or .png" in bursar("bench", "http://127.0.0.1:9", "--picture", "x.jpeg").err
    said = bursar("bench", "http://127.0.0.1:9", "--picture", str(tmp_path / "no" / "x.png"))
    assert (said.code, "there is no folder" in said.err) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "no local model server was found; start one"),
        (("http://127.0.0.1:9",), "it is not running. Is the server running? Check it with: bursar doctor"),
        (("cellar",), "there is no local upstream cellar: no local model server was found"),
        (("ftp://x",), "is no http or https URL"),
    ],
)
def test_where_there_is_nothing_to_measure_it_is_said_what_to_do(bursar: Command, arguments: tuple, says: str):
    said = bursar("bench", *arguments, "--no-tasks")
    assert said.code == 1
    assert says in said.err
    assert said.out == ""


def test_a_clouds_model_is_refused_and_asked_nothing(bursar: Command):
    with counting_server(Habits(model="claude-opus-5-5")) as (upstream, habits):
        said = bursar("bench", upstream.base_url, *QUICK, "--no-tasks")
    assert (said.code, habits.requests) == (1, [])
    assert "is a cloud's model, or a proxy's name for one" in said.err


def test_a_server_that_fails_at_once_is_an_error_with_a_hint_and_nothing_is_kept(bursar: Command, home: Path):
    with counting_server(Habits(dies_after=0)) as (upstream, _):
        said = bursar("bench", upstream.base_url, *QUICK, "--no-tasks")
    assert said.code == 1
    assert "nothing could be measured: counting at" in said.err
    assert "bursar doctor" in said.err
    assert [path.name for path in home.iterdir()] == ["config.toml"]


def test_a_configured_server_is_found_by_its_name_and_the_ledger_stays_as_it_is(bursar: Command, home: Path):
    with counting_server() as (upstream, _):
        config = home / "config.toml"
        config.write_text(config.read_text() + f'\n[[local]]\nname = "box"\nurl = "{upstream.base_url}"\n')
        said = bursar("bench", "box", *QUICK, "--no-tasks", "--json")
        wrong = bursar("bench", "box", "--model", "other", "--no-tasks")
    assert said.json["model"] == "counting"
    assert "there is no model other; there is: counting" in wrong.err
    assert not (home / "ledger").exists()


def test_bursar_models_shows_what_was_measured_while_it_runs(bursar: Command, tmp_path: Path):
    with counting_server() as (upstream, _):
        local = {"name": "box", "url": upstream.base_url}
        with Bursar(tmp_path / "served", NOWHERE, mode=None, local_servers=(local,)) as served:
            said = served.command("bench", "box", *QUICK, "--no-tasks", "--json")
            assert said.returncode == 0, said.stderr
            shown = json.loads(served.command("models", "--json").stdout)["locals"][0]["models"][0]
    assert shown["speed"]["source"] == "bench"
    assert shown["speed"]["reads"] in [point["prefill_tps"] for point in json.loads(said.stdout)["points"]]
    assert shown["usd_per_mtok"]["full_out"] == json.loads(said.stdout)["costs"]["full_out_usd"]


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signal")
def test_ctrl_c_ends_it_cleanly_with_what_was_measured(home: Path):
    with counting_server(Habits(per_token_s=0.0003)) as (upstream, _):
        process = subprocess.Popen(
            [sys.executable, "-m", "tray", "--home", str(home), "bench", upstream.base_url, "--no-tasks"],
            cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        seen = ""
        until = time.monotonic() + 60
        while "8,192 tokens" not in seen and time.monotonic() < until:
            seen += process.stderr.readline()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert process.returncode == 130, err
    assert "Note: it was interrupted, so not all was measured." in out
    assert "1,0" in out
    assert "Traceback" not in err


@pytest.mark.slow
def test_a_real_llama_server_is_measured_by_its_own_timings(bursar: Command):
    with llama_server(ctx=9600) as llama:  # No room for prompts that take minutes to read.
        found = bursar("bench", llama.url, "--quick", "--seconds", "40", "--no-tasks", "--json").json
    assert (found["kind"], found["model"]) == ("llamacpp", llama.model)
    assert found["provenance"] == "the server's own timings"
    sizes = [point["prompt_tokens"] for point in found["points"]]
    assert sizes[:2] == [pytest.approx(1024, rel=0.1), pytest.approx(8192, rel=0.1)]
    assert all(point["output_tokens"] == 64 for point in found["points"])
    # On a busy machine only the smallest size is left for it, of which the new words are a seventh.
    assert found["reuse"]["cached_tokens"] > 0.8 * found["reuse"]["prompt_tokens"]
    assert found["batches"][0]["size"] == 2


@pytest.mark.slow
def test_a_real_server_passes_tasks_in_words_and_through_tool_calls(bursar: Command):
    path, old, new = THROUGH_TOOLS["mend a sum through tools"][0][0]
    edit = call("edit_file", {"path": path, "old": old, "new": new})
    for script, passed in ((IN_WORDS["merge intervals"][0], "code_generation"), (edit, "with tools")):
        with llama_server(ctx=8192, scripts={"text": script}) as server:
            found = bursar("bench", server.url, "--seconds", "300", "--tasks", "--quick", "--json").json
        rows = {row["task_class"]: row["passed"] for row in found["classes"]}
        by_name = {run["name"]: run for run in found["tasks"]}
        if passed == "with tools":
            assert rows[passed] == 1
            assert by_name["mend a sum through tools"]["turns"] == 2
        else:
            assert by_name["parse a duration"]["why"] == "nothing defines seconds"
