"""Models as an HTTP server: ``dai-score serve``.

``command.py`` turns the command line into ``settings.py``. ``running/`` starts one process or several, which open the
models (``hosted.py``). ``answering/`` finds the path of a request and checks its key. Requests to score go to the queue
of their model (``batching.py``), which uses their dialect (``dialects/``). ``pages/`` has pages for people.
"""
