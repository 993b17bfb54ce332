"""Whatever fits the OpenAPI description, and much that does not: the review page answers and never breaks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("sqlalchemy")
pytest.importorskip("fastapi")
pytest.importorskip("argon2")
pytest.importorskip("schemathesis")

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.review_browser import Browser
from tests.review_data import Desk, desk, queued
from xjstance.labels.store import all_annotations, broken_links

if TYPE_CHECKING:
    from schemathesis import Case

ODD = st.one_of(
    st.text(max_size=40),
    st.sampled_from(["'; DROP TABLE annotations;--", "\" OR 1=1",
                     "%00", "\0", "../../etc/passwd", "1e309", "-1", "9" * 25,
                     "<script>alert(1)</script>", "{{7*7}}", "${7*7}", "\ud800".encode("utf-8", "replace").decode()]),
)  # fmt: skip
FIELDS = ("kind", "label", "note", "spans", "after", "seconds", "confidence", "request_id", "name", "role", "languages",
          "password", "is_active", "is_flagged")  # fmt: skip


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A queue that somebody has begun."""
    with desk(str(tmp_path_factory.mktemp("schema") / "reviews.db")) as found:
        for name, role in (("ant", "reviewer"), ("owl", "adjudicator"), ("elk", "administrator")):
            found.hire(name, role)
        found.add([queued(number) for number in range(5)])
        found.judge("ant", found.take("ant") or 0, "critical")
        yield found


def operations(store: Desk) -> list[Any]:
    """Every operation of the description."""
    app = Browser(store).client.app
    description: Any = schemathesis.openapi.from_dict(app.openapi())  # type: ignore[attr-defined]
    return [found.ok() for found in description.get_all_operations()]


def test_every_operation_answers_what_the_description_allows_and_more(store: Desk) -> None:
    found = operations(store)
    assert len(found) >= 18
    with store.database.reading() as session:
        before = all_annotations(session)
    people = [Browser(store, name) for name in (None, "ant", "owl", "elk")]
    tokens = [one.get("/").forms["/sign-out"]["csrf"] if at else "" for at, one in enumerate(people)]
    odd_queries = st.dictionaries(st.sampled_from(["order", "tag", "outlet", "stance", "page", "model"]), ODD)
    for operation in found:
        if operation.path == "/sign-out":
            continue

        @settings(max_examples=5, deadline=None, database=None, phases=[Phase.generate], derandomize=True,
                  suppress_health_check=list(HealthCheck))  # fmt: skip
        @given(case=operation.as_strategy(), odd=st.dictionaries(st.sampled_from(FIELDS), ODD), at=st.integers(0, 3),
               query=odd_queries)  # fmt: skip
        def answers(case: Case[Any], odd: dict[str, str], at: int, query: dict[str, str]) -> None:
            path = case.formatted_path
            data = {**odd, "csrf": tokens[at]} if case.method.upper() == "POST" else None
            client = people[at].client
            answer = client.request(case.method, path, params=query, data=data)
            assert answer.status_code < 500, (case.method, path, odd, query)
            assert "<script>alert" not in answer.text and "Traceback" not in answer.text
            assert answer.headers["content-security-policy"].startswith("default-src 'none'")

        answers()
    with store.database.reading() as session:
        assert list(broken_links(session)) == []
        assert all_annotations(session)[: len(before)] == before
