"""Chat templates of published formats, one file each; `../chat_templates.py` says how they are read."""
