"""What trainers, evaluation and the starter share: base models, batches, checkpoints, determinism, figures."""
