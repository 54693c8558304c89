"""Rules of the config and of a repository's own file, in a bursar that runs."""

from pathlib import Path

from budget.ledger import Mode
from tests.kit.bursar import Bursar
from tests.kit.raw import Answer, ask, message

REFACTOR = "Refactor the cache so that it evicts the oldest"


def asked(served: Bursar, folder: Path, words: str = REFACTOR) -> Answer:
    system = f"You are an agent.\n - Primary working directory: {folder}\n"
    return ask(served.url, message(words, system=system))


def add(served: Bursar, text: str) -> str:
    config = served.home / "config.toml"
    config.write_text(config.read_text() + text)
    said = served.command("config", "reload")
    return said.stdout + said.stderr


def test_a_rule_counts_after_a_reload_and_a_wrong_one_is_named_with_its_line(served: Bursar, tmp_path: Path):
    served.mode(Mode.auto.value)
    assert add(served, '\n[[rule]]\nname = "no caches"\ntask = "refactor"\nroute = "block"\n') == "reloaded\n"
    refused = asked(served, tmp_path)
    assert refused.status == 402
    assert 'The rule "no caches" blocks this request' in refused.error["message"]
    said = add(served, '\n[[rule]]\nroute = "nowhere"\n')
    assert "`route` must be one of" in said
    assert asked(served, tmp_path).status == 402


def test_a_misspelt_model_is_refused_at_a_reload_with_the_nearest_name(served: Bursar):
    said = add(served, '\n[cloud_models]\nL2 = "claude-sonet-5-5"\n')
    assert 'did you mean "claude-sonnet-5-5"?' in said


def test_a_repository_s_file_counts_for_its_agents_only(served: Bursar, tmp_path: Path):
    served.mode(Mode.auto.value)
    repository = tmp_path / "app"
    (repository / ".git").mkdir(parents=True)
    (repository / "src").mkdir()
    file = repository / ".bursar.toml"
    file.write_text('[[rule]]\nname = "mine"\nroute = "block"\n')
    refused = asked(served, repository / "src")
    assert refused.status == 402
    assert refused.error["message"].endswith(
        f'The rule "mine" of app/.bursar.toml blocks this request. It stands in {file}.'
    )
    other = asked(served, tmp_path)
    assert "blocks this request" not in str(other.body)
