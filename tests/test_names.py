import copy
import pickle
import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sagemaker_spark_py import names
from sagemaker_spark_py.errors import SettingError
from sagemaker_spark_py.names import (
    CustomNamePolicy,
    CustomNamePolicyFactory,
    CustomNamePolicyWithTimeStampSuffix,
    CustomNamePolicyWithTimeStampSuffixFactory,
    NamePolicy,
    NamePolicyFactory,
    RandomNamePolicy,
    RandomNamePolicyFactory,
    ResourceNames,
)

FOUR = ("job", "model", "config", "endpoint")
ALLOWED = string.ascii_letters + string.digits + "-"


def valid(name):
    """SageMaker's pattern, in words of our own."""
    return (
        0 < len(name) <= 63
        and set(name) <= set(ALLOWED)
        and not name.startswith("-")
        and not name.endswith("-")
    )


def test_random_names_have_the_layout_of_old():
    policy = RandomNamePolicy("sparksm-4-")
    found = re.fullmatch(r"sparksm-4-trainingJob(-[0-9a-f]{12}-\d{8}T\d{6})", policy.trainingJobName)
    assert policy.names == ResourceNames(
        policy.trainingJobName,
        "sparksm-4-model" + found[1],
        "sparksm-4-endpointConfig" + found[1],
        "sparksm-4-endpoint" + found[1],
    )


def test_time_is_utc(monkeypatch):
    monkeypatch.setenv("TZ", "Asia/Kathmandu")
    asked = []

    class Clock(names.datetime):
        @classmethod
        def now(cls, tz=None):
            asked.append(tz)
            return super().now(tz)

    monkeypatch.setattr(names, "datetime", Clock)
    RandomNamePolicy()
    assert asked == [names.timezone.utc]


def test_policies_and_factories_are_values():
    values = [
        RandomNamePolicy("a-"),
        RandomNamePolicyFactory("a-"),
        CustomNamePolicy(*FOUR),
        CustomNamePolicyFactory(*FOUR),
        CustomNamePolicyWithTimeStampSuffix(*FOUR),
        CustomNamePolicyWithTimeStampSuffixFactory(*FOUR),
    ]
    for value in values:
        twin = eval(repr(value), vars(names))  # also: the repr is the call that makes it
        assert twin == value
        assert hash(twin) == hash(value)
        assert pickle.loads(pickle.dumps(value)) == copy.deepcopy(value) == value
        with pytest.raises(AttributeError):
            value.trainingJobName = "x"
    assert RandomNamePolicy("a-") != RandomNamePolicy("b-")


def test_names_stay_the_same_when_copied_and_pickled():
    for policy in (RandomNamePolicy("p"), CustomNamePolicyWithTimeStampSuffix(*FOUR)):
        assert pickle.loads(pickle.dumps(policy)).names == copy.copy(policy).names == policy.names


def test_each_random_policy_has_names_of_its_own():
    made = {name for _ in range(50) for name in RandomNamePolicyFactory().createNamePolicy().names}
    assert len(made) == 200


def test_custom_names_are_taken_as_given():
    assert CustomNamePolicyFactory(*FOUR).createNamePolicy().names == FOUR


def test_suffix_is_one_time_for_all_four_and_attributes_are_the_arguments():
    policy = CustomNamePolicyWithTimeStampSuffixFactory(*FOUR).createNamePolicy()
    assert policy.trainingJobName == "job"
    endings = {name.removeprefix(given_) for name, given_ in zip(policy.names, FOUR, strict=True)}
    assert len(endings) == 1
    assert re.fullmatch(r"-\d{8}T\d{12}", endings.pop())


@given(st.text(ALLOWED + "_. ü", max_size=70))
def test_random_names_are_valid_or_refused_at_once(prefix):
    for make in (RandomNamePolicy, RandomNamePolicyFactory):
        if valid(prefix + "x" * 43):
            make(prefix)
            assert all(valid(name) for name in RandomNamePolicy(prefix).names)
        else:
            with pytest.raises(SettingError):
                make(prefix)


@given(st.lists(st.text(ALLOWED + "_", max_size=66), min_size=4, max_size=4))
def test_custom_names_are_valid_or_refused_at_once(four):
    for factory, suffix in (
        (CustomNamePolicyFactory, ""),
        (CustomNamePolicyWithTimeStampSuffixFactory, "-" + "x" * 21),
    ):
        if all(valid(name + suffix) for name in four):
            assert all(valid(name) for name in factory(*four).createNamePolicy().names)
        else:
            with pytest.raises(SettingError):
                factory(*four)


@pytest.mark.parametrize(
    ("prefix", "better"),
    [("my_project-", "my-project-"), ("-x", "x"), ("a" * 21, "a" * 20), ("two words ", "two-words-")],
)
def test_refused_prefix_comes_with_one_that_works(prefix, better):
    with pytest.raises(SettingError, match=rf"Take '{better}'") as caught:
        RandomNamePolicy(prefix)
    assert repr(prefix) in str(caught.value)
    RandomNamePolicy(better)


def test_refused_name_says_which():
    with pytest.raises(SettingError, match=r"modelName .*'a_b'.*at most 63.*Take 'a-b'"):
        CustomNamePolicy("j", "a_b", "c", "e")
    with pytest.raises(SettingError, match=r"endpointName.*at most 41"):
        CustomNamePolicyWithTimeStampSuffix("j", "m", "c", "e" * 42)
    with pytest.raises(
        SettingError, match=r"endpointName gives.*neither beginning nor ending with a hyphen\.$"
    ):
        CustomNamePolicy("j", "m", "c", "")
    with pytest.raises(TypeError, match=r"modelName has the wrong type: NoneType"):
        CustomNamePolicy("j", None, "c", "e")


def test_a_policy_of_ones_own():
    class Fixed(NamePolicy):
        names = ResourceNames(*FOUR)

    class Factory(NamePolicyFactory):
        def createNamePolicy(self):
            return Fixed()

    assert Factory().createNamePolicy().names.modelName == "model"
    with pytest.raises(TypeError):
        NamePolicy()
    with pytest.raises(TypeError):
        NamePolicyFactory()
