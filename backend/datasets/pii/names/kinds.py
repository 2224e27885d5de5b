"""Kinds of people: private ones, and two that act in public."""

from backend.datasets.pii.kinds import Kind

PERSON = Kind("person", "Person")
JUDGE = Kind("judge", "Gerichtsperson")
LAWYER = Kind("lawyer", "Rechtsbeistand")
