"""What the `hub` command does, one command a module."""
