"""Differences between two cells and trends over cells, with intervals that know that one audit stands behind both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..labels.errors import ConfigError
from .estimators_margins import margins
from .estimators_variance import AuditDesign, Floats, variance_floor
from .prevalence import Prevalence, PrevalenceCell, PrevalenceSettings
from .prevalence_cuts import Counting, printed_key


@dataclass(frozen=True, slots=True, kw_only=True)
class Contrast:
    """A weighted sum of the shares of several cells, for each label."""

    name: str
    counting: Counting
    estimate: Floats
    low: Floats
    high: Floats
    unit: str
    """What one unit of the estimate is: a difference of shares, or its change a step."""


def difference(first: PrevalenceCell, second: PrevalenceCell, design: AuditDesign, settings: PrevalenceSettings, *,
               name: str) -> Contrast:  # fmt: skip
    """Shares of the first cell minus those of the second.

    Raises: ConfigError: one of them is suppressed or not corrected.
    """
    return _contrast([first, second], [1.0, -1.0], design, settings, name=name, unit="difference of shares")


def trend(prevalence: Prevalence, design: AuditDesign, settings: PrevalenceSettings, *,
          counting: Counting = "as_published") -> Contrast | None:  # fmt: skip
    """Least-squares change of the shares from one time step (month, year) to the next; None below three steps.

    Steps whose cells are suppressed are left out, at their distance.
    """
    cells = [cell for cell in prevalence.cells
             if cell.counting == counting and cell.estimate is not None and cell.key[0] is not None]  # fmt: skip
    if len(cells) < 3:
        return None
    steps = np.array([_step(str(cell.key[0])) for cell in cells])
    centred = steps - steps.mean()
    weights = centred / (centred**2).sum()
    name = f"trend over {len(cells)} steps, {cells[0].key[0]} to {cells[-1].key[0]}"
    step = prevalence.cut.by[0]
    return _contrast(cells, weights.tolist(), design, settings, name=name, unit=f"change of the share per {step}")


def pairs(prevalence: Prevalence, names: Sequence[tuple[str, str]], design: AuditDesign,
          settings: PrevalenceSettings, *, counting: Counting = "as_published") -> list[Contrast]:  # fmt: skip
    """Differences of pairs of cells, by the printed keys (`en`, `2019-07`, `en / 2019-07`).

    Raises: ConfigError: no such cell, or a suppressed one.
    """
    found = {printed_key(cell.key): cell for cell in prevalence.cells if cell.counting == counting}
    contrasts = []
    for first, second in names:
        if missing := [name for name in (first, second) if name not in found]:
            raise ConfigError(f"--compare: cut {prevalence.cut.name} has no cell {missing[0]!r}")
        contrasts.append(difference(found[first], found[second], design, settings, name=f"{first} minus {second}"))
    return contrasts


def _contrast(cells: Sequence[PrevalenceCell], weights: Sequence[float], design: AuditDesign,
              settings: PrevalenceSettings, *, name: str, unit: str) -> Contrast:  # fmt: skip
    estimates = []
    for cell in cells:
        if cell.estimate is None:
            raise ConfigError(
                f"cell {printed_key(cell.key)} cannot be compared: {cell.suppressed or 'there is no audit'}"
            )
        estimates.append(cell.estimate)
    value = sum(weight * item.shares for weight, item in zip(weights, estimates, strict=True))
    influence = sum(weight * item.influence for weight, item in zip(weights, estimates, strict=True))
    floor = sum(weight**2 * variance_floor(item.cell_weight, design)
                for weight, item in zip(weights, estimates, strict=True))  # fmt: skip
    found = margins(np.asarray(influence), design, units=settings.units, level=settings.level, floor=floor)
    return Contrast(name=name, counting=cells[0].counting, estimate=np.asarray(value),
                    low=np.asarray(value - found.below), high=np.asarray(value + found.above), unit=unit)  # fmt: skip


def _step(text: str) -> float:
    """A month as months since year 0, a year as itself.

    Raises: ConfigError: neither.
    """
    try:
        if len(text) == 7 and text[4] == "-":
            return 12.0 * int(text[:4]) + int(text[5:]) - 1
        return float(text)
    except ValueError:
        raise ConfigError(f"a trend runs over months or years; {text!r} is neither") from None
