"""The flow: receive -> understand -> digests, and how each stage is rebuilt from its left.

Each step strings pure functions and the adapters of a World together. `app.py` calls them.
"""
