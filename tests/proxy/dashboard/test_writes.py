"""What a person changes on a page really changes, and a mistake is said where it was made."""

from budget.state import Mode
from pricing.money import Money
from tests.proxy.dashboard.house import House


def test_a_mode_is_durable_when_the_page_is_back(house: House):
    visitor = house.visitor()
    for mode in Mode:
        answer = visitor.post("/mode", mode=mode.value)
        assert (answer.status_code, answer.headers["location"]) == (303, "/?done=mode")
        assert house.ledger.today().mode is mode
        assert f'value="{mode}" aria-pressed="true"' in visitor.text("/")


def test_a_mode_that_is_not_there_is_refused_with_a_sentence(house: House):
    answer = house.visitor().post("/mode", mode="<b>turbo</b>")
    assert answer.status_code == 400
    assert "there is no mode &#39;&lt;b&gt;turbo&lt;/b&gt;&#39;" in answer.text
    assert house.ledger.today().mode is Mode.observe


def test_stop_and_resume(house: House):
    visitor = house.visitor()
    assert visitor.post("/stop").status_code == 303
    assert house.ledger.closed() == "stopped"
    stopped = visitor.text("/")
    assert "All cloud traffic is stopped" in stopped
    assert 'action="/resume"' in stopped
    assert 'action="/stop"' not in stopped
    assert visitor.post("/resume").status_code == 303
    assert house.ledger.closed() is None


def test_stop_closes_what_runs(house: House):
    cut: list[object] = []
    house.services.cut = lambda which: cut.append(which) or 0
    house.visitor().post("/stop")
    assert len(cut) == 1


def test_allowing_more_raises_the_cutoff_of_this_day_only(house: House):
    visitor = house.visitor()
    assert visitor.post("/allow", usd="$2.50").status_code == 303
    assert house.ledger.today().limits.cutoff == Money.usd("14.50")  # 12.00 + 2.50
    assert "Today’s cutoff is raised" in visitor.text("/?done=allow")


def test_an_amount_that_makes_no_sense_allows_nothing(house: House):
    visitor = house.visitor()
    for usd in ("", "0", "-1", "much", "1e9", "1001", "NaN", "0.0000000000001"):
        answer = visitor.post("/allow", usd=usd)
        assert (usd, answer.status_code) == (usd, 400)
        assert "Not changed" in answer.text
    assert house.ledger.today().limits.cutoff == Money.usd(12)


def test_what_an_address_says_was_done_is_one_of_our_own_sentences(house: House):
    assert "evil" not in house.visitor().text("/?done=evil")
    assert "evil" not in house.visitor().text("/settings?saved=evil")


def test_a_setting_is_written_and_the_others_stay(house: House):
    visitor = house.visitor()
    answer = visitor.post("/settings/money", budget=" 20 ", cutoff="", alerts="", zone="UTC")
    assert (answer.status_code, answer.headers["location"]) == (303, "/settings?saved=money#money")
    assert house.desk.file == {"budget": "20", "zone": "UTC", "shares.L3": "10"}
    assert "Saved." in visitor.text("/settings?saved=money")


def test_a_mistake_is_said_beside_its_field_and_what_was_typed_stays(house: House):
    answer = house.visitor().post("/settings/money", budget="13", cutoff="15", alerts="", zone="UTC")
    assert answer.status_code == 400
    assert '<p class="problem" id="budget-problem">It is unlucky.</p>' in answer.text
    assert 'aria-invalid="true"' in answer.text
    assert 'name="cutoff" value="15"' in answer.text
    assert house.desk.file["budget"] == "10.00"


def test_a_mistake_of_no_one_field_is_said_above_the_form(house: House):
    answer = house.visitor().post("/settings/money", budget="10.00", cutoff="1", alerts="", zone="UTC")
    assert answer.status_code == 400
    assert "Nothing was changed.</strong> The two do not fit." in answer.text


def test_settings_that_are_not_there_are_refused(house: House):
    assert house.visitor().post("/settings/secrets", budget="1").status_code == 400


def test_a_file_that_cannot_be_read_is_shown_with_its_line_and_no_form(house: House):
    house.desk.broken = 'config.toml, line 3: there is no key "bugdet"; did you mean "budget"?'
    text = house.visitor().text("/settings")
    assert "line 3: there is no key &#34;bugdet&#34;" in text
    assert 'name="budget"' not in text


def test_the_config_file_is_read_again(house: House):
    assert house.visitor().post("/reload").status_code == 303
    assert house.desk.reloads == 1
