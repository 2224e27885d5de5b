# Windows twin of `make quickstart`.
& (Join-Path $PSScriptRoot "clara.ps1") quickstart @args
exit $LASTEXITCODE
