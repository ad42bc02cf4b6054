"""Measurements of speed; run as `python -m model_image.bench`."""
