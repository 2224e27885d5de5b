"""The Content-Security-Policy of reports: self-contained pages that nobody may make do anything."""

PAGE_POLICY = "; ".join(
    (
        "default-src 'none'",
        "style-src 'unsafe-inline'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "sandbox",
    )
)
"""What a browser lets a report do: be drawn. The page's own policy is stricter still: it names its style sheet."""
