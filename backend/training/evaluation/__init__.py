"""What an adapter is worth: perplexity on held-out records, sample completions, loss curve, model card."""
