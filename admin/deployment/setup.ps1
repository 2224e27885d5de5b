# Windows twin of `make setup`.
& (Join-Path $PSScriptRoot "clara.ps1") setup @args
exit $LASTEXITCODE
