"""Licences: told by the server's text or an exact name, and otherwise unknown."""

import json
from datetime import date

import pytest

from proxy.upstream.licence import DATA, licence_of, plain_name

MIT = "MIT License\n\nPermission is hereby granted, free of charge, to any person … without restriction, …"
LLAMA = "**LLAMA 3.3 COMMUNITY LICENSE AGREEMENT**\n\n Llama 3.3 Version Release Date: December 6, 2024"
APACHE = "                                 Apache License\n                           Version 2.0, January 2004\n"
KIMI = f'Modified {MIT}\nOur only modification part is that … you shall prominently display "Kimi K2" …'


@pytest.mark.parametrize(
    ("text", "name", "spdx"),
    [
        (MIT, "MIT License", "MIT"),
        (APACHE, "Apache License 2.0", "Apache-2.0"),
        (LLAMA, "Llama 3.3 Community License", ""),
        (KIMI, "Modified MIT License (Kimi K2)", ""),
        ("Gemma Terms of Use \n\nLast modified: February 21, 2024", "Gemma Terms of Use", ""),
        ("Qwen RESEARCH LICENSE AGREEMENT", "Qwen Research License", ""),
        ("# Mistral AI Non-Production License", "Mistral AI Non-Production License", ""),
    ],
)
def test_the_text_that_a_server_gives_counts(text: str, name: str, spdx: str) -> None:
    found = licence_of(("qwen3:8b",), text)
    assert (found.name, found.spdx, found.source) == (name, spdx, "server")
    assert found.obliges


def test_a_text_that_nobody_knows_is_not_taken_for_the_licence_of_the_name() -> None:
    found = licence_of(("qwen3:8b",), "The Example Model Terms, for friends only")
    assert (found.name, found.source) == ("The Example Model Terms, for friends only", "server")
    assert "read its text" in found.obliges[0]


@pytest.mark.parametrize(
    ("name", "licence"),
    [
        ("qwen3:8b", "Apache License 2.0"),
        ("qwen3-coder:30b", "Apache License 2.0"),
        ("Qwen/Qwen3-Coder-30B-A3B-Instruct", "Apache License 2.0"),
        ("Qwen3-Coder-30B-A3B-Instruct-Q4_K_M.gguf", "Apache License 2.0"),
        ("unsloth/Qwen3-30B-A3B-GGUF", "Apache License 2.0"),
        ("qwen2.5-coder:7b", "Apache License 2.0"),
        ("qwen2.5-coder:3b", "Qwen Research License"),
        ("qwen2.5:72b-instruct-q4_K_M", "Qwen License"),
        ("qwen2:72b", "Tongyi Qianwen License"),
        ("openai/gpt-oss-20b", "Apache License 2.0"),
        ("gpt-oss:120b", "Apache License 2.0"),
        ("llama2:13b", "Llama 2 Community License"),
        ("Meta-Llama-3-8B-Instruct", "Meta Llama 3 Community License"),
        ("llama3.1:8b", "Llama 3.1 Community License"),
        ("meta-llama/Llama-3.2-3B-Instruct", "Llama 3.2 Community License"),
        ("llama3.3", "Llama 3.3 Community License"),
        ("llama4:scout", "Llama 4 Community License"),
        ("gemma3:12b", "Gemma Terms of Use"),
        ("google/gemma-3-4b", "Gemma Terms of Use"),
        ("google/gemma-4-31b-it", "Apache License 2.0"),
        ("codestral:22b", "Mistral AI Non-Production License"),
        ("Devstral-Small-2507-Q4_K_M.gguf", "Apache License 2.0"),
        ("mistralai/devstral-small-2-2512", "Apache License 2.0"),
        ("Mistral-Large-Instruct-2411", "Mistral AI Research License"),
        ("DeepSeek-R1-Distill-Llama-8B", "Llama 3.1 Community License"),
        ("deepseek-ai/DeepSeek-R1", "MIT License"),
        ("phi4:14b", "MIT License"),
        ("glm-4.5-air", "MIT License"),
        ("moonshotai/Kimi-K2-Instruct", "Modified MIT License (Kimi K2)"),
        ("command-r:35b", "CC BY-NC 4.0 with Cohere's acceptable use policy"),
        ("starcoder2:15b", "BigCode OpenRAIL-M v1"),
    ],
)
def test_an_exact_name_tells_the_licence(name: str, licence: str) -> None:
    found = licence_of((name,))
    assert (found.name, found.source) == (licence, "model name")
    assert found.url.startswith("https://")


@pytest.mark.parametrize(
    "name",
    [
        "", "tiny-scripted", "my-model", "model.gguf", "qwen", "qwen3.8-max", "qwen3-uncensored", "glm-5.3", "gpt-4",
        "llama", "codellamas", "my-llama3.1", "mistral-large-3", "devstral", "qwen4:8b", "phi-5", "kimi-k4", "gemma-5",
    ],
)  # fmt: skip
def test_a_name_that_is_not_exactly_known_is_unknown(name: str) -> None:
    found = licence_of((name,))
    assert (found.name, found.spdx, found.source) == ("", "", "unknown")


def test_the_second_name_is_asked_when_the_first_tells_nothing() -> None:
    assert licence_of(("my-alias", "gpt-oss-20b-mxfp4.gguf")).spdx == "Apache-2.0"


def test_the_llama_licence_names_its_three_duties() -> None:
    said = " ".join(licence_of(("llama3.3",)).obliges)
    assert "Built with Llama" in said
    assert "700 million" in said
    assert "acceptable use policy" in said


def test_publisher_folder_and_ending_are_no_part_of_a_name() -> None:
    assert plain_name("/models/Qwen/Qwen3_8B-Q4_K_M.gguf") == "qwen3-8b-q4-k-m"
    assert plain_name("C:\\models\\phi4.gguf") == "phi4"
    assert plain_name("llama3.3:latest") == "llama3.3"


def test_every_row_has_a_source_and_every_family_a_licence() -> None:
    data = json.loads(DATA.read_text(encoding="utf-8"))
    assert date.fromisoformat(data["as_of"]) <= date(2030, 1, 1)
    for one in (*data["licences"].values(), *data["families"]):
        assert one["source"].startswith("https://")
    assert {one["licence"] for one in data["families"]} <= set(data["licences"])
    assert all(one["obliges"] for one in data["licences"].values())
