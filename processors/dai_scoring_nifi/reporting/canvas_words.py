"""NiFi's names for what the library's errors mention by markers: commands of dai-nifi and NiFi's processors."""

from __future__ import annotations

from dai_scoring.option_words import name_on_canvas

WORDS = {
    "accept_h2o_licence": "'dai-nifi nars build --accept-h2o-licence'",
    "accept_daimojo": "'dai-nifi nars build --runtime cpp --accept-h2o-licence'",
    "bundle_jars": "'dai-nifi nars build'",
    "process": "NiFi",
    "convert_characters": "In NiFi, ConvertCharacterSet",
    "read_xml": "an XMLReader as Record Reader, with a Record Writer,",
    "unpack_contents": "In NiFi, CompressContent and UnpackContent",
}

name_on_canvas(WORDS)
