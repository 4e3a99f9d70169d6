#!/usr/bin/env bash
# Makes a release in three steps, so that nobody's pipeline meets a tag whose
# image isn't there yet:
#
#   .github/release.sh tag  v1.2.3   a commit beside the branch, whose actions and
#                                    component take that image, and its tag
#   .github/release.sh push v1.2.3   sends that tag; .github/workflows/release.yml
#                                    then publishes the image and, at its end, calls
#   .github/release.sh move v1.2.3   which brings v1 and v1.2 there and sends them,
#                                    unless they have a later release already
#
# --dry-run, before the step, says what would be done and does nothing.
# IMAGE and REMOTE name other places than ghcr.io/seatrial/seatrial and origin.
set -euo pipefail

image=${IMAGE:-ghcr.io/seatrial/seatrial}
remote=${REMOTE:-origin}
dry=

fail() {
  echo "release.sh: $*" >&2
  exit 1
}

# change runs a command that changes something, or says that it would.
change() {
  if [ -n "$dry" ]; then echo "would run: $*"; else "$@"; fi
}

# What users refer to by a tag, and which must take the image of that tag.
files=(action.yml host/action.yml templates/seatrial.yml)

# pinned is one of them with that image, in the place of the Dockerfile or of v1.
pinned() {
  sed -e "s,ghcr\.io/seatrial/seatrial:v[0-9]*\>,$image:$version,g" \
    -e "s,^  image: Dockerfile\$,  image: docker://$image:$version," "$1"
}

# release_commit prints a commit that is HEAD but for those files. It has no
# branch, and neither the index nor the files here change.
release_commit() {
  local index file tree
  index=$(mktemp)
  GIT_INDEX_FILE=$index git read-tree HEAD
  for file in "${files[@]}"; do
    GIT_INDEX_FILE=$index git update-index --cacheinfo "100644,$(pinned "$file" | git hash-object -w --stdin),$file"
  done
  tree=$(GIT_INDEX_FILE=$index git write-tree)
  rm -f "$index"
  git commit-tree "$tree" -p HEAD -m "Release $version" -m "The actions and the component take the image $image:$version."
}

tag() {
  [ -z "$(git status --porcelain)" ] || fail "there are changes that are in no commit; a release has only what is"
  ! git rev-parse --quiet --verify "refs/tags/$version" >/dev/null || fail "the tag $version is there already; a release never changes"
  local file
  for file in "${files[@]}"; do
    # Without -q, which would leave before sed has written all: a broken pipe.
    pinned "$file" | grep -F "$image:$version" >/dev/null || fail "$file names no image that could be pinned"
  done
  if [ -n "$dry" ]; then
    for file in "${files[@]}"; do pinned "$file" | diff -u "$file" - || true; done
    echo "would tag a commit with that, after $(git rev-parse --short HEAD), as $version"
    return
  fi
  git tag --annotate --message="Seatrial $version" "$version" "$(release_commit)"
  echo "tagged $version; next: .github/release.sh push $version"
}

push() {
  known
  change git push "$remote" "refs/tags/$version"
}

# newest prints the latest release whose name starts so.
newest() {
  git tag --list "$1.*" | grep -Ex 'v[0-9]+\.[0-9]+\.[0-9]+' | sort --version-sort | tail -n 1
}

move() {
  known
  local line
  for line in "${version%%.*}" "${version%.*}"; do
    if [ "$(newest "$line")" != "$version" ]; then
      echo "$line stays where it is: $(newest "$line") is later than $version"
      continue
    fi
    change git tag --force "$line" "$version^{commit}"
    change git push --force "$remote" "refs/tags/$line"
  done
}

known() {
  git rev-parse --quiet --verify "refs/tags/$version" >/dev/null || fail "there is no tag $version; first: .github/release.sh tag $version"
}

if [ "${1-}" = --dry-run ]; then
  dry=yes
  shift
fi
step=${1-} version=${2-}
[[ $# -eq 2 && $step =~ ^(tag|push|move)$ ]] || fail "usage: .github/release.sh [--dry-run] tag|push|move vX.Y.Z"
number='(0|[1-9][0-9]*)'
[[ $version =~ ^v$number\.$number\.$number$ ]] || fail "\"$version\" is no version; one is like v1.2.3"
cd "$(git rev-parse --show-toplevel)"
"$step"
