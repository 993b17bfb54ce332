from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xjstance.labels.sentences import sentence_spans


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One here. Two there! Three?", ["One here.", "Two there!", "Three?"]),
        ("Dr. Smith of the U.S. Senate spoke. He left.", ["Dr. Smith of the U.S. Senate spoke.", "He left."]),
        ("It cost 3.5 million. approx. nothing", ["It cost 3.5 million. approx. nothing"]),
        ("新疆很好。真的吗？是！", ["新疆很好。", "真的吗？", "是！"]),
        ("他说：“没有。”她笑了。", ["他说：“没有。”", "她笑了。"]),
        ("پېكىن رەت قىلدى. نېمىشقا؟ بىلمەيمىز.", ["پېكىن رەت قىلدى.", "نېمىشقا؟", "بىلمەيمىز."]),
        ("सभी मनुष्य। दूसरा वाक्य।", ["सभी मनुष्य।", "दूसरा वाक्य।"]),
        ("ሰው ነው። ሌላ።", ["ሰው ነው።", "ሌላ።"]),
        ("Title line\n\nBody line", ["Title line", "Body line"]),
    ],
)
def test_sentences_end_where_a_reader_ends_them(text: str, expected: list[str]) -> None:
    assert [text[start:end] for start, end in sentence_spans(text)] == expected


def test_thai_without_marks_is_divided_at_spaces() -> None:
    text = "ประชาชนในเขตปกครองตนเอง " * 20
    spans = sentence_spans(text)
    assert len(spans) > 2
    assert max(end - start for start, end in spans) < 160


@given(st.text(max_size=300))
def test_spans_are_ordered_and_cover_all_visible_characters(text: str) -> None:
    spans = sentence_spans(text)
    assert all(start < end for start, end in spans)
    assert all(before[1] <= after[0] for before, after in pairwise(spans))
    covered = {at for start, end in spans for at in range(start, end)}
    assert all(text[at].isspace() for at in set(range(len(text))) - covered)
