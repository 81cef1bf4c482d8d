"""A local Apache NiFi, assembled from Maven Central and run on the loopback interface.

>>> from dai_nifi.local.instance import LocalNiFi
>>> nifi = LocalNiFi(Path("nifi-of-the-demo"))
>>> nifi.start(port=0).api
'http://127.0.0.1:39021/nifi-api'
>>> nifi.stop()
True

``assembly`` fills the shared cache with NiFi's files, ``config`` writes an instance's ``conf``, ``instance`` starts
and stops it.
"""
