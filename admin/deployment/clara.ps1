# One thin launcher for Windows: the work is done by the same Python modules as on Linux.
#   .\admin\deployment\clara.ps1 setup | quickstart | quickstart-stop | test
param(
    [Parameter(Mandatory = $true, Position = 0)]
    [ValidateSet("setup", "quickstart", "quickstart-stop", "test")]
    [string]$Task,
    [Parameter(ValueFromRemainingArguments = $true)]
    [string[]]$Rest
)

$ErrorActionPreference = "Stop"
$Root = Split-Path -Parent (Split-Path -Parent $PSScriptRoot)
$Python = Join-Path $Root ".venv\Scripts\python.exe"
Set-Location $Root

& python -m admin.scripts.setup
if ($LASTEXITCODE -ne 0) { exit $LASTEXITCODE }

switch ($Task) {
    "setup" { exit 0 }
    "quickstart" { & $Python -m admin.quickstart @Rest }
    "quickstart-stop" { & $Python -m admin.quickstart --stop }
    "test" { & $Python -m pytest @Rest }
}
exit $LASTEXITCODE
