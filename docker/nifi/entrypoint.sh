#!/bin/sh
# Configures NiFi from the environment, runs it, and stops it when the container is stopped.
#
#   NIFI_WEB_HTTP_PORT        where it listens, 8080 by default
#   NIFI_ADDRESS              the name that it listens at, and by which other nodes reach it: the container's
#   NIFI_SENSITIVE_PROPS_KEY  encrypts sensitive values in the flow; made at the first start where there is none
#   NIFI_ZK_CONNECT_STRING    makes it a node of the cluster of that ZooKeeper, such as zookeeper:2181
#   NIFI_CLUSTER_NODES        how many nodes to wait for at first, 3 by default
#   NIFI_JVM_HEAP_MAX         Java's maximum memory, such as 2g
#   NIFI_PROPERTIES           further keys of nifi.properties, KEY=VALUE, one a line
#
# What must outlive the container is in NIFI_DATA.
set -eu
umask 027

home="${NIFI_HOME:-/opt/nifi/nifi-current}"
data="${NIFI_DATA:-/opt/nifi/data}"
address="${NIFI_ADDRESS:-$(hostname)}"
conf="$home/conf"

# rewrite FILE PROGRAM: runs awk over a file, in place; the file keeps its owner and mode.
rewrite() {
    changed="$(awk "$2" "$1")"
    printf '%s\n' "$changed" > "$1"
}

# put KEY VALUE: sets a key of nifi.properties, whether it is there, commented out or missing.
put() {
    export KEY="$1" VALUE="$2"
    rewrite "$conf/nifi.properties" '
        BEGIN { key = ENVIRON["KEY"] "="; line = key ENVIRON["VALUE"] }
        index($0, key) == 1 || index($0, "#" key) == 1 { if (!done) print line; done = 1; next }
        { print }
        END { if (!done) print line }'
    unset KEY VALUE
}

mkdir -p "$data" "$home/logs"
chmod 750 "$data"
key_file="$data/sensitive-properties.key"
if [ -z "${NIFI_SENSITIVE_PROPS_KEY:-}" ]; then
    if [ -n "${NIFI_ZK_CONNECT_STRING:-}" ]; then
        echo "The nodes of a cluster need one key: set NIFI_SENSITIVE_PROPS_KEY, 12 characters or more, alike for all." >&2
        exit 2
    fi
    if [ ! -f "$key_file" ]; then
        (umask 077 && head -c 24 /dev/urandom | base64 | tr -d '\n' > "$key_file")
    fi
    NIFI_SENSITIVE_PROPS_KEY="$(cat "$key_file")"
fi
put nifi.sensitive.props.key "$NIFI_SENSITIVE_PROPS_KEY"

put nifi.web.https.host ""
put nifi.web.https.port ""
put nifi.web.http.host "$address"
put nifi.web.http.port "${NIFI_WEB_HTTP_PORT:-8080}"
put nifi.remote.input.host "$address"
put nifi.remote.input.secure false
put nifi.security.keystore ""
put nifi.security.keystoreType ""
put nifi.security.truststore ""
put nifi.security.truststoreType ""
put nifi.security.user.login.identity.provider ""
put nifi.python.command python3
put nifi.nar.library.autoload.directory "$home/nar_extensions"
put nifi.flow.configuration.file "$data/flow.json.gz"
put nifi.database.directory "$data/database_repository"
put nifi.flowfile.repository.directory "$data/flowfile_repository"
put nifi.content.repository.directory.default "$data/content_repository"
put nifi.provenance.repository.directory.default "$data/provenance_repository"
put nifi.nar.persistence.provider.properties.directory "$data/nar_repository"
put nifi.asset.manager.properties.directory "$data/assets"

if [ -n "${NIFI_ZK_CONNECT_STRING:-}" ]; then
    put nifi.cluster.is.node true
    put nifi.cluster.node.address "$address"
    put nifi.cluster.node.protocol.port 11443
    put nifi.cluster.protocol.is.secure false
    # Archives and models are handed from node to node within this; 5 seconds, as NiFi has it, are too few.
    put nifi.cluster.node.read.timeout "1 min"
    put nifi.cluster.load.balance.host "$address"
    put nifi.cluster.leader.election.implementation CuratorLeaderElectionManager
    put nifi.cluster.flow.election.max.candidates "${NIFI_CLUSTER_NODES:-3}"
    put nifi.cluster.flow.election.max.wait.time "1 min"
    put nifi.state.management.provider.cluster zk-provider
    put nifi.zookeeper.connect.string "$NIFI_ZK_CONNECT_STRING"
fi
printf '%s\n' "${NIFI_PROPERTIES:-}" | while IFS= read -r line; do
    case "$line" in
        *=*) put "${line%%=*}" "${line#*=}" ;;
        '') ;;
        *) echo "NIFI_PROPERTIES wants KEY=VALUE, one a line, and not: $line" >&2; exit 2 ;;
    esac
done

export STATE="$data/state" ZOOKEEPER="${NIFI_ZK_CONNECT_STRING:-}"
rewrite "$conf/state-management.xml" '
    /<property name="Directory">/ { sub(/>[^<]*</, ">" ENVIRON["STATE"] "<") }
    /<property name="Connect String">/ { sub(/>[^<]*</, ">" ENVIRON["ZOOKEEPER"] "<") }
    { print }'
unset STATE ZOOKEEPER

# At INFO the bridge to Python writes a line for every call that crosses it.
if ! grep -q 'name="py4j"' "$conf/logback.xml"; then
    rewrite "$conf/logback.xml" '/<\/configuration>/ { print "    <logger name=\"py4j\" level=\"WARN\"/>" } { print }'
fi
if [ -n "${NIFI_JVM_HEAP_MAX:-}" ] && [ -f "$conf/bootstrap.conf" ]; then
    export HEAP="$NIFI_JVM_HEAP_MAX"
    rewrite "$conf/bootstrap.conf" '{ sub(/=-Xmx.*/, "=-Xmx" ENVIRON["HEAP"]); print }'
    unset HEAP
fi
# Keys belong to NiFi's files, not to the environment of the processes that it starts.
unset NIFI_SENSITIVE_PROPS_KEY NIFI_PROPERTIES

# Before NiFi starts: without it a signal that comes then would be lost, as this is the container's first process.
trap '"$home/bin/nifi.sh" stop' TERM INT
"$home/bin/nifi.sh" run &
nifi=$!
tail -n +1 -F "$home/logs/nifi-app.log" 2> /dev/null &
tail=$!
code=0
wait "$nifi" || code=$?
# A signal ends the wait before NiFi has ended.
if kill -0 "$nifi" 2> /dev/null; then
    code=0
    wait "$nifi" || code=$?
fi
kill "$tail" 2> /dev/null || true
exit "$code"
