#!/bin/sh
# Pack an app as a disk image: dmg.sh bursar.app bursar.dmg. Signs first, where SIGN_AS names an identity of the keychain.
set -eu
app=$1
image=$2
if [ -n "${SIGN_AS:-}" ]; then
    codesign --force --deep --options runtime --timestamp --sign "$SIGN_AS" "$app"
    codesign --verify --strict "$app"
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cp -R "$app" "$folder/"
ln -s /Applications "$folder/Applications"
rm -f "$image"
hdiutil create -quiet -volname bursar -srcfolder "$folder" -format UDZO "$image"
