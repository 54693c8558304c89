"""The config file as values: what is accepted, and how a mistake is named."""

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from budget.ledger import Ledger
from pricing.money import Money
from tray.config_file import DEFAULT
from tray.handover import registry_of
from tray.keys import MOST
from tray.settings import Settings, SettingsError, load, read

BERLIN = "Europe/Berlin"
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def settings_of(text: str) -> Settings:
    return read(text, lambda: BERLIN)


def problem(text: str) -> str:
    with pytest.raises(SettingsError) as caught:
        settings_of(text)
    return str(caught.value)


def test_an_empty_file_means_the_defaults():
    settings = settings_of("")
    assert settings.budget == Money.usd("10")
    assert settings.effective_cutoff == Money.usd("12")  # 120 % of the budget
    assert settings.zone.key == BERLIN
    assert settings.port == 2877


def test_the_default_file_means_the_defaults():
    assert settings_of(DEFAULT.format(zone=BERLIN)) == settings_of("")


def test_every_commented_line_of_the_default_file_is_a_valid_setting_at_its_default():
    lines = [line.removeprefix("# ") if " = " in line or "[[" in line else line for line in DEFAULT.splitlines()]
    without = [line for line in lines if not line.startswith(("ca_file", "proxy ="))]  # These have no default.
    settings = settings_of("\n".join(without).format(zone=BERLIN))
    assert settings.locals[0].name == "gpu-box"
    assert settings.cutoff == settings.effective_cutoff == settings_of("").effective_cutoff
    assert settings.cloud == settings_of("").cloud


@pytest.mark.parametrize("written", ['"10.50"', '"$10.50"', "10.50", "10.5"])
def test_an_amount_is_exact_however_it_is_written(written: str):
    assert settings_of(f"budget = {written}").budget == Money.usd("10.50")


def test_a_tenth_of_a_dollar_written_as_a_float_is_exactly_a_tenth():
    assert settings_of("budget = 0.1").budget.picos == 10**11


def test_an_unknown_key_is_named_with_its_line_and_the_nearest_known_one():
    assert problem('port = 2900\n\nbudgte = "5"\n') == (
        'config.toml, line 3: there is no key "budgte"; did you mean "budget"?'
    )


def test_what_is_no_setting_is_sent_where_it_is_instead():
    assert problem('mode = "auto"\n') == (
        'config.toml, line 1: there is no key "mode"; the mode is switched with: bursar mode auto'
    )
    assert "bursar keeps no key" in problem('[cloud]\napi_key = "x"\n')


def test_a_quote_that_is_not_closed_and_a_key_that_is_there_twice_are_told_in_plain_words():
    said = "config.toml, line 2: a value is a text in quotes, a number, true or false (column 11)"
    assert problem("[pace]\nenabled = yes\n") == said
    assert problem('budget = "5\n') == "config.toml, line 1: a text in quotes must end on the line where it begins"
    assert problem('budget = "5"\nbudget = "6"\n') == "config.toml, line 2: this key stands further up already"


def test_a_key_of_another_table_is_sent_there():
    assert 'line 2: there is no key "port" in [cloud]; it belongs at the top of the file' in problem(
        "[cloud]\nport = 1"
    )
    assert 'line 1: there is no key "ca_file"; it belongs in [cloud]' in problem('ca_file = "/a"')


def test_every_mistake_of_a_file_is_named_at_once():
    said = problem('budget = "lots"\nalerts = 50\nstrict = "yes"\nzone = "Mars/Base"\n[[local]]\nurl = "ftp://x"\n')
    assert [line.split(":")[0] for line in said.splitlines()] == [
        "config.toml, line 1",
        "config.toml, line 2",
        "config.toml, line 3",
        "config.toml, line 4",
        "config.toml, line 6",
        "config.toml, line 5",
    ]


def test_the_second_local_server_is_the_one_named_when_it_is_wrong():
    said = problem(
        '[[local]]\nname = "a"\nurl = "http://127.0.0.1:1"\n\n[[local]]\nname = "a"\nurl = "http://127.0.0.1:2"'
    )
    assert said == 'config.toml, line 6: two local servers are called "a"'


TWO_MODELS = """\
[[local]]
name = "a"
url = "http://127.0.0.1:1"
context = 8192
keep_alive = "30m"
[[local.model]]
name = "big"
context = 65536
thinking = "off"

[[local]]
name = "b"
url = "http://127.0.0.1:2"
[[local.model]]
name = "other"
concurrency = 4
"""


def test_a_model_can_have_settings_of_its_own():
    first, second = settings_of(TWO_MODELS).locals
    assert (first.context, first.keep_alive) == (8192, "30m")
    assert (first.each[0].name, first.each[0].context, first.each[0].thinking) == ("big", 65536, "off")
    assert (second.each[0].name, second.each[0].concurrency) == ("other", 4)


def test_a_mistake_in_a_models_own_settings_is_named_with_its_line():
    assert problem(TWO_MODELS.replace("concurrency = 4", "concurency = 4")) == (
        'config.toml, line 16: there is no key "concurency" in [local.model]; did you mean "concurrency"?'
    )
    assert problem(TWO_MODELS.replace('name = "other"', 'name = ""')).startswith("config.toml, line 15: `name`")
    assert problem(TWO_MODELS.replace('[[local.model]]\nname = "other"', "[[local.model]]")) == (
        "config.toml, line 14: this [[local.model]] has no `name`"
    )
    assert problem(TWO_MODELS.replace('url = "http://127.0.0.1:2"', 'url = "ftp"')).startswith("config.toml, line 13")


def test_what_is_set_for_one_model_overrules_what_is_set_for_the_server():
    registry = registry_of(settings_of(TWO_MODELS), {}, lambda: datetime(2026, 11, 21, tzinfo=UTC))
    (setting, _) = registry.configured
    assert (setting.of("big").context, setting.of("big").thinking, setting.of("big").keep_alive) == (
        65536,
        "off",
        "30m",
    )
    assert (setting.of("small").context, setting.of("small").thinking) == (8192, "auto")


def test_a_syntax_error_names_its_line():
    assert problem('budget = "1"\nport == 3\n').startswith("config.toml, line 2: ")


def test_a_cutoff_below_the_budget_is_refused():
    assert problem("budget = 10\ncutoff = 8\n") == (
        "config.toml, line 2: `cutoff` ($8.00) must not be below `budget` ($10.00)"
    )


@pytest.mark.parametrize(
    "wrong",
    [
        "budget = -1",
        "budget = true",
        "budget = nan",
        'budget = "1e-13"',
        "budget = 1e300",
        "cutoff = 10000001",
        "alerts = [0]",
        "alerts = [true]",
        "port = 0",
        "port = 65536",
        "port = true",
        "port = 2878",
        "queue_wait_s = 601",
        'restricted = "no"',
        'zone = "../../etc/passwd"',
        "cloud = 1",
        "local = {}",
        "discover = []",
        '[cloud]\nurl = "http://api.anthropic.com"',
        '[cloud]\nurl = "https://user:secret@host"',
        '[cloud]\nurl = "https://host:99999"',
        '[cloud]\nca_file = "/no/such/file"',
        '[[local]]\nname = "a"',
        '[[local]]\nname = "a"\nurl = "http://h"\nkind = "magic"',
        '[[local]]\nname = "a"\nurl = "http://h"\nconcurrency = 0',
        '[[local]]\nname = "a"\nurl = "http://h"\nfirst_token_s = 1.5',
        '[[local]]\nname = "a"\nurl = "http://h"\nkeep_alive = "for ever"',
        '[[local]]\nname = "a"\nurl = "http://h"\nthinking = true',
        '[[local]]\nname = "a"\nurl = "http://h"\nmodel = "qwen"',
        '[[local]]\nname = "a"\nurl = "http://h"\n[[local.model]]\ncontext = 4096',
        "a" * 100_000,
        "x = " + "[" * 5_000,
    ],
)
def test_a_wrong_value_is_an_error_and_nothing_else(wrong: str):
    assert problem(wrong).startswith("config.toml, ")


def test_the_cloud_may_be_plain_http_on_this_machine_only():
    assert settings_of('[cloud]\nurl = "http://127.0.0.1:9/"').cloud.url == "http://127.0.0.1:9"
    assert "https" in problem('[cloud]\nurl = "http://127.0.0.1.example.com"')


def test_a_missing_file_means_the_defaults(tmp_path):
    assert load(tmp_path / "config.toml", lambda: BERLIN) == settings_of("")


def test_a_file_that_is_not_utf8_names_the_line(tmp_path):
    path = tmp_path / "config.toml"
    path.write_bytes(b'budget = "1"\n# caf\xe9\n')
    with pytest.raises(SettingsError, match="line 2: this is not UTF-8"):
        load(path, lambda: BERLIN)


def test_a_table_that_stands_there_twice_is_said_in_plain_words():
    said = problem('[machine]\nyears = 3\n[machine]\nprice = "5"\n')
    assert said == "config.toml, line 3: [machine] stands further up already; put these keys there"


def test_a_key_of_the_server_in_a_models_table_is_sent_to_the_server():
    said = problem('[[local]]\nname = "a"\nurl = "http://127.0.0.1:9"\n[[local.model]]\nname = "m"\nurl = "http://x"\n')
    assert said == 'config.toml, line 6: there is no key "url" in [local.model]; it belongs in [local]'


@pytest.mark.parametrize("address", ["http://127.0.0.1:2877", "http://localhost:2878/v1"])
def test_bursar_itself_is_no_upstream(address: str):
    said = problem(f'[cloud]\nurl = "{address}"\n[[local]]\nname = "a"\nurl = "{address}"\n')
    assert said.splitlines() == [
        "config.toml, line 2: `url` is bursar's own address; it must be the one of Claude's API",
        "config.toml, line 5: `url` is bursar's own address; it must be the one of a model server",
    ]


def test_one_server_is_not_named_twice():
    said = problem("".join(f'[[local]]\nname = "{name}"\nurl = "http://127.0.0.1:9"\n' for name in "ab"))
    assert said.startswith('config.toml, line 6: `url` is the one of "a" already')


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("budget = " + "1" * 5000, "line 1: a number is too long; write it with fewer digits"),
        ("\n[machine]\nyears = 1e99999999999999999999", "line 3: a number is too long; write it with fewer digits"),
        (
            "budget = 0x" + "f" * 5000,
            '`budget` must be an amount in dollars such as "10.00", not a number of thousands',
        ),
        (
            "alerts = [0x" + "f" * 5000 + "]",
            "`alerts` must be a list of percentages such as [50, 80, 100], not a number",
        ),
        ("[machine]\nyears = 1e999999999", "`years` must be a number of years from 0.1 to 50, not 1E+999999999"),
        ('[cloud]\nca_file = "~nobody-here/ca.pem"', "must be the full path of a file that exists"),
        ('budget = "\\u001b[31m\\n"', r'not "\x1b[31m\n"'),
        ('"\\u001b[31m" = 1', r'there is no key "\x1b[31m"'),
        ("x" * 5000 + " = 1", "there is no key"),
        ("a = [1", "at its end: "),
        ("a =", "at its end: a value is a text in quotes, a number, true or false"),
    ],
)
def test_whatever_stands_there_is_told_in_a_short_line_that_moves_no_terminal(text: str, said: str):
    told = problem(text)
    assert said in told
    assert told.isprintable()
    assert len(told) < 350


def test_the_ledger_can_keep_the_highest_budget_with_its_usual_cutoff(tmp_path: Path):
    most = settings_of(f'budget = "{MOST.dollars(0).removeprefix("$").replace(",", "")}"')
    with closing(Ledger.open(tmp_path, clock=lambda: NOON, limits=most.limits(), zone=most.zone)) as ledger:
        assert ledger.today().trouble is None
