"""Language identifier, tokenizer, encoder, windows, calibration, bundles, routing."""
