"""From files to registered documents: one reader per format, sections, and the pipeline that never stops."""
