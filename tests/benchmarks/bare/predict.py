"""daimojo's predict on a frame that was read already. Arguments: the MOJO, the folder with daimojo."""

import sys

from loop import serve

sys.path.append(sys.argv[2])
import daimojo
import datatable

model = daimojo.model(sys.argv[1])


def prepare(path):
    frame = datatable.fread(path, na_strings=[""])
    return lambda: model.predict(frame)


serve(prepare)
