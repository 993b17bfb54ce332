"""TokenStore: the tokenised corpus as flat tensors on the training device, and draws of pairs and passages from it."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ..models.tokenizer import BOS_ID, EOS_ID, PAD_ID, StanceTokenizer
from .corpora import Corpus

log = logging.getLogger(__name__)

_BIBLE_PASSAGES = 0.3  # a third of the running text, in an old register: drawn less
_ANCHOR_LANGUAGES = ("en", "zh-Hans", "zh-Hant")


def write_tokens(corpus: Corpus, tokenizer: StanceTokenizer, path: Path) -> None:
    """Tokenise the corpus once into an .npz file for `TokenStore.load`."""
    ids = [np.array(tokenizer.encode(text), np.uint16) for text in corpus.texts]
    lengths = np.array([len(row) for row in ids])
    temporary = path.with_suffix(".tmp.npz")
    np.savez(
        temporary,
        ids=np.concatenate(ids),
        starts=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        languages=corpus.languages,
        sources=corpus.sources,
        groups=corpus.groups,
        passages=corpus.passages,
        places=corpus.places,
        is_held_out=corpus.is_held_out,
        language_names=np.array(corpus.language_names),
        source_names=np.array(corpus.source_names),
        n_pieces=tokenizer.n_pieces,
    )
    temporary.replace(path)
    log.info("%s: %d texts, %d tokens", path, len(ids), lengths.sum())


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenStore:
    """The corpus as tensors on one device; a *row* is a text."""

    ids: Tensor
    """int32 (tokens): all texts end to end, without special tokens."""
    starts: Tensor
    """int64 (rows + 1): where each row begins in `ids`."""
    languages: Tensor
    """int64 (rows)."""
    group_rows: Tensor
    """int64 (entries): training rows ordered by group; only groups in two languages or more."""
    group_starts: Tensor
    """int64 (groups + 1): where each group begins in `group_rows`."""
    source_groups: tuple[Tensor, ...]
    """For each source, int64 indices of its groups."""
    row_weights: Tensor
    """float32 (rows): log weight of the row's language in a draw."""
    is_anchor: Tensor
    """bool (rows): English or Chinese."""
    passage_rows: Tensor
    """int64 (entries): training rows of running text, neighbours standing side by side."""
    run_ends: Tensor
    """int64 (entries): where in `passage_rows` the run of neighbours ends that this entry belongs to."""
    passage_weights: Tensor
    """float32 (entries): weight of starting a passage there."""
    twins: Tensor
    """int64 (rows): group index of a row, -1 outside groups."""
    source_names: tuple[str, ...]
    language_names: tuple[str, ...]
    unigram: Tensor
    """float32 (pieces): smoothed frequency, for negative draws."""
    held_out: Mapping[str, Tensor]
    """Language -> int64 (lines): its held-out rows, line i of each the same sentence; -1 where it lacks one."""

    @classmethod
    def load(cls, path: Path, *, language_exponent: float, device: torch.device) -> TokenStore:
        """Read what `write_tokens` wrote and build the indices for drawing."""
        with np.load(path) as file:
            data = {name: file[name] for name in file.files}
        rows = np.arange(len(data["starts"]) - 1)
        lengths = np.diff(data["starts"])
        languages = data["languages"].astype(np.int64)
        usable = ~data["is_held_out"] & (lengths > 0)
        order = rows[usable][np.argsort(data["groups"][usable], kind="stable")]
        group_of = data["groups"][order]
        # A group counts where its rows are in two languages at least.
        firsts = np.flatnonzero(np.r_[True, group_of[1:] != group_of[:-1]])
        low = np.minimum.reduceat(languages[order], firsts)
        high = np.maximum.reduceat(languages[order], firsts)
        sizes = np.diff(np.r_[firsts, len(order)])
        keep = low < high
        order = order[np.repeat(keep, sizes)]
        sizes = sizes[keep]
        group_starts = np.r_[0, np.cumsum(sizes)]
        group_source = data["sources"][order[group_starts[:-1]]]
        twins = np.full(len(rows), -1)
        twins[order] = np.repeat(np.arange(len(sizes)), sizes)
        counts = np.bincount(languages[usable], weights=lengths[usable], minlength=languages.max() + 1)
        log_weights = -language_exponent * np.log(np.maximum(counts, 1))[languages]
        names = tuple(str(n) for n in data["language_names"])
        anchors = [names.index(n) for n in _ANCHOR_LANGUAGES if n in names]
        # Runs: the same passage, each place one after the last.
        running = rows[usable & (data["passages"] >= 0)]
        running = running[np.lexsort((data["places"][running], data["passages"][running]))]
        passages, places = data["passages"][running], data["places"][running]
        breaks = np.r_[(passages[1:] != passages[:-1]) | (places[1:] != places[:-1] + 1), True]
        ends = np.flatnonzero(breaks) + 1
        run_ends = np.repeat(ends, np.diff(np.r_[0, ends]))
        passage_weights = counts[languages[running]] ** -0.5 * (run_ends - np.arange(len(running)) > 1)
        bible = [i for i, name in enumerate(data["source_names"]) if name == "bible"]
        passage_weights[np.isin(data["sources"][running], bible)] *= _BIBLE_PASSAGES
        unigram = np.bincount(data["ids"], minlength=int(data["n_pieces"])).astype(np.float64) ** 0.75
        unigram[:5] = 0

        def tensor(array: np.ndarray, dtype: torch.dtype = torch.int64) -> Tensor:
            return torch.as_tensor(np.ascontiguousarray(array)).to(device=device, dtype=dtype)

        source_names = tuple(str(n) for n in data["source_names"])
        return cls(
            ids=tensor(data["ids"].astype(np.int32), torch.int32),
            starts=tensor(data["starts"]),
            languages=tensor(languages),
            group_rows=tensor(order),
            group_starts=tensor(group_starts),
            source_groups=tuple(tensor(np.flatnonzero(group_source == s)) for s in range(len(source_names))),
            row_weights=tensor(log_weights, torch.float32),
            is_anchor=tensor(np.isin(languages, anchors), torch.bool),
            passage_rows=tensor(running),
            run_ends=tensor(run_ends),
            passage_weights=tensor(passage_weights, torch.float32),
            twins=tensor(twins),
            source_names=source_names,
            language_names=names,
            unigram=tensor(unigram / unigram.sum(), torch.float32),
            held_out=_held_out(data, names),
        )

    @property
    def device(self) -> torch.device:
        """Where the tensors lie."""
        return self.ids.device

    @property
    def lengths(self) -> Tensor:
        """int64 (rows): tokens of each row."""
        return self.starts[1:] - self.starts[:-1]

    def draw_groups(
        self, n: int, *, weights: Mapping[str, float], single_source_share: float, generator: torch.Generator
    ) -> Tensor:
        """int64 (<= n): different groups, of one source or of all by their weights."""
        shares = torch.tensor([weights.get(name, 0.0) for name in self.source_names])
        is_single = torch.rand((), generator=generator) < single_source_share
        shares *= torch.tensor([float(len(g) > (min(n, 900) if is_single else 0)) for g in self.source_groups])
        if is_single:
            source = int(torch.multinomial(shares, 1, generator=generator))
            counts = {source: n}
        else:
            drawn = torch.multinomial(shares, n, replacement=True, generator=generator)
            counts = dict(enumerate(torch.bincount(drawn, minlength=len(shares)).tolist()))
        parts = []
        for source, count in counts.items():
            groups = self.source_groups[source]
            if count and len(groups):
                picks: Tensor = torch.unique(torch.randint(len(groups), (count,), generator=generator))
                parts.append(groups[picks.to(self.device)])
        return torch.cat(parts)

    def draw_pairs(self, groups: Tensor, *, anchor_share: float, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """int64 (groups) twice: two rows of each group in different languages, either side first."""
        starts = self.group_starts[groups]
        sizes = self.group_starts[groups + 1] - starts
        columns = torch.arange(int(sizes.max()), device=self.device)
        inside = columns < sizes[:, None]
        rows = self.group_rows[(starts[:, None] + columns).clamp_max(len(self.group_rows) - 1)]
        noise = torch.rand(rows.shape, generator=generator).to(self.device)
        score = self.row_weights[rows] - torch.log(-torch.log(noise.clamp(1e-9, 1 - 1e-7)))
        score = score.masked_fill(~inside, -1e9)
        has_anchor = torch.rand(len(groups), generator=generator).to(self.device) < anchor_share
        preferred = score + 1e4 * (self.is_anchor[rows] & inside & has_anchor[:, None])
        first = rows.gather(1, preferred.argmax(1, keepdim=True))
        same = self.languages[rows] == self.languages[first]
        second = rows.gather(1, score.masked_fill(same, -2e9).argmax(1, keepdim=True))
        swap = torch.rand((len(groups), 1), generator=generator).to(self.device) < 0.5
        return torch.where(swap, second, first)[:, 0], torch.where(swap, first, second)[:, 0]

    def draw_passages(self, n: int, *, max_tokens: int, generator: torch.Generator) -> list[Tensor]:
        """n runs of neighbouring rows (int64), each as long as fits."""
        picks = torch.multinomial(self.passage_weights.cpu(), n, replacement=True, generator=generator).to(self.device)
        lengths = self.lengths
        found = []
        for at, end in zip(picks.tolist(), self.run_ends[picks].tolist(), strict=True):
            rows = self.passage_rows[at : min(end, at + 64)]
            room = torch.cumsum(lengths[rows], 0) <= max_tokens - 2
            found.append(rows[: max(int(room.sum()), 1)])
        return found

    def translated(self, rows: Tensor, *, generator: torch.Generator) -> Tensor | None:
        """The passage in another language that has all of its rows, or None (int64, same length)."""
        groups = self.twins[rows]
        if (groups < 0).any():
            return None
        starts, ends = self.group_starts[groups].tolist(), self.group_starts[groups + 1].tolist()
        tables = []
        for start, end in zip(starts, ends, strict=True):
            members = self.group_rows[start:end]
            tables.append(dict(zip(self.languages[members].tolist(), members.tolist(), strict=True)))
        common = set.intersection(*(set(t) for t in tables)) - {int(self.languages[rows[0]])}
        if not common:
            return None
        choices = sorted(common)
        language = choices[int(torch.randint(len(choices), (), generator=generator))]
        return torch.tensor([t[language] for t in tables], device=self.device)

    def padded(self, rows: Tensor, *, max_tokens: int) -> Tensor:
        """int64 (rows, tokens): `<s> text </s>` padded on the right; texts are cut to fit."""
        lengths = self.lengths[rows].clamp_max(max_tokens - 2)
        width = int(lengths.max())
        columns = torch.arange(width, device=self.device)
        inside = columns < lengths[:, None]
        flat = (self.starts[rows][:, None] + columns).clamp_max(len(self.ids) - 1)
        out = torch.full((len(rows), width + 2), PAD_ID, dtype=torch.int64, device=self.device)
        out[:, 0] = BOS_ID
        out[:, 1:-1] = torch.where(inside, self.ids[flat].long(), PAD_ID)
        out.scatter_(1, lengths[:, None] + 1, EOS_ID)
        return out

    def row_ids(self, row: int) -> Tensor:
        """int64 (tokens) of one row."""
        return self.ids[self.starts[row] : self.starts[row + 1]].long()


def _held_out(data: Mapping[str, np.ndarray], names: tuple[str, ...]) -> dict[str, Tensor]:
    rows = np.flatnonzero(data["is_held_out"])
    lines = {int(group): i for i, group in enumerate(np.unique(data["groups"][rows]))}
    found: dict[str, Tensor] = {}
    for row in rows.tolist():
        table = found.setdefault(names[int(data["languages"][row])], torch.full((len(lines),), -1))
        table[lines[int(data["groups"][row])]] = row
    return found


def padded_sequences(sequences: list[Tensor], device: torch.device) -> Tensor:
    """int64 (sequences, tokens): padded on the right."""
    return torch.nn.utils.rnn.pad_sequence(sequences, batch_first=True, padding_value=PAD_ID).to(device)
