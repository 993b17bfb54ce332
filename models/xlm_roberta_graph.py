"""The forward pass of an XLM-RoBERTa-shaped classifier as an OpenVINO graph, built from config and safetensors.

One copy of the weights serves transformers and the CPU run-time: the graph refers to the tensors of
`model.safetensors` (half precision stays so until the plug-in converts it). Architecture: [CKG+20], [DCLT19].
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..labels.errors import ModelError

if TYPE_CHECKING:
    import openvino as ov

Weights = Mapping[str, NDArray[Any]]

_PREFIX = "roberta."


def build_graph(folder: Path) -> ov.Model:
    """Graph with inputs input_ids and attention_mask, int64 (batch, tokens), and output logits, f32 (batch, labels).

    Raises: ModelError: config or weights are not those of an XLM-RoBERTa sequence classifier.
    """
    import openvino as ov
    from openvino import opset13 as ops
    from safetensors.numpy import load_file

    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        weights = load_file(folder / "model.safetensors")
    except (OSError, ValueError) as error:
        raise ModelError(f"{folder}: config.json or model.safetensors cannot be read ({error})") from error
    if config.get("model_type") not in ("xlm-roberta", "roberta"):
        raise ModelError(
            f"{folder}: a graph is built for xlm-roberta only, not for {config.get('model_type')!r}; "
            "bundles of other encoders carry an OpenVINO IR (made by `xjstance train`)"
        )
    ids = ops.parameter([-1, -1], np.int64, name="input_ids")
    mask = ops.parameter([-1, -1], np.int64, name="attention_mask")
    ids.output(0).set_names({"input_ids"})
    mask.output(0).set_names({"attention_mask"})
    try:
        layers = _Layers(ops, weights, config)
        logits = _head(ops, layers, layers.first_state(ids, mask))
    except KeyError as error:
        raise ModelError(f"{folder}/model.safetensors: the tensor {error.args[0]!r} is missing") from error
    result = ops.result(logits)
    result.output(0).set_names({"logits"})
    return ov.Model([result], [ids, mask], "xlm_roberta_classifier")


def _head(ops: Any, layers: _Layers, first_state: Any) -> Any:
    """Logits from the state of the first token: dense, tanh, projection."""
    first = ops.squeeze(first_state, np.array([1], dtype=np.int64))
    hidden = ops.tanh(layers.linear(first, "classifier.dense"))
    return layers.linear(hidden, "classifier.out_proj")


class _Layers:
    """Builds the parts of the network from named tensors."""

    def __init__(self, ops: Any, weights: Weights, config: Mapping[str, Any]) -> None:
        self.ops, self.weights, self.config = ops, weights, config
        self.n_heads: int = config["num_attention_heads"]
        self.head_size: int = config["hidden_size"] // self.n_heads
        if config.get("hidden_act", "gelu") != "gelu":
            raise ModelError(f"config.json: hidden_act {config['hidden_act']!r} is not supported; only gelu is")

    def constant(self, name: str) -> Any:
        """A tensor of the file as f32 in the graph, kept in its stored precision."""
        node = self.ops.constant(self.weights[name], shared_memory=False)
        return node if self.weights[name].dtype == np.float32 else self.ops.convert(node, np.float32)

    def linear(self, states: Any, name: str) -> Any:
        """states @ weight.T + bias."""
        product = self.ops.matmul(states, self.constant(f"{name}.weight"), False, True)
        return self.ops.add(product, self.constant(f"{name}.bias"))

    def norm(self, states: Any, name: str) -> Any:
        """Layer normalisation over the last axis."""
        ops, eps = self.ops, float(self.config.get("layer_norm_eps", 1e-5))
        scaled = ops.mvn(states, np.array([-1], dtype=np.int64), True, eps, "inside_sqrt")
        return ops.add(ops.multiply(scaled, self.constant(f"{name}.weight")), self.constant(f"{name}.bias"))

    def first_state(self, ids: Any, mask: Any) -> Any:
        """Hidden state of the first token after the last layer, f32 (batch, 1, hidden).

        The head reads no other: the last layer asks for the first token alone, and of the others takes only keys and
        values. The bits are those of the whole layer; a quarter of the time of a network of four layers is saved.
        """
        ops, n_layers = self.ops, self.config["num_hidden_layers"]
        states = self.embeddings(ids, mask)
        real = ops.convert(ops.unsqueeze(mask, np.array([1, 2], dtype=np.int64)), np.float32)
        bias = ops.multiply(ops.subtract(np.float32(1.0), real), np.float32(-1e9))
        for layer in range(n_layers):
            read = self.first_token(states) if layer == n_layers - 1 else states
            states = self.layer(read, states, bias, f"{_PREFIX}encoder.layer.{layer}.")
        return states

    def first_token(self, states: Any) -> Any:
        """(batch, tokens, hidden) -> (batch, 1, hidden)."""
        zero, one = np.array([0], dtype=np.int64), np.array([1], dtype=np.int64)
        return self.ops.slice(states, zero, one, one, one)

    def embeddings(self, ids: Any, mask: Any) -> Any:
        """Word, position and type embeddings; positions count real tokens from padding index + 1 on."""
        ops, pad = self.ops, int(self.config.get("pad_token_id", 1))
        name = f"{_PREFIX}embeddings."
        counted = ops.multiply(ops.cumsum(mask, np.int64(1)), mask)
        positions = ops.add(counted, np.int64(pad))
        words = ops.gather(self.constant(f"{name}word_embeddings.weight"), ids, np.int64(0))
        places = ops.gather(self.constant(f"{name}position_embeddings.weight"), positions, np.int64(0))
        kind = ops.gather(self.constant(f"{name}token_type_embeddings.weight"), np.int64(0), np.int64(0))
        return self.norm(ops.add(ops.add(words, places), kind), f"{name}LayerNorm")

    def layer(self, read: Any, states: Any, bias: Any, name: str) -> Any:
        """One transformer layer, post-norm, of the tokens `read`, which attend to all `states`."""
        ops = self.ops
        sources = {"query": read, "key": states, "value": states}
        heads = [self.heads(self.linear(source, f"{name}attention.self.{part}")) for part, source in sources.items()]
        attended = ops.scaled_dot_product_attention(*heads, bias)
        merged = ops.reshape(ops.transpose(attended, np.array([0, 2, 1, 3], dtype=np.int64)),
                             np.array([0, 0, self.n_heads * self.head_size], dtype=np.int64), True)  # fmt: skip
        output = self.linear(merged, f"{name}attention.output.dense")
        states = self.norm(ops.add(output, read), f"{name}attention.output.LayerNorm")
        inner = ops.gelu(self.linear(states, f"{name}intermediate.dense"), "erf")
        return self.norm(ops.add(self.linear(inner, f"{name}output.dense"), states), f"{name}output.LayerNorm")

    def heads(self, states: Any) -> Any:
        """(batch, tokens, hidden) -> (batch, heads, tokens, head size)."""
        shape = np.array([0, 0, self.n_heads, self.head_size], dtype=np.int64)
        return self.ops.transpose(self.ops.reshape(states, shape, True), np.array([0, 2, 1, 3], dtype=np.int64))
