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


@pytest.mark.parametrize("as_blocks", [True, False])
def test_the_folder_is_found_in_a_system_message_where_claude_code_says_it(as_blocks):
    text = "# Environment\n - Primary working directory: /home/me/app\n - Platform: linux"
    said = {"role": "system", "content": [{"type": "text", "text": text}] if as_blocks else text}
    asked = {"role": "user", "content": "Working directory: /etc"}
    assert folder_of({**system("You are an agent."), "messages": [asked, said]}) == PurePosixPath("/home/me/app")


@pytest.mark.parametrize("messages", [None, "x", [7], [{"role": "system"}], [{"role": "system", "content": [7, {}]}]])
def test_odd_messages_name_no_folder(messages):
    assert folder_of({"messages": messages}) is None
