"""Settings of the review page."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewSettings:
    """How the page is served and what it shows."""

    hosts: tuple[str, ...] = ("127.0.0.1", "localhost")
    """Names under which the page is asked for; any other is refused (DNS rebinding)."""
    is_https: bool = False
    """Whether people reach it by https, through a proxy: then the cookie says so."""
    max_body_bytes: int = 1_000_000
    """Longest request that is read."""
    break_after_minutes: int = 45
    """Reading without a pause of `PAUSE_MINUTES` that brings the reminder."""
    shows_outlet: bool = False
    """Whether the outlet is shown before the own label is given."""

    def __post_init__(self) -> None:
        if not self.hosts or self.max_body_bytes < 1 or self.break_after_minutes < 1:
            raise ConfigError("the review page needs a host, a body limit and a break limit above 0")


PAUSE_MINUTES = 10
"""A gap between two judgements that counts as a pause."""
