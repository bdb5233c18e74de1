from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from medai._engine.split import GAP, LEFT_OUT, Member, check_no_leak, left_out, share_out
from medai._engine.split_notes import notes_on
from medai.api import Split
from medai.errors import DataError, UsageError
from medai.io import pseudonym
from medai.tasks import Case

ALL = ("train", "valid", "test")


def members(groups: Sequence[str], *, slot: str = "ct", each: int = 3, roles: tuple[str, ...] = ALL, single: bool = False) -> list[Member]:
    return [Member(slot, Case(f"{group}-{n}", group), roles, single) for group in groups for n in range(each)]


def by_group(found: Sequence[Member], roles: Mapping[str, str]) -> dict[str, set[str]]:
    result: dict[str, set[str]] = {}
    for member in found:
        result.setdefault(member.case.group, set()).add(roles[member.key])
    return result


@pytest.mark.parametrize("count", [2, 3, 4, 5, 7, 20, 53])
@pytest.mark.parametrize("seed", range(5))
def test_groups_stay_whole_and_test_and_train_get_one_at_least(count: int, seed: int) -> None:
    found = members([f"p{n}" for n in range(count)])
    roles = share_out(found, Split(seed=seed), learns=True)
    parts = by_group(found, roles)
    assert all(len(part) == 1 for part in parts.values())
    counts = {role: sum(part == {role} for part in parts.values()) for role in ALL}
    assert counts["test"] >= 1 and counts["train"] >= 1
    assert counts["valid"] >= (1 if count > 2 else 0)
    if count >= 20:
        assert counts["test"] == round(0.2 * count) and counts["valid"] == round(0.15 * count)


def test_the_seed_decides_and_nothing_else() -> None:
    found = members([f"p{n}" for n in range(20)])
    assert share_out(found, Split(seed=1), learns=True) == share_out(found[::-1], Split(seed=1), learns=True)
    assert share_out(found, Split(seed=1), learns=True) != share_out(found, Split(seed=2), learns=True)


def test_named_groups_by_their_pseudonym_or_by_their_raw_name() -> None:
    names = [pseudonym(f"PATIENT {n}") for n in range(6)]
    found = members(names)
    split = Split(test=("PATIENT 4",), valid=(names[2],))
    parts = by_group(found, share_out(found, split, learns=True))
    assert [parts[name] for name in names] == [{"train"}, {"train"}, {"valid"}, {"train"}, {"test"}, {"train"}]
    with pytest.raises(DataError, match="test group 'PATIENT 9' is not among the data's 6 groups"):
        share_out(found, Split(test=("PATIENT 9",)), learns=True)
    with pytest.raises(DataError, match="named for valid and for test"):
        share_out(found, Split(test=("PATIENT 4",), valid=(names[4],)), learns=True)


def published(roles: Sequence[str | None], allowed: tuple[str, ...] = ALL) -> list[Member]:
    return [Member("s", Case(f"c{n}", f"g{n}", role), allowed) for n, role in enumerate(roles)]


def test_a_published_split_is_followed() -> None:
    wanted = ["train", "test", "valid", "train", "test"]
    found = published(wanted)
    assert list(share_out(found, Split(), learns=True).values()) == wanted
    assert list(share_out(found, Split(published=False), learns=True).values()) != wanted


def test_a_published_split_that_is_not_whole_or_not_allowed_is_not_followed() -> None:
    half = published(["test", "test", "test", "test", None, None])
    assert "train" in share_out(half, Split(), learns=True).values()
    slot = published(["train", "test", "test", "train", "train"], ("train", "valid"))
    roles = share_out([*slot, *members(["x"], slot="t", roles=("test",))], Split(), learns=True)
    assert {roles[member.key] for member in slot} == {"train", "valid"}


def test_a_published_split_that_leaks_is_an_error() -> None:
    found = [Member("s", Case("a", "one", "train"), ALL), Member("s", Case("b", "one", "test"), ALL)]
    with pytest.raises(DataError, match="leak: group 'one' stands in test and train"):
        share_out(found, Split(), learns=True)


def test_a_group_in_two_slots_of_different_roles_is_a_leak() -> None:
    found = [*members(["a", "b"], slot="x", roles=("train",)), *members(["b"], slot="y", roles=("test",))]
    with pytest.raises(DataError, match="leak: group 'b'"):
        share_out(found, Split(), learns=True)
    with pytest.raises(DataError, match="leak"):
        check_no_leak(found, {member.key: member.roles[0] for member in found})


@pytest.mark.parametrize("gap", [0, 1, 3])
def test_one_subject_is_cut_into_blocks_with_gaps(gap: int) -> None:
    found = members(["me"], each=40, single=True)
    roles = share_out(found, Split(valid=0.25, test=0.25, gap=gap), learns=True)
    row = [roles[member.key] for member in found]
    assert row == ["train"] * (20 - 2 * gap) + [GAP] * gap + ["valid"] * 10 + [GAP] * gap + ["test"] * 10
    with pytest.raises(DataError, match="give fractions"):
        share_out(found, Split(test=("me",)), learns=True)


def test_upstream_has_already_shared_groups_out() -> None:
    found = members([f"p{n}" for n in range(10)])
    fixed = {f"p{n}": "train" for n in range(7)} | {"p7": "valid", "p8": "test", "p9": "test"}
    for seed in range(5):
        parts = by_group(found, share_out(found, Split(seed=seed), learns=True, fixed=fixed))
        assert {group: part.pop() for group, part in parts.items()} == fixed
    partly = share_out(found, Split(test=0.5), learns=True, fixed={"p0": "train", "p1": "train"})
    assert {partly[f"ct:p{n}-0"] for n in (0, 1)} == {"train"}


@pytest.mark.parametrize(
    ("found", "split", "learns", "said"),
    [
        (members(["p0"]), Split(), True, "no case is left for test"),
        (members(["p0", "p1"]), Split(test=("p0", "p1")), True, "no case is left for train"),
        (members(["p0", "p1"]), Split(test=0.0), False, "no case is left for test"),
        (members(["p0"], each=2, single=True), Split(), True, "no case is left for train"),
    ],
)
def test_too_few_groups(found: list[Member], split: Split, learns: bool, said: str) -> None:
    with pytest.raises(DataError, match=said):
        share_out(found, split, learns=learns)


def test_one_name_for_two_cases() -> None:
    with pytest.raises(DataError, match="stand more than once: ct:p0-0"):
        share_out([*members(["p0", "p1"]), members(["p0"])[0]], Split(), learns=True)


def test_what_learns_nothing_needs_no_training_part() -> None:
    found = members(["p0", "p1"])
    assert set(share_out(found, Split(test=("p0", "p1")), learns=False).values()) == {"test"}


def test_a_group_in_two_slots_has_one_role() -> None:
    shared = [f"p{n}" for n in range(12)]
    found = members(shared, slot="ct") + members([*shared[3:], "q1", "q2"], slot="mr", each=2)
    assert all(len(part) == 1 for part in by_group(found, share_out(found, Split(seed=3), learns=True)).values())


def test_a_published_split_without_validation_gives_some_of_its_training_groups() -> None:
    found = published(["train"] * 8 + ["test"] * 2)
    roles = by_group(found, share_out(found, Split(valid=0.1), learns=True))
    assert [roles[f"g{n}"] for n in (8, 9)] == [{"test"}, {"test"}]
    assert sum(parts == {"valid"} for parts in roles.values()) == 1 and sum(parts == {"train"} for parts in roles.values()) == 7
    named = by_group(found, share_out(found, Split(valid=("g3",)), learns=True))
    assert [group for group, parts in named.items() if parts == {"valid"}] == ["g3"]
    none = share_out(found, Split(valid=0.0), learns=True)
    assert "valid" not in none.values()


@pytest.mark.parametrize("single", [False, True])
def test_selection_on_the_test_part_leaves_no_other_part_for_validation(single: bool) -> None:
    found = members(["a"], each=20, single=True) if single else members([f"p{n}" for n in range(10)])
    roles = share_out(found, Split(valid="test", test=0.2), learns=True)
    assert set(roles.values()) == ({"train", "test", GAP} if single else {"train", "test"})


def test_by_case_a_group_may_stand_in_several_parts() -> None:
    found = members([f"p{n}" for n in range(10)], each=4)
    roles = share_out(found, Split(valid=0.1, test=0.1, by="case"), learns=True)
    assert [list(roles.values()).count(role) for role in ALL] == [32, 4, 4]
    assert any(len(parts) > 1 for parts in by_group(found, roles).values())
    assert roles == share_out(found[::-1], Split(valid=0.1, test=0.1, by="case"), learns=True)
    with pytest.raises(DataError, match="leak"):
        check_no_leak(found, roles)


def test_by_case_names_are_of_cases() -> None:
    found = members(["a", "b"], each=3)
    roles = share_out(found, Split(valid=("b-1",), test=("a-0", "b-0"), by="case"), learns=True)
    assert [member.case.id for member in found if roles[member.key] == "test"] == ["a-0", "b-0"]
    assert [member.case.id for member in found if roles[member.key] == "valid"] == ["b-1"]
    with pytest.raises(DataError, match="the test case 'a' is not among the data's 6 cases"):
        share_out(found, Split(test=("a",), by="case"), learns=True)


def test_by_case_parts_of_one_whole_stay_together() -> None:
    found = [Member("s", Case(f"c{n}-{part}", "one", whole=f"c{n}"), ALL) for n in range(10) for part in range(3)]
    roles = share_out(found, Split(valid=0.1, test=0.2, by="case"), learns=True)
    wholes = {member.case.whole: {roles[f"s:{member.case.whole}-{part}"] for part in range(3)} for member in found}
    assert all(len(parts) == 1 for parts in wholes.values()) and len(set.union(*wholes.values())) == 3


def test_by_case_one_subject_is_not_cut_into_blocks() -> None:
    found = members(["me"], each=40, single=True)
    roles = share_out(found, Split(valid=0.25, test=0.25, by="case"), learns=True)
    assert sorted(roles.values()) == ["test"] * 10 + ["train"] * 20 + ["valid"] * 10


def test_by_case_a_published_split_may_divide_groups() -> None:
    found = [Member("s", Case(f"c{n}", f"g{n % 2}", "test" if n < 4 else "train"), ALL) for n in range(20)]
    roles = share_out(found, Split(valid=0.1, by="case"), learns=True)
    assert {roles[f"s:c{n}"] for n in range(4)} == {"test"}
    assert list(roles.values()).count("valid") == 2 and list(roles.values()).count("train") == 14


def test_by_case_a_group_that_is_fixed_has_its_role() -> None:
    found = members([f"p{n}" for n in range(10)])
    roles = share_out(found, Split(valid=0.1, test=0.2, by="case"), learns=True, fixed={"p0": "train", "p1": "test"})
    assert {roles[f"ct:p0-{n}"] for n in range(3)} == {"train"} and {roles[f"ct:p1-{n}"] for n in range(3)} == {"test"}


def marked() -> list[Member]:
    attributes: list[dict[str, str | float]] = [
        {"class": "benign", "twin": "", "dose": 1.0},
        {"class": "malignant", "twin": "c0", "dose": 0.25},
        {"class": "normal", "twin": "", "dose": 1.0},
    ]
    return [Member("us", Case(f"c{n}", f"g{n}", attributes=attributes[n % 3]), ALL) for n in range(30)]


@pytest.mark.parametrize(
    ("without", "gone", "reason"),
    [
        (("class=normal",), 2, "class=normal"),
        (("twin",), 1, "twin: c0"),
        (("dose=0.25",), 1, "dose=0.25"),
    ],
)
def test_cases_are_left_out_by_an_attribute(without: tuple[str, ...], gone: int, reason: str) -> None:
    found, split = marked(), Split(valid=0.1, test=0.1, without=without)
    roles = share_out(found, split, learns=True)
    assert [member.case.id for member in found if roles[member.key] == LEFT_OUT] == [f"c{n}" for n in range(gone, 30, 3)]
    assert list(left_out(found, split).values()) == [reason] * 10
    # A tenth is of what is left.
    assert [list(roles.values()).count(role) for role in ALL] == [16, 2, 2]


def test_an_attribute_that_nobody_has_is_an_error_that_names_those_there_are() -> None:
    with pytest.raises(UsageError, match="no case has the attribute 'klass': did you mean class"):
        share_out(marked(), Split(without=("klass=normal",)), learns=True)
    with pytest.raises(UsageError, match="'colour': there is class, dose and twin"):
        share_out(marked(), Split(without=("colour",)), learns=True)


def test_data_without_attributes_have_nothing_to_leave_out_and_that_is_said() -> None:
    found, split = members([f"p{n}" for n in range(10)]), Split(without=("class=normal", "twin"))
    roles = share_out(found, split, learns=True)
    assert LEFT_OUT not in roles.values()
    assert list(notes_on(found, roles, split)) == [
        "the protocol leaves out class=normal and twin: no case has an attribute, so that none is left out"
    ]


def test_what_is_said_of_a_split() -> None:
    found = [Member("s", Case(f"c{n}", f"g{n // 2}", attributes={"odd": n % 2}), ALL) for n in range(20)]
    assert list(notes_on(found, share_out(found, Split(), learns=True), Split())) == []
    split = Split(valid=("c1",), test=("c0", "c2", "c4"), by="case")
    (note,) = notes_on(found, share_out(found, split, learns=True), split)
    assert "3 of 10 groups stand in more than one part, so that the figures need not hold" in note
    whole = Split(valid=("c0", "c1"), test=("c2", "c3"), by="case")
    assert list(notes_on(found, share_out(found, whole, learns=True), whole)) == [
        "split by case, as the protocol says: none of 10 groups stand in more than one part"
    ]
    split = Split(without=("odd=1", "odd"))
    assert list(notes_on(found, share_out(found, split, learns=True), split)) == [
        "left out of every part, as the protocol says: 10 of 20 cases (10 odd=1 and 0 odd)"
    ]
