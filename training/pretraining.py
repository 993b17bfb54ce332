"""Pre-train the encoder from scratch: a static phase, then a transformer grown out of it.

    python -m xjstance.training.pretraining --corpora DIR --tokenizer DIR --output DIR [--config FILE.toml] [--resume]
        [--domain-sentences labels/domain_sentences.jsonl]

The output folder holds `tokens.npz` (the tokenised corpus), `static.safetensors`, `checkpoint/` (to resume from),
`encoder/` (what `AutoModel.from_pretrained` loads, renewed at every checkpoint), `log.jsonl` and `config.json`.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import logging
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from ..labels.errors import ConfigError
from ..models.tokenizer import BOS_ID, EOS_ID, SENTENCEPIECE_FILE, SentencePieceTokenizer
from .corpora import read_corpora
from .pretraining_checkpoint import load_checkpoint, save_checkpoint
from .pretraining_config import PretrainingConfig, read_config
from .pretraining_data import TokenStore, padded_sequences, write_tokens
from .pretraining_model import PretrainingModel, StaticEncoder, export, grow, swapped
from .pretraining_objectives import encode_first, hide, masked_loss, ranking_loss

log = logging.getLogger(__name__)

WATCHED_LANGUAGES = (
    *("zh-Hans", "ar", "ru", "hi", "tr", "ug", "kk", "sw", "ko", "my"),
    *("fr", "bo", "uz", "vi", "am", "fa"),
)
"""Languages whose held-out lines are looked up in English while training runs."""


def rate_at(step: int, n_steps: int, *, warmup: int, final_fraction: float) -> float:
    """Share of the peak learning rate: a linear rise, then a linear fall to the final fraction."""
    if step < warmup:
        return (step + 1) / warmup
    return 1 - (1 - final_fraction) * (step - warmup) / max(n_steps - warmup, 1)


class Pretraining:
    """One run: its data, its generator and its place on disk."""

    def __init__(self, *, config: PretrainingConfig, store: TokenStore, pieces: SentencePieceTokenizer, folder: Path,
                 tokenizer: Path, bf16: bool) -> None:  # fmt: skip
        self.config, self.store, self.n_pieces = config, store, pieces.n_pieces
        self.opens_word = torch.tensor([pieces.opens_word(i) for i in range(pieces.n_pieces)])
        self.folder, self.tokenizer, self.bf16 = folder, tokenizer, bf16
        self.generator = torch.Generator().manual_seed(config.seed)
        self.started_s = time.monotonic()

    @property
    def minutes(self) -> float:
        """Minutes since this process began the run."""
        return round((time.monotonic() - self.started_s) / 60, 2)

    def note(self, **values: Any) -> None:
        """One line of log.jsonl."""
        values = {k: round(v, 5) if isinstance(v, float) else v for k, v in values.items()}
        values["minutes"] = self.minutes
        with (self.folder / "log.jsonl").open("a", encoding="utf-8") as out:
            out.write(json.dumps(values) + "\n")
        log.info("%s", values)

    def pairs(self, n: int) -> tuple[Tensor, Tensor]:
        """Rows of n translation pairs (a few less where a group was drawn twice)."""
        c = self.config
        groups = self.store.draw_groups(
            n, weights=c.source_weights, single_source_share=c.single_source_share, generator=self.generator
        )
        return self.store.draw_pairs(groups, anchor_share=c.anchor_share, generator=self.generator)

    def held_out_accuracy(self, encode: Callable[[Tensor], Tensor]) -> dict[str, float]:
        """Language -> share of its held-out lines whose nearest English line is the right one, and their mean."""
        english = self.store.held_out["en"]
        with torch.no_grad():
            target = nn.functional.normalize(encode(english), dim=1)
            found = {}
            for language in WATCHED_LANGUAGES:
                rows = self.store.held_out.get(language)
                if rows is None:
                    continue
                lines = torch.nonzero(rows >= 0)[:, 0]
                vectors = nn.functional.normalize(encode(rows[lines]), dim=1)
                found[language] = float(((vectors @ target.T).argmax(1).cpu() == lines).float().mean())
        return {"mean": sum(found.values()) / max(len(found), 1), **found}

    # Static phase

    def static_batch(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Texts end to end with `<s>` and `</s>` (ids), and where each begins (offsets)."""
        store, limit = self.store, self.config.pair_tokens
        lengths = store.lengths[rows].clamp_max(limit - 2) + 2
        offsets = torch.cumsum(lengths, 0) - lengths
        place = torch.arange(int(lengths.sum()), device=rows.device) - torch.repeat_interleave(offsets, lengths)
        flat = torch.repeat_interleave(store.starts[rows], lengths) + place - 1
        ids = store.ids[flat.clamp(0, len(store.ids) - 1)].long()
        ids[offsets] = BOS_ID
        ids[offsets + lengths - 1] = EOS_ID
        return ids, offsets

    def train_static(self) -> StaticEncoder:
        """The static encoder, trained or read from `static.safetensors`."""
        c, device = self.config, self.store.device
        static = StaticEncoder(self.n_pieces, c, self.generator).to(device)
        path = self.folder / "static.safetensors"
        if path.is_file():
            static.load_state_dict(load_file(path))
            return static
        others = [p for n, p in static.named_parameters() if n != "words.weight" and p.requires_grad]
        optimizer = torch.optim.Adam(
            [
                {"params": [static.words.weight], "peak": c.static_embedding_rate},
                {"params": others, "peak": c.static_rate},
            ],
            lr=1e-3,
            betas=(0.9, 0.98),
            fused=True,
        )

        def encode(rows: Tensor) -> Tensor:
            vectors: Tensor = static(*self.static_batch(rows.to(device)))
            return vectors

        total = 0.0
        for step in range(c.static_steps):
            factor = rate_at(step, c.static_steps, warmup=50, final_fraction=c.final_rate_fraction)
            for group in optimizer.param_groups:
                group["lr"] = group["peak"] * factor
            left, right = self.pairs(c.static_pairs)
            vectors = encode(torch.cat([left, right]))
            loss = ranking_loss(vectors[: len(left)], vectors[len(left) :], temperature=c.temperature, margin=c.margin)
            optimizer.zero_grad()
            torch.autograd.backward(loss)
            optimizer.step()
            total += loss.item()
            if (step + 1) % c.eval_every == 0 or step + 1 == c.static_steps:
                accuracy = self.held_out_accuracy(encode)
                self.note(phase="static", step=step + 1, loss=total / c.eval_every, **accuracy)
                total = 0.0
            if step % 100 == 99:
                save_file(static.state_dict(), self.folder / "static.partial.safetensors")
        save_file(static.state_dict(), path)
        return static

    # Transformer phase

    def ranked(self, model: PretrainingModel, is_masked: bool) -> dict[str, Tensor]:
        """Losses of one batch of translation pairs."""
        c = self.config
        left, right = self.pairs(c.pairs)
        ids = self.store.padded(torch.cat([left, right]), max_tokens=c.pair_tokens)
        n = len(left)
        chosen = None
        if is_masked:
            hidden, chosen, _ = hide(ids[:n], c.mask_share, self.n_pieces, self.generator)
            targets = ids[:n][chosen]
            ids = torch.cat([hidden, ids[n:]])
            chosen = torch.cat([chosen, torch.zeros_like(ids[n:], dtype=torch.bool)])
        elif c.swapped:
            ids = torch.cat([ids, swapped(ids[: c.swapped], self.opens_word, self.generator)])
        first, states = encode_first(model, ids, chosen, bf16=self.bf16)
        left, right, wrong = first[:n], first[n : 2 * n], first[2 * n :]
        losses = {
            "rank": ranking_loss(
                left, right, temperature=c.temperature, margin=c.margin, wrong=wrong if len(wrong) else None
            )
        }
        if not is_masked and len(wrong):
            right = right[: len(wrong)]
            near = nn.functional.cosine_similarity(left[: len(wrong)], right)
            losses["swapped_hits"] = (near > nn.functional.cosine_similarity(wrong, right)).float().mean()
        if is_masked:
            losses["masked"], losses["hits"] = masked_loss(model, states, targets, self.negatives(), bf16=self.bf16)
        return losses

    def negatives(self) -> Tensor:
        """Pieces drawn by smoothed frequency."""
        drawn = torch.multinomial(
            self.store.unigram.cpu(), self.config.n_negative_pieces, replacement=True, generator=self.generator
        )
        return drawn.to(self.store.device)

    def joint(self, model: PretrainingModel) -> dict[str, Tensor]:
        """Losses of translation pairs read as one masked input."""
        c = self.config
        left, right = self.pairs(c.tlm_pairs)
        room = min(c.pair_tokens, c.max_tokens // 2)
        a, b = self.store.padded(left, max_tokens=room), self.store.padded(right, max_tokens=room)
        sequences = []
        for x, y in zip(a, b, strict=True):
            y = y[: int((y != 1).sum())].clone()
            y[0] = EOS_ID
            sequences.append(torch.cat([x[: int((x != 1).sum())], y]))
        ids = padded_sequences(sequences, self.store.device)
        hidden, chosen, targets = hide(ids, 1.5 * c.mask_share, self.n_pieces, self.generator)
        _, states = encode_first(model, hidden, chosen, bf16=self.bf16)
        loss, hits = masked_loss(model, states, targets, self.negatives(), bf16=self.bf16)
        return {"joint": loss, "joint_hits": hits}

    def passage_length(self) -> tuple[int, float]:
        """A window length, and its size against 128 tokens."""
        lengths = [n for n in (128, 256, 512) if n <= self.config.max_tokens] or [self.config.max_tokens]
        shares = torch.tensor([0.5, 0.35, 0.15][: len(lengths)])
        length = lengths[int(torch.multinomial(shares, 1, generator=self.generator))]
        return length, length / 128

    def sequence(self, rows: Tensor) -> Tensor:
        """`<s>` the rows' pieces `</s>`."""
        special = [torch.tensor([i], device=rows.device) for i in (BOS_ID, EOS_ID)]
        return torch.cat([special[0], *(self.store.row_ids(int(r)) for r in rows), special[1]])

    def running(self, model: PretrainingModel) -> dict[str, Tensor]:
        """Losses of masked passages, half of them with their halves exchanged."""
        c = self.config
        length, size = self.passage_length()
        drawn = self.store.draw_passages(max(int(c.passages / size), 2), max_tokens=length, generator=self.generator)
        sequences, labels = [], []
        for rows in drawn:
            exchanged = len(rows) > 1 and bool(torch.rand((), generator=self.generator) < 0.5)
            if exchanged:
                cut = int(torch.randint(1, len(rows), (), generator=self.generator))
                rows = torch.cat([rows[cut:], rows[:cut]])
            labels.append(-100 if len(rows) < 2 else int(exchanged))
            sequences.append(self.sequence(rows)[:length])
        ids = padded_sequences(sequences, self.store.device)
        hidden, chosen, targets = hide(ids, c.mask_share, self.n_pieces, self.generator)
        first, states = encode_first(model, hidden, chosen, bf16=self.bf16)
        loss, hits = masked_loss(model, states, targets, self.negatives(), bf16=self.bf16)
        order = torch.tensor(labels, device=first.device)
        losses = {"running": loss, "running_hits": hits}
        if (order >= 0).any():
            losses["order"] = nn.functional.cross_entropy(model.order(first), order)
        return losses

    def ranked_passages(self, model: PretrainingModel) -> dict[str, Tensor]:
        """Loss of whole passages ranked against their translations."""
        c = self.config
        left: list[Tensor] = []
        right: list[Tensor] = []
        length = min(256, c.max_tokens)
        for rows in self.store.draw_passages(3 * c.passage_pairs, max_tokens=length, generator=self.generator):
            if len(rows) < 2 or len(left) == c.passage_pairs:
                continue
            other = self.store.translated(rows, generator=self.generator)
            if other is not None:
                left.append(self.sequence(rows)[: c.max_tokens])
                right.append(self.sequence(other)[: c.max_tokens])
        if len(left) < 2:
            return {}
        ids = padded_sequences(left + right, self.store.device)
        first, _ = encode_first(model, ids, None, bf16=self.bf16)
        n = len(left)
        return {"rank_passages": ranking_loss(first[:n], first[n:], temperature=c.temperature, margin=c.margin)}

    def train_transformer(self, model: PretrainingModel, *, resume: bool, on_save: Callable[[int], None]) -> None:
        """The transformer phase, from its start or from the checkpoint."""
        c = self.config
        first: list[Tensor] = [model.words.weight, *model.static_parameters()]
        is_first = {id(p) for p in first}
        others = [p for p in model.parameters() if id(p) not in is_first]
        matrices, vectors = [p for p in others if p.ndim > 1], [p for p in others if p.ndim == 1]
        optimizer = torch.optim.AdamW(
            [
                {"params": first, "peak": c.embedding_rate, "weight_decay": 0.0},
                {"params": matrices, "peak": c.rate, "weight_decay": c.weight_decay},
                {"params": vectors, "peak": c.rate, "weight_decay": 0.0},
            ],
            lr=1e-4, betas=(0.9, 0.98), eps=1e-6, fused=True,
        )  # fmt: skip
        start = load_checkpoint(self.folder / "checkpoint", model, optimizer, self.generator) if resume else 0

        def encode(rows: Tensor) -> Tensor:
            ids = self.store.padded(rows.to(self.store.device), max_tokens=min(256, c.max_tokens))
            return encode_first(model, ids, None, bf16=self.bf16)[0]

        if start == 0:
            self.note(phase="transformer", step=0, **self.held_out_accuracy(encode))
        weights = {"masked": c.mlm_weight, "joint": c.mlm_weight, "running": c.mlm_weight, "order": c.order_weight}
        sums: dict[str, list[float]] = {}
        saved_s = time.monotonic()
        for step in range(start, c.steps):
            factor = rate_at(step, c.steps, warmup=c.warmup_steps, final_fraction=c.final_rate_fraction)
            for group in optimizer.param_groups:
                group["lr"] = group["peak"] * factor
            optimizer.zero_grad(set_to_none=False)
            is_masked = bool(torch.rand((), generator=self.generator) < c.masked_ranking_share)
            parts: list[Callable[[], dict[str, Tensor]]] = [
                lambda is_masked=is_masked: self.ranked(model, is_masked),  # type: ignore[misc]
                lambda: self.joint(model),
                lambda: self.running(model),
            ]
            if step % 3 == 0:
                parts.append(lambda: self.ranked_passages(model))
            for part in parts:
                losses = part()
                total = sum(
                    (weights.get(name, 1.0) * value for name, value in losses.items() if not name.endswith("hits")),
                    torch.zeros((), device=self.store.device),
                )
                if losses:
                    torch.autograd.backward(total)
                for name, value in losses.items():
                    sums.setdefault(name, []).append(float(value.detach()))
            norm = nn.utils.clip_grad_norm_(model.parameters(), 2.0)
            sums.setdefault("gradient", []).append(float(norm))
            optimizer.step()
            if (step + 1) % 50 == 0:
                self.note(step=step + 1, **{k: sum(v) / len(v) for k, v in sums.items()})
                sums.clear()
            if (step + 1) % c.eval_every == 0:
                self.note(phase="transformer", step=step + 1, **self.held_out_accuracy(encode))
            if time.monotonic() - saved_s > 60 * c.checkpoint_minutes or step + 1 == c.steps:
                save_checkpoint(self.folder / "checkpoint", model, optimizer, self.generator, step + 1)
                on_save(step + 1)
                saved_s = time.monotonic()


def run(*, corpora: Sequence[Path], tokenizer: Path, output: Path, config: PretrainingConfig, resume: bool,
        device: torch.device, bf16: bool, domain_sentences: Path | None = None) -> None:  # fmt: skip
    """Both phases, to `output`.

    Raises: ConfigError: the output holds another run and `resume` is not set.
    """
    output.mkdir(parents=True, exist_ok=True)
    if (output / "checkpoint").exists() and not resume:
        raise ConfigError(f"{output}: holds a run already; go on with --resume, or name another folder")
    pieces = SentencePieceTokenizer(tokenizer / SENTENCEPIECE_FILE)
    if not (output / "tokens.npz").is_file():
        write_tokens(read_corpora(corpora, domain_sentences=domain_sentences), pieces, output / "tokens.npz")
    settings = dataclasses.asdict(config)
    (output / "config.json").write_text(json.dumps(settings, indent=1) + "\n", encoding="utf-8")
    store = TokenStore.load(output / "tokens.npz", language_exponent=config.language_exponent, device=device)
    training = Pretraining(config=config, store=store, pieces=pieces, folder=output, tokenizer=tokenizer, bf16=bf16)
    static = training.train_static()
    model = PretrainingModel(pieces.n_pieces, config).to(device)
    grow(model, static, training.generator)
    record: dict[str, Any] = {"config": settings, "torch": torch.__version__}

    def on_save(step: int) -> None:
        export(model, tokenizer, output / "encoder", record | {"step": step, "minutes": training.minutes})

    if not (output / "checkpoint").exists():
        on_save(0)
    if config.n_layers and config.steps:
        model.train()
        training.train_transformer(model, resume=resume, on_save=on_save)


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m xjstance.training.pretraining", description=__doc__)
    parser.add_argument("--corpora", type=Path, nargs="+", required=True, help="folders with the corpora (Parquet)")
    parser.add_argument("--tokenizer", type=Path, required=True, help="folder that training.tokenizer wrote")
    parser.add_argument("--output", type=Path, required=True, help="folder of the run")
    parser.add_argument("--config", type=Path, help="TOML file with settings; defaults otherwise")
    parser.add_argument("--domain-sentences", type=Path, help="parallel sentences of the domain, one more source")
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--precision", choices=["bf16", "fp32"], default="bf16", help="bf16 needs AMX or a GPU")
    parser.add_argument("--threads", type=int, default=1, help="threads on a CPU")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(options.threads)
    run(
        corpora=options.corpora, tokenizer=options.tokenizer, output=options.output,
        config=read_config(options.config), resume=options.resume, device=torch.device(options.device),
        bf16=options.precision == "bf16", domain_sentences=options.domain_sentences,
    )  # fmt: skip


if __name__ == "__main__":
    main()
