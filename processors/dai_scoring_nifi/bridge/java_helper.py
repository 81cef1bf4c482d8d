"""Loads the helper's classes (processors/java) into NiFi's own virtual machine."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from nifiapi.__jvm__ import JvmHolder

_JARS = Path(__file__).parent.parent / "jars"
_lock = threading.Lock()
_classes: dict[str, Any] = {}


def load(name: str, parent: Any) -> Any:
    """A new object of one of the helper's classes, whose class loader is below ``parent``.

    A process loads each class only once: NiFi's bridge to Python caches methods by the name of their class, and would
    call those of another class with the same name.
    """
    with _lock:
        if name not in _classes:
            _classes[name] = _loaded(name, parent)
    return _classes[name].newInstance()


def _loaded(name: str, parent: Any) -> Any:
    jvm = JvmHolder.jvm
    urls = [jvm.java.io.File(str(path)).toURI().toURL() for path in sorted(_JARS.glob("*.jar"))]
    array = jvm.java.lang.reflect.Array
    java_urls = array.newInstance(jvm.java.net.URI("file:/").toURL().getClass(), len(urls))
    for index, url in enumerate(urls):
        array.set(java_urls, index, url)
    return jvm.java.net.URLClassLoader(java_urls, parent).loadClass(name)
