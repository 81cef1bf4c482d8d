#!/bin/sh
# What a stage of the Dockerfile does: a small Java and the Python packages of these extras, below /opt.
#   sh install.sh java,serve [PACKAGE...]
# TARGET, MODEL, PYTHON and JAVA_HOME say where things are if they are not where the image has them.
set -eu
extras=$1
shift
target=${TARGET:-/opt}
model=${MODEL:-/opt/dai-model}
jlink=${JAVA_HOME:+$JAVA_HOME/bin/}jlink

# Without jdk.zipfs JPype waits for ever when it starts Java.
modules=java.base,java.logging,java.management,java.naming,java.sql,jdk.charsets,jdk.unsupported,jdk.zipfs
# H2O's MOJO runtime, if its licence was accepted when this folder was made. Without it, the model is H2O-3's, whose
# genmodel has pictures of trees.
ls jars/*.jar >/dev/null 2>&1 && has_runtime=yes || has_runtime=
[ "$has_runtime" ] || modules=$modules,java.desktop
"$jlink" --strip-debug --no-header-files --no-man-pages --compress zip-9 --output "$target/java" --add-modules "$modules"
# What draws on a screen.
for name in awt_xawt fontmanager freetype javajpeg jsound lcms mlib_image splashscreen; do
    rm -f "$target/java/lib/lib$name.so"
done

"${PYTHON:-python3}" -m venv "$target/dai"
python=$target/dai/bin/python
"$python" -m pip install --quiet --no-compile --disable-pip-version-check \
    --constraint constraints.txt "$(echo wheel/*.whl)[$extras]"
# Azure's server wants other versions of some packages than those that the project is tested with.
if [ $# -gt 0 ]; then
    "$python" -m pip install --quiet --no-compile --disable-pip-version-check "$@"
fi
packages=$("$python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
if [ "$has_runtime" ]; then
    mkdir -p "$packages/dai_scoring/jars/mojo2"
    cp jars/*.jar "$packages/dai_scoring/jars/mojo2/"
fi
"$python" trim.py "$packages"
# Those of numpy and pydantic are as small as this makes them.
for folder in "$target/java/lib/server" "$packages/fastavro" "$packages/lz4" "$packages/pyarrow"; do
    find "$folder" -name '*.so*' -exec strip --strip-unneeded {} +
done
for package in httptools uvloop; do
    if [ -d "$packages/$package" ]; then find "$packages/$package" -name '*.so' -exec strip --strip-unneeded {} +; fi
done

# Scores once: so Python keeps what it compiled, and Java gets an archive of the classes in place of its default one,
# which it takes without being told.
classes=$(mktemp)
PYTHONDONTWRITEBYTECODE= JAVA_HOME=$target/java "$python" warm_up.py "$model" "$classes"
"$target/java/bin/java" -Xshare:dump -XX:+UseSerialGC -XX:SharedClassListFile="$classes" \
    -XX:SharedArchiveFile="$target/java/lib/server/classes.jsa" -cp "$(cat "$classes.path")" -Xlog:disable
rm -f "$classes" "$classes.path"
chmod -R go+rX "$target/java" "$target/dai"
