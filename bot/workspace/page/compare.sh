#!/bin/sh
# Builds the page anew, in another folder, from the locked packages, and says whether dist/ is what its sources make.
# With an argument: builds in that folder, which stays (packages included), instead of a throw-away one.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
if [ $# -gt 0 ]; then
  folder=$1
  mkdir -p "$folder"
else
  folder=$(mktemp -d)
  trap 'rm -rf "$folder"' EXIT
fi
for entry in .npmrc package.json package-lock.json tsconfig.json build.mjs lock.mjs licences src; do
  cp -R "$here/$entry" "$folder/"
done
cd "$folder"
npm ci --no-audit --no-fund --silent
npm run --silent check
npm run --silent build
diff -r "$here/dist" "$folder/dist" >/dev/null || {
  echo "bot/workspace/page/dist is not what its sources make: run make page and commit dist." >&2
  exit 1
}
echo "bot/workspace/page/dist is what its sources make."
