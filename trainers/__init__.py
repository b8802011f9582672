"""Training, evaluation and matching commands."""
