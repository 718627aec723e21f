#!/bin/sh
# Builds a snapshot of what lies in the folders of /lists and announces it. Options given to this script go to the
# build: --sample for the shipped sample lists.
#
#   /lists/published    the published lists           /lists/licenses    licenses held
#   /lists/private      private lists                 /lists/history     what buyers bought before
#   /lists/ownership    holdings                      /lists/rules       an overlay of the rules
#   /lists/good-list    parties found not to be an entry
#
# A list that has less than half of the rows announced before is refused by `publish`, and the announcement stays. A
# person who looked at it publishes the file by hand, with --accept-losses.
set -eu
lists=${LISTS:-/lists}
snapshots=${SNAPSHOTS:-/snapshots}
kept=7

if [ -d "$lists/published" ]; then set -- "$@" --lists "$lists/published"; fi
if [ -d "$lists/rules" ]; then set -- "$@" --rules "$lists/rules"; fi
for kind in private ownership good-list licenses history; do
  for file in "$lists/$kind"/*; do
    if [ -f "$file" ] && [ "${file##*/}" != manifest.json ]; then set -- "$@" "--$kind" "$file"; fi
  done
done

# A name of its own for each: the file that is announced now must stay as it is until another one is.
file=$snapshots/$(date -u +%Y-%m-%dT%H%M%SZ).snapshot
screener snapshot build "$@" --out "$file"
screener snapshot publish "$file"

# Only now: where nothing new is announced, nothing is removed. The last ones stay, to go back to; files of other names
# are somebody's own.
set -- "$snapshots"/????-??-??T??????Z.snapshot
while [ $# -gt "$kept" ]; do
  if [ "$1" != "$file" ]; then rm -- "$1"; fi
  shift
done
