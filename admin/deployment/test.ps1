# Windows twin of `make test`.
& (Join-Path $PSScriptRoot "clara.ps1") test @args
exit $LASTEXITCODE
