#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# .NET's tasks and its thread pool.  How it is called: ../README.md
set -eu
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1

check() {
    command -v dotnet >/dev/null || { echo "there is no dotnet (the .NET SDK, 8 or newer)"; exit 3; }
    sdk=$(dotnet --version 2>/dev/null) ||
        { echo "there is no .NET SDK, only a runtime"; exit 3; }
    [ "${sdk%%.*}" -ge 8 ] || { echo "there is no .NET SDK 8 or newer, this is $sdk"; exit 3; }
    echo ".NET SDK $sdk"
}

# The pool has as many workers as the process believes to have processors.
build() {
    sdk=$(dotnet --version)
    rm -rf "$1/project"
    mkdir -p "$1/project"
    cp ./*.cs peer.csproj "$1/project"
    dotnet publish "$1/project/peer.csproj" --nologo -v quiet -c Release \
        -p:PeerFramework="net${sdk%%.*}.0" -o "$1/app"
    cat >"$1/peer" <<END
#!/bin/sh
# A row that uses one thread leaves the other processors to the compiler.
case \$1 in
vtask-sync | vtask-inline | vtask-async-* | vtask-pooled-* | vtask-pending | vtask-when-all) ;;
*) export DOTNET_PROCESSOR_COUNT="\$3" ;;
esac
exec dotnet "$1/app/peer.dll" "\$@"
END
    chmod +x "$1/peer"
}

"$@"
