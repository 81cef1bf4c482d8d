"""Models as an HTTP server: ``dai-score serve``.

``command.py`` reads the command line into ``settings.py``. ``process.py`` is one process that answers: it opens models
(``hosted.py``) and runs ``app.py`` on uvicorn. ``supervisor.py`` runs several such processes. A request to score goes
to the queue of its model (``batching.py``) with its dialect (``dialects/``); all else is answered in ``pages/``.
"""
