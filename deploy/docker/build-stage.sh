#!/bin/sh
# What the Dockerfile's build stage does, and what does the same without Docker: copies the sources to a clean folder,
# builds there, and lays out under DESTINATION what an image has of llmgen.
#
#   deploy/docker/build-stage.sh DESTINATION
set -eu

[ $# -eq 1 ] || { echo "usage: $0 DESTINATION" >&2; exit 64; }
source=$(cd "$(dirname "$0")/../.." && pwd)
mkdir -p "$1"
destination=$(cd "$1" && pwd)
swift=${SWIFT:-swift}

make --no-print-directory -C "$source" setup

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$source"
cp -R Package.swift Sources Tests "$folder"
cd "$folder"
"$swift" build -c release --static-swift-stdlib --product llmgen --traits TLS

# Names of models are looked for in share/llmgen/models above the binary.
install -D -s -m 755 .build/release/llmgen "$destination/usr/local/bin/llmgen"
models=$destination/usr/local/share/llmgen/models
for file in "$source"/models/*/*; do
    [ -f "$file" ] || continue
    install -D -m 644 "$file" "$models/$(basename "$(dirname "$file")")/$(basename "$file")"
done
install -D -m 644 "$source/LICENSE" "$destination/usr/local/share/doc/llmgen/LICENSE"
