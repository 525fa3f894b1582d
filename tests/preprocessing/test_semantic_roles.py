"""Semantic tuples in every form that people write them, as vectors."""

import warnings

import numpy as np
import pytest

from keras_lrcn.preprocessing import SemanticRoles

ROLES = SemanticRoles(
    {
        "scene": ["kitchen", "Basement (below the ground)", "living room"],
        "objects": ["cup", "sofa", "couch", "cup/glass"],
    },
    multiple=("objects",),
    aliases={"location": "scene", "things": "objects", "c012": "cup", "mug": "cup"},
)


def vector(**roles):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return ROLES([roles])[0].tolist()


def test_words_lists_and_probabilities():
    assert vector(scene="kitchen") == [1, 0, 0, 0, 0, 0, 0]
    assert vector(objects=["cup", "couch"]) == [0, 0, 0, 1, 0, 1, 0]
    assert vector(objects="cup;couch") == vector(objects=["cup", "couch"])
    probabilities = {"kitchen": 0.75, "living room": 0.25}
    assert vector(scene=probabilities) == [0.75, 0, 0.25, 0, 0, 0, 0]
    assert vector(scene=list(probabilities.items())) == vector(scene=probabilities)


def test_what_a_classifier_says_is_a_role():
    from keras_lrcn.models import Classification

    names, probabilities = ("Kitchen", "living room"), np.array([0.25, 0.75])
    seen = Classification.of_mean(probabilities, np.ones((1, 2)), [0.0], names, top=2)
    assert vector(scene=seen) == [0.25, 0, 0.75, 0, 0, 0, 0]
    assert vector(scene=seen.top) == vector(scene=seen)


def test_a_plain_list_shares_a_role_of_one_word():
    assert vector(scene=["kitchen", "living room"]) == [0.5, 0, 0.5, 0, 0, 0, 0]


def test_spelling_of_words_and_roles_does_not_count():
    assert vector(Scenes=" Living_Room ") == vector(scene="living room")
    assert vector(location="Basement") == vector(scene="basement (below the ground)")
    assert vector(scene="BASEMENT (what is it?)") == vector(scene="basement")
    assert vector(object="mug", Locations="kitchen") == vector(objects="cup", scene="kitchen")
    assert vector(things="C012") == vector(objects="cup")


def test_known_parts_of_an_unknown_word_count():
    assert vector(objects="sofa/couch") == vector(objects=["sofa", "couch"])
    assert vector(objects="cup/glass") == [0, 0, 0, 0, 0, 0, 1]  # it is a word of its own


def test_missing_roles_are_unknown():
    assert vector() == vector(scene=None, objects=[]) == [0] * 7


def test_one_warning_names_all_that_is_unknown():
    tuples = [{"scene": "moon"}, {"objects": ["cup", "ufo", "ray"]}, {"mood": "good"}]
    with pytest.warns(UserWarning, match="scene 'moon'; objects 'ray', 'ufo'; role 'mood'") as got:
        vectors = ROLES(tuples)
    assert len(got) == 1
    assert vectors.sum(axis=1).tolist() == [0, 1, 0]


@pytest.mark.parametrize(
    "value", [3, [1, 2], {"cup": 1.5}, {"cup": float("nan")}, {"cup": "high"}, [["cup"]], [{}]]
)
def test_what_is_no_role_is_refused_by_name(value):
    with pytest.raises(ValueError, match="'objects'"):
        ROLES([{"objects": value}])


def test_what_is_no_tuple_is_refused():
    with pytest.raises(ValueError, match="dict from role to words"):
        ROLES(["kitchen"])


def test_words_give_the_maximum_back():
    roles = {"scene": ["living room"], "objects": ["cup", "couch"]}
    assert ROLES.words(ROLES([roles])[0]) == roles
    assert ROLES.words(np.array([0.2, 0.3, 0, 0.5, 0.4, 0, 0])) == {
        "scene": ["Basement (below the ground)"],
        "objects": ["cup"],
    }


def test_impossible_roles_are_refused():
    with pytest.raises(ValueError, match="tool"):
        SemanticRoles({"scene": ["a"]}, multiple=("tool",))
    with pytest.raises(ValueError, match="twice"):
        SemanticRoles({"scene": ["a", "A "]})


def test_config_round_trip():
    again = SemanticRoles.from_config(ROLES.get_config())
    tuples = [{"things": {"mug": 0.3}, "location": "basement"}]
    np.testing.assert_array_equal(again(tuples), ROLES(tuples))
