"""From corpora to a tokenizer, an encoder, a fine-tuned and calibrated bundle; evaluation and selection."""
