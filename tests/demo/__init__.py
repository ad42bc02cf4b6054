"""The demo company: its organisation file, its messages, its story."""
