"""What a runtime needs on this machine, found or fetched: a Java, jars, and the folder that keeps them.

Nothing here is used where :class:`dai_scoring.scorer.RuntimeSettings` says ``provision=False``.
"""
