"""Models as an HTTP server: ``dai-score serve``.

``command.py`` reads the command line into ``settings.py``. ``running/`` starts one process or several, which open the
models (``hosted.py``). ``answering/`` looks a request up and lets it in. If it is one to score, it goes to the queue of
its model (``batching.py``) with its dialect (``dialects/``); ``pages/`` has what is for people.
"""
