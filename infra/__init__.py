"""The AWS stack as code, its local twin, and the command line of the hub."""
