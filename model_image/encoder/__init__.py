"""The transformers backend: one shared encoder, every head from one forward pass."""
