"""The local twin: the deployed template's resources in moto, the real handlers behind HTTP."""
