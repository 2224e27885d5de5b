"""Templates: what is asked about a passage and how it is answered, each in a YAML file of its own.

A built-in template is one new file in `built_in`, one of an installation a file in the folder that `CLARA_TEMPLATES`
names. What can be known of a passage is a kind: one new file in `kinds` with one subclass of `BaseKind`.
"""
