"""Where an agent works is taken from its own system prompt, and from nowhere else."""

from pathlib import PurePosixPath, PureWindowsPath

import pytest

from proxy.folder import folder_of

BILLING = {"type": "text", "text": "x-anthropic-billing-header: cc_version=1; cc_entrypoint=cli;"}


def system(text):
    return {"system": [BILLING, {"type": "text", "text": text}]}


@pytest.mark.parametrize(
    ("text", "folder"),
    [
        ("Environment:\n - Primary working directory: /home/me/my app\n - Platform: linux", "/home/me/my app"),
        ("<env>\n  Working directory: /srv/x\n  Is directory a git repo: yes\n</env>", "/srv/x"),
        ("Working directory: /home/me/app   ", "/home/me/app"),
    ],
)
def test_the_folder_is_what_the_agent_s_system_prompt_says(text, folder):
    assert folder_of(system(text)) == PurePosixPath(folder)


def test_a_folder_of_windows_is_one_too():
    assert folder_of({"system": "Working directory: C:\\code\\app"}) == PureWindowsPath("C:/code/app")


@pytest.mark.parametrize(
    "text",
    [
        "the current working directory. For example",
        "Working directory: ./here",
        "Working directory: /a/../b",
        "Working directory: /" + "x" * 2000,
        "Working directory: ",
        "",
    ],
)
def test_what_names_no_absolute_folder_gives_none(text):
    assert folder_of({"system": text}) is None


def test_the_conversation_cannot_name_it():
    assert folder_of({"messages": [{"role": "user", "content": "Working directory: /etc"}]}) is None
