"""Train an encoder and its heads into a directory that the server loads (`encoder/layout.py`).

settings -> sources -> lessons -> batches -> network -> loop -> exams -> card, strung by `run.py`.
Needs requirements-train.txt; nothing here is in the container.
"""
