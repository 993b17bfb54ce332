from __future__ import annotations

import numpy as np
import pytest

from xjstance.labels.errors import ModelError
from xjstance.models.aggregation import Aggregation
from xjstance.models.calibration import Calibration, Scaling

LOGITS = np.array([2.0, 0.0, -1.0, 0.5])


def test_temperature_and_bias_shape_the_probabilities() -> None:
    plain = Calibration().probs(LOGITS, "en")
    np.testing.assert_allclose(plain, np.exp(LOGITS) / np.exp(LOGITS).sum())
    soft = Calibration(pooled=Scaling(temperature=4.0)).probs(LOGITS, "en")
    assert soft.max() < plain.max() and soft.argmax() == plain.argmax()
    shifted = Calibration(pooled=Scaling(bias=(0.0, 5.0, 0.0, 0.0))).probs(LOGITS, "en")
    assert shifted.argmax() == 1


def test_language_with_its_own_scaling_uses_it() -> None:
    calibration = Calibration(by_language={"ug": Scaling(temperature=9.0)})
    assert calibration.probs(LOGITS, "ug").max() < calibration.probs(LOGITS, "en").max()


def test_stance_set_holds_labels_up_to_the_threshold_and_always_the_top_one() -> None:
    probs = np.array([0.5, 0.3, 0.15, 0.05])
    assert Calibration(conformal_at=0.75).stance_set(probs, "en") == (0, 1)
    assert Calibration(conformal_at=0.1).stance_set(probs, "en") == (0,)
    assert Calibration(conformal_at=1.0).stance_set(probs, "en") == (0, 1, 2, 3)
    assert Calibration(conformal_at=0.1, conformal_by_language={"ug": 0.9}).stance_set(probs, "ug") == (0, 1, 2)


def test_validated_from_twenty_stories_on_and_confidence_is_stricter_without() -> None:
    calibration = Calibration(validated={"en": 20, "sw": 19}, confident_at=0.7, confident_at_unvalidated=0.9)
    assert calibration.is_validated("en", "en")
    assert not calibration.is_validated("sw", "sw")
    probs = np.array([0.8, 0.1, 0.05, 0.05])
    assert calibration.is_confident(probs, is_validated=True)
    assert not calibration.is_confident(probs, is_validated=False)


def test_calibration_survives_its_dict_form_and_refuses_unknown_keys() -> None:
    calibration = Calibration(by_language={"ug": Scaling(temperature=2.0, bias=(0.0, 1.0))}, validated={"en": 3})
    assert Calibration.from_dict(calibration.to_dict()) == calibration
    with pytest.raises(ModelError, match="calibration cannot be read"):
        Calibration.from_dict(calibration.to_dict() | {"extra": 1})


@pytest.mark.parametrize(("rule", "expected"), [("mean", [0.25, 0.75]), ("lead", [0.4, 0.6])])
def test_aggregation_weighs_windows_by_tokens_and_place(rule: str, expected: list[float]) -> None:
    aggregation = Aggregation(rule=rule, lead_weight=2.0)  # type: ignore[arg-type]
    logits = np.eye(2, 4, dtype=np.float32)
    np.testing.assert_allclose(aggregation.article_logits([10, 30], logits)[:2], expected)


def test_confident_rule_prefers_the_surer_window() -> None:
    logits = np.array([[4.0, 0, 0, 0], [0.1, 0, 0, 0]], dtype=np.float32)
    weights = Aggregation(rule="confident").weights([10, 10], logits)
    assert weights[0] > weights[1] and weights.sum() == pytest.approx(1)
