"""Fitting an organisation's heads from its corrections, and choosing what to label next."""
