"""Understand customers' words: the inference container and its models."""

VERSION = "0.1.0"
