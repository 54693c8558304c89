"""Learning: trees tell what no sum of weights can, the same twice; limits keep what they promise."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from proxy.classify.forest import Forest, chance
from proxy.task import Tier
from tests.bench.classify_boosted import Row, Settings, grow
from tests.bench.classify_fit import compact, learned
from tests.bench.classify_folds import Scored, by_folds, by_repository, limit_for
from tests.bench.labelled import Prompt, fitted, fresh, our_own

SMALL = Settings(trees=30, depth=2, pace=0.3, columns=1.0, rows=1.0)
# Complex is what destroys or asks, but not both: no weights of the two tell it.
ROWS: list[Row] = [{"destroy": 1.0}, {"asks": 1.0}, {"destroy": 1.0, "asks": 1.0}, {"size": 1.0}] * 12
WANTED = [1.0, 1.0, 0.0, 0.0] * 12


def forest(raw: dict[str, object], names: list[str]) -> Forest:
    def numbered(tree: object) -> object:
        if not isinstance(tree, list):
            return tree
        return [names.index(tree[0]), tree[1], tree[2], numbered(tree[3]), numbered(tree[4])]

    trees = raw["trees"]
    assert isinstance(trees, list)
    return Forest.of({"start": raw["start"], "trees": [numbered(tree) for tree in trees]}, names)


def prompt(name: str, tiers: set[Tier], repo: str = "a") -> Prompt:
    return Prompt(name, name, "", min(tiers), frozenset(tiers), frozenset(), "", repo, "en", (0.0, 0.0, 0.0, 0.0))


def test_trees_learn_what_depends_on_two_traits_at_once() -> None:
    raw = grow(ROWS, WANTED, [1.0] * len(ROWS), SMALL)
    found = forest(raw, ["asks", "destroy", "size"])
    assert [round(chance(found.score(row))) for row in ROWS[:4]] == [1, 1, 0, 0]


def test_the_same_prompts_give_the_same_forest_and_another_seed_another() -> None:
    half = Settings(trees=8, depth=2, columns=0.5, rows=0.5)
    weights = [1.0] * len(ROWS)
    assert grow(ROWS, WANTED, weights, half) == grow(ROWS, WANTED, weights, half)
    assert grow(ROWS, WANTED, weights, half) != grow(ROWS, WANTED, weights, Settings(8, 2, 0.04, 0.5, 0.5, seed=7))


def test_what_is_learned_from_a_few_prompts_is_a_model_that_can_be_read() -> None:
    found = learned(fitted(our_own()[::6]), Settings(trees=5), kinds=False)
    assert found["traits"] == sorted(found["traits"])
    assert all(0 <= tree[0] < len(found["traits"]) for tree in found["complex"]["trees"])


@given(
    st.lists(st.tuples(st.sampled_from([{Tier.L2}, {Tier.L1}, {Tier.L1, Tier.L2}]), st.floats(0, 1)), min_size=5),
    st.sampled_from([0.0, 0.02, 0.2]),
)
def test_a_limit_lets_no_more_be_dangerous_than_was_wanted(rows: list[tuple[set[Tier], float]], share: float) -> None:
    scored = [Scored(prompt(str(number), tiers), at) for number, (tiers, at) in enumerate(rows)]
    if not any(tiers == {Tier.L2} for tiers, _ in rows):
        return
    limit = limit_for(scored, share)
    assert sum(tiers == {Tier.L2} and at < limit for tiers, at in rows) <= share * len(rows)


def test_folds_never_part_a_repository() -> None:
    prompts = [prompt(f"{repo}{number}", {Tier.L1}, repo) for repo in "abcdefg" for number in range(ord(repo) - 95)]
    rows = fitted(prompts)
    folds = by_folds(rows, 3)
    assert sum(map(len, folds.values())) == len(rows)
    homes = [
        name for repo in by_repository(rows) for name, fold in folds.items() if any(r.prompt.repo == repo for r in fold)
    ]
    assert len(homes) == len(by_repository(rows))


def test_small_weights_are_left_out() -> None:
    assert compact({"a": 0.04, "b": -1.234}, least=0.1, digits=1) == {"b": -1.2}


def test_the_writers_prompts_are_balanced_enough_to_learn_from() -> None:
    for writer in ("w1", "w2"):
        prompts = fresh(writer)
        assert len({p.language for p in prompts}) >= 5
        assert all(sum(p.tier is tier for p in prompts) >= 0.08 * len(prompts) for tier in Tier)
